/* wiring_fixture.c -- see wiring_fixture.h. */
#include "test/lane/wiring_fixture.h"

#include <stdio.h>

void wiring_world_new(struct wiring_world *world, uint32_t count)
{
    replica_cluster_new(&world->replicas, count);
    for (uint32_t i = 0; i < count; i++) {
        world->founders[i] = made_member(i + 1, "", "");
        world->founders[i].lanes_count = 1;
        world->nodes[i].n = i + 1;
    }
    for (uint32_t i = 0; i <= WIRING_SHARDS; i++) {
        world->starts[i] = (struct lane_start){i == WIRING_SHARDS ? SHARD_ROOT : (shard_id){i},
                                               world->nodes, count};
    }
    world->replicas.shards_count = WIRING_SHARDS;
    world->replicas.starts = world->starts;
    world->replicas.starts_count = WIRING_SHARDS + 1;
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(world->paths[i], sizeof world->paths[i], "%s/registry.copy",
                       world->replicas.nodes[i].folder);
        world->facts[i] = (struct lane_cluster){.id = WIRING_CLUSTER,
                                                .shards_count = WIRING_SHARDS,
                                                .registry_path = world->paths[i],
                                                .self = world->founders[i],
                                                .founders = world->founders,
                                                .founders_count = count,
                                                .replicas = 3};
        world->replicas.nodes[i].cluster = &world->facts[i];
    }
    replica_cluster_start_all(&world->replicas);
}

struct map *wiring_map_of(struct replica_cluster *cluster, uint32_t number)
{
    return lane_map(replica_lane(cluster, number));
}

void wiring_hurry(struct replica_cluster *cluster)
{
    cluster->ahead_ns += INT64_C(9) * 1000 * 1000;
}

bool wiring_all_know(struct replica_cluster *cluster)
{
    wiring_hurry(cluster);
    for (uint32_t i = 1; i <= cluster->count; i++) {
        if (map_epoch(wiring_map_of(cluster, i)) == 0) return false;
        for (uint32_t k = 0; k <= WIRING_SHARDS; k++) {
            shard_id shard = k == WIRING_SHARDS ? SHARD_ROOT : (shard_id){k};
            node_id leader = map_leader(wiring_map_of(cluster, i), shard);
            if (leader.n == 0 ||
                !shard_is_leader(lane_shard(replica_lane(cluster, leader.n), shard))) {
                return false;
            }
        }
    }
    return true;
}
