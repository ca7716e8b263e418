/* planner_world_fixture.c -- see planner_world_fixture.h. */
#include "test/core/registry/planner_world_fixture.h"

static shard_id shard_at(const struct planner_world *world, uint32_t i)
{
    return i == world->shards ? SHARD_ROOT : (shard_id){i};
}

void planner_world_begin(struct planner_world *world, uint64_t seed, uint32_t shards,
                         uint32_t replicas)
{
    *world = (struct planner_world){.registry = made_registry(1, shards, replicas),
                                    .arena = arena_new(),
                                    .random = {seed},
                                    .shards = shards,
                                    .now_ms = 10000};
    world->actual = ARENA_ARRAY(world->arena, struct registry_shard, shards + 1);
    world->reports = ARENA_ARRAY(world->arena, struct planner_report, shards + 1);
    for (uint32_t i = 0; i <= shards; i++) {
        world->actual[i] = *registry_shard(world->registry, shard_at(world, i));
        world->reports[i].bytes = random_below(&world->random, 3 << 20);
        world->reports[i].operations_a_second = (uint32_t)random_below(&world->random, 20);
    }
}

void planner_world_end(struct planner_world *world)
{
    registry_free(world->registry);
    arena_free(world->arena);
}

void planner_world_down(struct planner_world *world, uint32_t node, bool down)
{
    cr_assert(node < PLANNER_WORLD_NODES_MAX);
    world->is_down[node] = down;
}

static bool has_majority(const struct planner_world *world, const struct registry_shard *shard)
{
    uint32_t up = 0;
    for (uint32_t i = 0; i < shard->voters_count; i++) up += !world->is_down[shard->voters[i].n];
    return up * 2 > shard->voters_count;
}

static bool is_same(const struct registry_shard *a, const struct registry_shard *b)
{
    return a->voters_count == b->voters_count &&
           memcmp(a->voters, b->voters, a->voters_count * sizeof a->voters[0]) == 0;
}

static bool had(const struct registry_shard *shard, node_id node)
{
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        if (node_eq(shard->voters[i], node)) return true;
    }
    return false;
}

/* As a shard's leader does: a new one must be there to be filled. */
static void come_nearer(struct planner_world *world, uint32_t i)
{
    const struct registry_shard *desired = registry_shard(world->registry, shard_at(world, i));
    struct registry_shard *actual = &world->actual[i];
    if (!has_majority(world, actual) || is_same(actual, desired)) return;
    if (!has_majority(world, desired)) return; /* who has died since it was decided */
    for (uint32_t k = 0; k < desired->voters_count; k++) {
        node_id node = desired->voters[k];
        if (!had(actual, node) && world->is_down[node.n]) return;
    }
    if (random_below(&world->random, 3) == 0) return;
    *actual = *desired;
}

static void report(struct planner_world *world, uint32_t i)
{
    const struct registry_shard *actual = &world->actual[i];
    struct planner_report *told = &world->reports[i];
    if (!has_majority(world, actual)) return;
    told->at.ns = world->now_ms * 1000000;
    told->voters_count = actual->voters_count;
    told->caught_up = 0;
    told->leader = actual->leader;
    for (uint32_t k = 0; k < actual->voters_count; k++) {
        bool up = !world->is_down[actual->voters[k].n];
        told->voters[k] = actual->voters[k];
        if (up) told->caught_up |= 1U << k;
        if (up && (told->leader.n == 0 || world->is_down[told->leader.n])) {
            told->leader = actual->voters[k];
        }
    }
}

static void change_state(struct planner_world *world, node_id node, enum member_state state)
{
    made_state(world->registry, node.n, state, world->now_ms);
}

static void follow_members(struct planner_world *world)
{
    for (uint32_t i = 0; i < registry_members_count(world->registry); i++) {
        const struct registry_member *member = registry_member_at(world->registry, i);
        bool down = world->is_down[member->node.n];
        if (member->state == MEMBER_ALIVE && down) {
            change_state(world, member->node, MEMBER_DEAD);
        } else if (member->state == MEMBER_DEAD && !down) {
            change_state(world, member->node, MEMBER_ALIVE);
        } else if (member->state == MEMBER_LEAVING &&
                   !registry_is_desired(world->registry, member->node)) {
            change_state(world, member->node, MEMBER_REMOVED);
        }
    }
}

static void expect_same_plan(const struct planner_plan *a, const struct planner_plan *b)
{
    cr_assert(a->moves_count == b->moves_count && a->wanted_count == b->wanted_count);
    for (uint32_t i = 0; i < a->moves_count; i++) {
        cr_assert(shard_eq(a->moves[i].shard, b->moves[i].shard));
        cr_assert(is_same(&a->moves[i].place, &b->moves[i].place));
        cr_assert(node_eq(a->moves[i].place.leader, b->moves[i].place.leader));
    }
}

/* Never more at a time than the settings say. */
static void expect_bounded(const struct planner_world *world)
{
    uint32_t under_way = 0, incoming[PLANNER_WORLD_NODES_MAX] = {0};
    const struct registry *registry = world->registry;
    for (uint32_t i = 0; i <= world->shards; i++) {
        const struct registry_shard *desired = registry_shard(registry, shard_at(world, i));
        if (!has_majority(world, &world->actual[i])) continue;
        uint32_t parts = planner_parts_of(world->reports[i].bytes);
        under_way += is_same(desired, &world->actual[i]) ? 0 : parts;
        for (uint32_t k = 0; k < desired->voters_count; k++) {
            bool comes = !had(&world->actual[i], desired->voters[k]);
            incoming[desired->voters[k].n] += comes ? parts : 0;
        }
    }
    int64_t moves_max = registry_setting(registry, REGISTRY_SETTING_MOVES_MAX) * PLANNER_MOVE_PARTS;
    int64_t a_node = registry_setting(registry, REGISTRY_SETTING_MOVES_A_NODE) * PLANNER_MOVE_PARTS;
    cr_assert(under_way <= moves_max, "%u parts of moves under way", under_way);
    for (uint32_t i = 0; i < PLANNER_WORLD_NODES_MAX; i++) cr_assert(incoming[i] <= a_node);
}

uint32_t planner_world_tick(struct planner_world *world, struct planner_plan *plan)
{
    struct planner_plan again;
    world->now_ms += 1000;
    follow_members(world);
    for (uint32_t i = 0; i <= world->shards; i++) come_nearer(world, i);
    for (uint32_t i = 0; i <= world->shards; i++) report(world, i);
    instant now = {world->now_ms * 1000000};
    planner_plan(world->registry, world->reports, now, world->now_ms, plan);
    planner_plan(world->registry, world->reports, now, world->now_ms, &again);
    expect_same_plan(plan, &again);
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct planner_move *move = &plan->moves[i];
        cr_assert(has_majority(world, &move->place), "a plan takes a majority away");
        made_step(world->registry, &(struct registry_event){.kind = REGISTRY_PLACE,
                                                            .now_ms = world->now_ms,
                                                            .shard = move->shard,
                                                            .place = move->place});
        world->moves++;
        world->copies += !move->leadership_only;
    }
    for (uint32_t i = 0; i <= world->shards; i++) { /* leadership costs nothing */
        node_id leader = registry_shard(world->registry, shard_at(world, i))->leader;
        if (had(&world->actual[i], leader)) world->actual[i].leader = leader;
    }
    registry_check(world->registry);
    expect_bounded(world);
    return plan->moves_count + plan->wanted_count;
}

uint32_t planner_world_settle(struct planner_world *world, uint32_t max)
{
    enum { QUIET_TICKS = 3 };
    struct planner_plan plan;
    uint32_t quiet = 0;
    for (uint32_t tick = 0; tick < max; tick++) {
        bool still = planner_world_tick(world, &plan) > 0;
        for (uint32_t i = 0; i <= world->shards && !still; i++) {
            still =
                !is_same(&world->actual[i], registry_shard(world->registry, shard_at(world, i)));
        }
        quiet = still ? 0 : quiet + 1;
        if (quiet == QUIET_TICKS) return tick;
    }
    return max;
}

bool planner_world_has_lost(const struct planner_world *world)
{
    for (uint32_t i = 0; i <= world->shards; i++) {
        if (!has_majority(world, &world->actual[i])) return true;
    }
    return false;
}
