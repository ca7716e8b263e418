/*
 * membership.h -- what a node's lanes are told of its cluster (lane/cluster.h), from its folder,
 * its settings and the list of --peers; and whom they link to at first.
 */
#pragma once

#include "lane/cluster.h"
#include "node/node.h"
#include "node/peers.h"

/* `peers` becomes the members that the registry knows, if there is one. ERR_USAGE: this node was
 * removed, or its settings cannot be. ERR_CORRUPT: the registry cannot be read. */
MUST_USE enum err membership_open(struct arena *arena, const struct node_options *options,
                                  const struct data_folder *folder, struct peers *peers,
                                  struct lane_cluster *cluster, struct fault *fault);
