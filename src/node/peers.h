/*
 * peers.h -- the nodes that a node shares its data with, from the settings: read, checked, looked
 * up; and what each lane gets of it.
 */
#pragma once

#include "lane/replica.h"
#include "node/data_folder.h"
#include "serve/config.h"

enum { PEERS_MIN = 2, PEERS_MAX = 7 };

struct peers {
    uint32_t count; /* with ourselves; 0: this node is alone */
    node_id self;
    struct link_peer peers[PEERS_MAX]; /* by rising number */
    struct slice secret;               /* what peer-secret-file says, in the arena; or empty */
    struct data_identity identity;     /* of the cluster that they form */
};

/* ERR_USAGE, with what to do: a list that cannot be, settings that do not go together, no secret
 * where strangers could come; or why the secret cannot be read. */
MUST_USE enum err peers_read(struct arena *arena, const struct config *config, struct peers *peers,
                             struct fault *fault);

/* `chance` is different at each start, and nobody can guess it. What it points to is of `peers` and
 * of `identity`, which is that of the data folder. */
void peers_fill(const struct peers *peers, const struct data_identity *identity,
                const struct config *config, uint32_t lane, uint64_t chance,
                struct lane_replication_config *to);
