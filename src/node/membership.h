/*
 * membership.h -- which cluster a node is in and who it is there, from its folder, its settings and
 * the list of --peers: what its lanes are told of it (lane/cluster.h), which shards they begin
 * with, and whom they link to at first.
 */
#pragma once

#include "lane/cluster.h"
#include "lane/lane.h"
#include "node/node.h"
#include "node/peers.h"

struct membership {
    struct lane_cluster told;
    struct registry *registry; /* the copy as it was at the start; NULL: none yet */
    const char *complaint;     /* of the others, about its address; NULL or "": none */
    bool has_links;            /* there are other nodes, or one may join */
};

/* `peers` becomes the members that the registry knows, if there is one. ERR_USAGE: this node was
 * removed, or its settings cannot be. ERR_CORRUPT: the registry cannot be read. */
MUST_USE enum err membership_open(struct arena *arena, const struct node_options *options,
                                  const struct data_folder *folder, struct peers *peers,
                                  struct membership *membership, struct fault *fault);
void membership_close(struct membership *membership); /* zeroed is allowed */

/* The shards that a lane begins with: before the cluster is formed, all of its own and the root
 * group, of the founders; after, those that this node shall hold, whose members their logs know. */
void membership_starts(const struct membership *membership, struct arena *arena, uint32_t lane,
                       uint32_t lanes_count, struct lane_config *config);
