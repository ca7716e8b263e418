/* planner_world_fixture.h -- shards that become what the registry says, slowly, and report. */
#pragma once

#include "core/registry/planner.h"
#include "test/core/registry/registry_fixture.h"

enum { PLANNER_WORLD_NODES_MAX = 64 };

struct planner_world {
    struct registry *registry;
    struct registry_shard *actual; /* [shards + 1]; from the heap of the arena */
    struct planner_report *reports;
    struct arena *arena;
    struct random random;
    bool is_down[PLANNER_WORLD_NODES_MAX];
    int64_t now_ms;
    uint32_t shards;
    uint64_t moves, copies; /* so far */
};

void planner_world_begin(struct planner_world *world, uint64_t seed, uint32_t shards,
                         uint32_t replicas);
void planner_world_end(struct planner_world *world);
void planner_world_down(struct planner_world *world, uint32_t node, bool down);
/* A second: members' states follow, shards come nearer to what they shall be, leaders report, the
 * plan is made (and checked), and carried out. Returns its moves and what it still wants. */
uint32_t planner_world_tick(struct planner_world *world, struct planner_plan *plan);
/* How many ticks until nothing moves any more; `max`: it does not end. */
uint32_t planner_world_settle(struct planner_world *world, uint32_t max);
bool planner_world_has_lost(const struct planner_world *world); /* a shard without a majority */
