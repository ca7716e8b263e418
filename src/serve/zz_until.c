/* zz_until.c -- stands in until lane/map.c is there; goes then. */
#include "lane/map.h"
#define WEAK __attribute__((weak))
WEAK struct map *lane_map(const struct lane *lane)
{
    (void)lane;
    return NULL;
}
WEAK const struct registry *map_registry(const struct map *map)
{
    (void)map;
    return NULL;
}
WEAK uint64_t map_changes(const struct map *map)
{
    (void)map;
    return 0;
}
WEAK node_id map_leader(const struct map *map, shard_id shard)
{
    (void)map;
    (void)shard;
    return NODE_NONE;
}
WEAK uint64_t map_leader_term(const struct map *map, shard_id shard)
{
    (void)map;
    (void)shard;
    return 0;
}
WEAK node_id map_somebody(const struct map *map, shard_id shard)
{
    (void)map;
    (void)shard;
    return NODE_NONE;
}
WEAK void map_note_leader(struct map *map, shard_id shard, node_id leader, uint64_t term)
{
    (void)map;
    (void)shard;
    (void)leader;
    (void)term;
}
WEAK const struct registry_member *registry_member(const struct registry *registry, node_id node)
{
    (void)registry;
    (void)node;
    return NULL;
}
