/*
 * data_folder.h -- the folder that is a node's memory: what it says of itself, and its lock.
 *
 *   tutti.data   lines: the format, the node's id, the seed of its data, its number of lanes; of a
 *                node of a cluster (format 2) also the cluster's name and the node's number
 *   lock         held while a node runs; the process id of the last one
 *   lane-0/ …    each lane's log and snapshots
 *
 * tutti.data is written first and never changed: a folder is one node's, with so many lanes, alone
 * or in this cluster under this number, for good.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "io/lock.h"

enum { DATA_FORMAT_SOLO = 1, DATA_FORMAT_CLUSTER = 2, DATA_FORMAT = 2, DATA_ID_LEN = 40 };

struct data_identity { /* of a node of a cluster */
    const char *cluster;
    node_id node;
    uint64_t seed; /* of a new folder's data: the same on all nodes */
};

struct data_folder {
    const char *path;
    char id[DATA_ID_LEN + 1];
    uint64_t seed;
    uint32_t lanes_count;
    const char *cluster; /* in the arena; NULL: a node that is alone */
    node_id node;        /* NODE_NONE: the same */
    bool is_new;
    struct lock lock;
};

/* Open, or make it where there is nothing; `identity` NULL: of a node that is alone. Each fault
 * says what is in the way and the way out: locked by another process, a newer format, another
 * number of lanes, another cluster or node, files that are not ours. */
MUST_USE enum err data_folder_open(struct arena *arena, const char *path, uint32_t lanes_count,
                                   const struct data_identity *identity, struct data_folder *folder,
                                   struct fault *fault);
/* Open what is there already, with as many lanes as it has. ERR_NOT_FOUND: there is none. */
MUST_USE enum err data_folder_open_existing(struct arena *arena, const char *path,
                                            struct data_folder *folder, struct fault *fault);
void data_folder_close(struct data_folder *folder);

/* The folder of a lane, made where it is missing; in `arena`. */
MUST_USE enum err data_folder_lane(struct arena *arena, const struct data_folder *folder,
                                   uint32_t lane, const char **path, struct fault *fault);
