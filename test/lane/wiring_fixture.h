/*
 * wiring_fixture.h -- nodes of one lane each in one process, which form a cluster: replica_fixture
 * with a root, a map and a keeper.
 */
#pragma once

#include "lane/cluster.h"
#include "lane/map.h"
#include "test/core/registry/registry_fixture.h"
#include "test/lane/replica_fixture.h"

enum { WIRING_SHARDS = 4, WIRING_CLUSTER = 77 };

struct wiring_world {
    struct replica_cluster replicas; /* the first: it is what the fixture knows */
    struct lane_cluster facts[REPLICA_NODES_MAX];
    struct registry_member founders[REPLICA_NODES_MAX];
    struct lane_start starts[WIRING_SHARDS + 1];
    node_id nodes[REPLICA_NODES_MAX];
    char paths[REPLICA_NODES_MAX][80];
};

/* Nodes 1 … `count` are founders, and run. It ends with replica_cluster_free of `replicas`. */
void wiring_world_new(struct wiring_world *world, uint32_t count);
struct map *wiring_map_of(struct replica_cluster *cluster, uint32_t number);
/* Seconds pass in here, and nobody waits for them. */
void wiring_hurry(struct replica_cluster *cluster);
/* All have the registry, and know who leads each shard. */
bool wiring_all_know(struct replica_cluster *cluster);
