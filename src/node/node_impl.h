/* node_impl.h -- what a node's lanes share; see node.h. */
#pragma once

#include "node/membership.h"
#include "node/node.h"
#include "node/peers.h"

enum { RUN_ID_LEN = 40 };

struct node {
    struct node_options options;
    struct arena *arena;
    struct peers peers;
    struct data_folder folder;
    bool has_folder;
    struct membership membership;
    const char **lane_folders; /* [lanes_count] */
    const struct command_table *commands;
    uint32_t lanes_count;
    struct mailbox **mailboxes;  /* [lanes_count] */
    struct mailbox **wirings;    /* [lanes_count]; of lane/wiring.h */
    char run_id[RUN_ID_LEN + 1]; /* of this run of the node: by chance */
};
