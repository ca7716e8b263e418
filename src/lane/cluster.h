/*
 * cluster.h -- what a node tells its lanes of the cluster it is in, when it starts: which one, who
 * it is there itself, and the last copy of the registry.
 *
 * Where the registry says other things of this node than `self` does (it has come back under
 * another address), the root's leader is told: MEMBER_FACTS. While there is no registry, the root's
 * first leader forms the cluster with the founders.
 */
#pragma once

#include "core/registry/registry.h"
#include "io/io.h"

struct mailbox; /* mailbox.h */

struct lane_cluster { /* made by node/membership.c; lives as long as the node */
    uint64_t id;
    const char *name;
    struct slice secret; /* 32 bytes */
    uint32_t shards_count;
    uint64_t seed;               /* of the data; joiners get it */
    const char *registry_path;   /* where lane 0 keeps the copy: written aside, then renamed */
    struct slice registry;       /* what was there at the start; len 0: nothing yet */
    struct registry_member self; /* with its number; its state means nothing */
    struct io_address listen;    /* for other nodes, of lane 0; port 0: there is none */
    bool may_be_deaf;            /* alone, with a port that nobody asked for: one that is taken is
                                    said and does no harm */
    const struct registry_member *founders;
    uint32_t founders_count;  /* with self, by rising number */
    uint32_t replicas;        /* of each shard, when it is formed */
    duration gossip_interval; /* 0: the usual one, and the usual suspicion */
    uint32_t gossip_suspicion;
    struct mailbox *const *mailboxes; /* [lanes_count]: of the lanes, for wiring.h alone */
};
