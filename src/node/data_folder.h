/*
 * data_folder.h -- the folder that is a node's memory: what it says of itself, and its lock.
 *
 *   tutti.data      lines: the format, the folder's id, the seed of its data, its number of lanes;
 *                   since format 3 also the cluster's id, its name and its number of shards, the
 *                   node's number, and how the node came into the cluster
 *   cluster.secret  what all nodes of the cluster know and nobody else does; for this user alone
 *   registry.copy   the last copy of the cluster's registry (lane/map.h)
 *   lock            held while a node runs; the process id of the last one
 *   lane-0/ …       each lane's log and snapshots
 *
 * tutti.data is written last, when the rest is there: until then the folder is nobody's. After that
 * it changes once at most, from an older format into this one: a folder is one node's, of one
 * cluster, for good. So a node whose cluster is out of reach never forms another one.
 *
 * Format 1 was of a node alone, format 2 of a cluster by --peers, both with a shard a lane; the
 * data in them stays as it is (formation.h).
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "io/lock.h"

enum {
    DATA_FORMAT_SOLO = 1,
    DATA_FORMAT_LISTED = 2,
    DATA_FORMAT = 3,
    DATA_ID_LEN = 40,
    DATA_SECRET_BYTES = 32
};

enum data_origin {                     /* how its node came into its cluster */
                   DATA_ORIGIN_FORMED, /* by itself, as the first */
                   DATA_ORIGIN_LISTED, /* with the others of --peers */
                   DATA_ORIGIN_JOINED  /* a node took it in */
};

struct data_identity { /* which node of which cluster */
    enum data_origin origin;
    const char *name; /* of the cluster */
    uint64_t cluster; /* its id; 0: of an older format, not known yet */
    node_id node;
    uint32_t shards_count;
    uint64_t seed; /* of the data: the same on all nodes */
    uint8_t secret[DATA_SECRET_BYTES];
    bool has_secret; /* its file is there */
};

struct data_folder {
    const char *path;
    uint64_t format; /* that was found; 0: nothing is there yet, see data_folder_found */
    char id[DATA_ID_LEN + 1];
    uint32_t lanes_count;
    struct data_identity identity; /* texts in the arena */
    const char *secret_trouble;    /* why it has no secret, in words; in the arena */
    bool is_new;
    struct lock lock;
};

/* Take its lock, make it where there is nothing, read what it says. Each fault says what is in the
 * way and the way out: locked by another process, a newer format, damage, files that are not ours.
 */
MUST_USE enum err data_folder_take(struct arena *arena, const char *path,
                                   struct data_folder *folder, struct fault *fault);
/* Make it this node's: one that is nobody's yet, or of an older format. */
MUST_USE enum err data_folder_found(struct arena *arena, struct data_folder *folder,
                                    const struct data_identity *identity, uint32_t lanes_count,
                                    struct fault *fault);
/* Another secret, or the one that was lost. */
MUST_USE enum err data_folder_set_secret(struct arena *arena, struct data_folder *folder,
                                         const uint8_t secret[DATA_SECRET_BYTES],
                                         struct fault *fault);
/* Take what is there already. ERR_NOT_FOUND: nothing is. */
MUST_USE enum err data_folder_open_existing(struct arena *arena, const char *path,
                                            struct data_folder *folder, struct fault *fault);
/* Read what it says of itself and let it go: also while its node runs. */
MUST_USE enum err data_folder_look(struct arena *arena, const char *path,
                                   struct data_folder *folder, struct fault *fault);
/* Does its data belong to other nodes too, or did it ever? Then it is not to be changed alone. */
bool data_folder_is_shared(const struct data_folder *folder);
void data_folder_close(struct data_folder *folder);

/* The folder of a lane, made where it is missing; in `arena`. */
MUST_USE enum err data_folder_lane(struct arena *arena, const struct data_folder *folder,
                                   uint32_t lane, const char **path, struct fault *fault);
const char *data_folder_registry_path(struct arena *arena, const struct data_folder *folder);
