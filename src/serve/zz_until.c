/* zz_until.c -- stands in until lane/together.c and lane/map.c are there; goes then. */
#include "lane/map.h"
#include "lane/together.h"
#define WEAK __attribute__((weak))
WEAK bool together_may(const struct lane *lane)
{
    return !lane_is_replicated(lane) && lane_shard_next(lane, lane_shard_first(lane)) == NULL;
}
WEAK struct store *together_store(struct lane *lane)
{
    return shard_store(lane_only(lane));
}
WEAK void together_set_time(struct lane *lane)
{
    shard_set_time(lane_only(lane));
}
WEAK enum shard_ran together_run(struct lane *lane, struct call *call, struct together_gate *gate)
{
    gate->shard = shard_number(lane_only(lane));
    return shard_run(lane_only(lane), call, &gate->index);
}
WEAK enum shard_ran together_begin(struct lane *lane, const struct call *calls, uint32_t count,
                                   struct reply *reply, bool *refused)
{
    return shard_begin(lane_only(lane), calls, count, reply, refused);
}
WEAK void together_end(struct lane *lane, struct together_gate *gate)
{
    gate->shard = shard_number(lane_only(lane));
    shard_end(lane_only(lane), &gate->index);
}
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
