/* planner_test.c -- plans that are carried out end, and end well. */
#include "test/core/registry/planner_world_fixture.h"
#include "test/rows.h"

enum { SETTLES_IN = 900 };

static const struct registry_member *member_of(const struct planner_world *world, node_id node)
{
    return registry_member(world->registry, node);
}

static bool same_text(const struct registry_text *a, const struct registry_text *b)
{
    return strcmp(a->bytes, b->bytes) == 0;
}

static bool same_host(const struct registry_member *a, const struct registry_member *b)
{
    return a->host.bytes[0] != '\0' && same_text(&a->host, &b->host);
}

/* How many hosts (or zones) those have that are alive. */
static uint32_t count_names(const struct planner_world *world, bool hosts)
{
    const struct registry *registry = world->registry;
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *a = registry_member_at(registry, i);
        bool seen = a->state != MEMBER_ALIVE;
        for (uint32_t k = 0; k < i && !seen; k++) {
            const struct registry_member *b = registry_member_at(registry, k);
            if (b->state != MEMBER_ALIVE) continue;
            seen = hosts ? same_host(a, b) : same_text(&a->zone, &b->zone);
        }
        count += !seen;
    }
    return count;
}

static void expect_good_shard(const struct planner_world *world, shard_id id, uint32_t wanted,
                              uint32_t hosts, uint32_t zones)
{
    const struct registry_shard *shard = registry_shard(world->registry, id);
    uint32_t own_zones = 0;
    cr_assert(shard->voters_count == wanted, "shard %u has %u voters, not %u", id.n,
              shard->voters_count, wanted);
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        const struct registry_member *a = member_of(world, shard->voters[i]);
        bool zone_seen = false;
        cr_assert(a->state == MEMBER_ALIVE, "shard %u is on node %u", id.n, a->node.n);
        for (uint32_t k = 0; k < i; k++) {
            const struct registry_member *b = member_of(world, shard->voters[k]);
            cr_assert(hosts == 1 || !same_host(a, b), "shard %u is twice on %s", id.n,
                      a->host.bytes);
            zone_seen = zone_seen || same_text(&a->zone, &b->zone);
        }
        own_zones += !zone_seen;
    }
    cr_assert(own_zones == u64_min(wanted, zones), "shard %u is in %u zones of %u", id.n, own_zones,
              zones);
}

/* All rules hold. Nobody is dead any more. */
static void expect_good(const struct planner_world *world)
{
    uint32_t hosts = count_names(world, true), zones = count_names(world, false);
    uint32_t nodes = 0;
    for (uint32_t i = 0; i < registry_members_count(world->registry); i++) {
        nodes += registry_member_at(world->registry, i)->state == MEMBER_ALIVE;
    }
    uint32_t places = hosts == 1 ? nodes : hosts;
    uint32_t wanted = (uint32_t)u64_min(registry_replicas(world->registry), places);
    for (uint32_t i = 0; i < world->shards; i++) {
        expect_good_shard(world, (shard_id){i}, wanted, hosts, zones);
    }
    uint32_t root = places >= 5 ? 5 : places >= 3 ? 3 : 1;
    expect_good_shard(world, SHARD_ROOT, root, hosts, zones);
}

Test(planner, grows_from_one_to_three_to_five_to_three)
{
    struct planner_world world;
    planner_world_begin(&world, 5, 64, 3);
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN && world.moves == 0,
              "alone, nothing moves");
    made_join(world.registry, "", "");
    made_join(world.registry, "", "");
    cr_assert(planner_world_settle(&world, SETTLES_IN) < 60);
    expect_good(&world);
    cr_expect(world.copies == 64 + 1, "each shard and the root in one move, not %llu",
              (unsigned long long)world.copies);
    made_join(world.registry, "", "");
    made_join(world.registry, "", "");
    world.copies = 0;
    cr_assert(planner_world_settle(&world, SETTLES_IN) < 120);
    expect_good(&world);
    cr_expect(world.copies <= 64 * 3 * 2 / 5 + 20, "%llu moves for two fifths of 192 copies",
              (unsigned long long)world.copies);
    made_state(world.registry, 1, MEMBER_LEAVING, world.now_ms);
    made_state(world.registry, 4, MEMBER_LEAVING, world.now_ms);
    cr_assert(planner_world_settle(&world, SETTLES_IN) < 120);
    expect_good(&world);
    cr_expect(member_of(&world, (node_id){1})->state == MEMBER_REMOVED);
    planner_world_end(&world);
}

static void count_shares(const struct planner_world *world, uint32_t *copies, uint32_t *leads)
{
    for (uint32_t i = 0; i < world->shards; i++) {
        const struct registry_shard *shard = registry_shard(world->registry, (shard_id){i});
        for (uint32_t k = 0; k < shard->voters_count; k++) copies[shard->voters[k].n]++;
        leads[shard->leader.n]++;
    }
}

Test(planner, gives_all_their_share)
{
    struct planner_world world;
    uint32_t copies[PLANNER_WORLD_NODES_MAX] = {0}, leads[PLANNER_WORLD_NODES_MAX] = {0};
    planner_world_begin(&world, 9, 256, 3);
    for (uint32_t i = 0; i <= world.shards; i++) {
        world.reports[i].bytes = 0;
        world.reports[i].operations_a_second = 0;
    }
    for (uint32_t i = 0; i < 7; i++) made_join(world.registry, "", "");
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    count_shares(&world, copies, leads);
    for (uint32_t node = 1; node <= 8; node++) {
        cr_expect(copies[node] >= 94 && copies[node] <= 98, "node %u: %u copies of 768", node,
                  copies[node]);
        cr_expect(leads[node] >= 28 && leads[node] <= 36, "node %u leads %u of 256", node,
                  leads[node]);
    }
    planner_world_end(&world);
}

Test(planner, weighs_nodes_and_shards)
{
    struct planner_world world;
    uint32_t copies[PLANNER_WORLD_NODES_MAX] = {0}, leads[PLANNER_WORLD_NODES_MAX] = {0};
    planner_world_begin(&world, 9, 128, 1);
    for (uint32_t i = 0; i <= world.shards; i++) {
        world.reports[i].bytes = i < 16 ? 512 << 20 : 1 << 20;
        world.reports[i].operations_a_second = i < 4 ? 50000 : 10;
    }
    for (uint32_t i = 0; i < 3; i++) made_join(world.registry, "", "");
    struct registry_member big = *member_of(&world, (node_id){4});
    big.lanes_count = 6;
    made_step(world.registry, &(struct registry_event){.kind = REGISTRY_MEMBER_FACTS,
                                                       .members = &big,
                                                       .members_count = 1});
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    count_shares(&world, copies, leads);
    uint32_t large[PLANNER_WORLD_NODES_MAX] = {0};
    for (uint32_t i = 0; i < 16; i++) {
        large[registry_shard(world.registry, (shard_id){i})->voters[0].n]++;
    }
    cr_expect(copies[4] > 2 * copies[2], "three times the lanes: %u against %u", copies[4],
              copies[2]);
    for (uint32_t node = 1; node <= 3; node++) {
        uint32_t parts = copies[node] + 8 * large[node];
        cr_expect(parts >= 36 && parts <= 52, "node %u: %u copies, %u of them large", node,
                  copies[node], large[node]);
    }
    planner_world_end(&world);
}

Test(planner, waits_before_it_repairs)
{
    struct planner_world world;
    struct planner_plan plan;
    planner_world_begin(&world, 3, 32, 3);
    for (uint32_t i = 0; i < 3; i++) made_join(world.registry, "", "");
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    world.moves = 0;
    planner_world_down(&world, 2, true);
    for (uint32_t i = 0; i < 59; i++) (void)planner_world_tick(&world, &plan);
    cr_expect(world.moves == 0, "%llu moves within the delay", (unsigned long long)world.moves);
    cr_expect(plan.waits_for != NULL);
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    cr_expect(world.moves > 0 && !registry_is_desired(world.registry, (node_id){2}));
    planner_world_down(&world, 2, false);
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    expect_good(&world);
    cr_expect(registry_is_desired(world.registry, (node_id){2}), "it has its share again");
    planner_world_end(&world);
}

Test(planner, stops_when_degraded)
{
    struct planner_world world;
    struct planner_plan plan;
    planner_world_begin(&world, 3, 32, 3);
    made_join(world.registry, "", "");
    made_join(world.registry, "", "");
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    planner_world_down(&world, 2, true);
    planner_world_down(&world, 3, true);
    for (uint32_t i = 0; i < 15; i++) (void)planner_world_tick(&world, &plan);
    made_join(world.registry, "", "");
    made_join(world.registry, "", "");
    world.moves = 0;
    for (uint32_t i = 0; i < 100; i++) (void)planner_world_tick(&world, &plan);
    cr_expect(world.moves == 0, "nobody leads: nothing can be moved");
    cr_expect(plan.waits_for != NULL);
    planner_world_down(&world, 2, false);
    planner_world_down(&world, 3, false);
    cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN);
    expect_good(&world);
    planner_world_end(&world);
}

Test(planner, keeps_two_of_a_host_apart)
{
    static const struct {
        const char *why, *hosts[6], *zones[6];
        uint32_t replicas;
    } rows[] = {
        {"all on one host: nodes count", {"a", "a", "a", "a"}, {"", "", "", ""}, 3},
        {"two hosts: two copies", {"a", "a", "b", "b"}, {"", "", "", ""}, 3},
        {"three hosts, one of them large", {"a", "a", "a", "b", "c"}, {"", "", "", "", ""}, 3},
        {"two zones", {"a", "b", "c", "d"}, {"x", "x", "x", "y"}, 3},
        {"three zones, hosts of several nodes",
         {"a", "a", "b", "c", "c"},
         {"x", "x", "x", "y", "y"},
         2},
        {"five copies over three zones", {"a", "b", "c", "d", "e"}, {"x", "x", "y", "y", "z"}, 5},
    };
    FOR_ROWS (row, rows) {
        struct planner_world world;
        planner_world_begin(&world, 4, 24, row->replicas);
        for (uint32_t i = 0; i < 6 && row->hosts[i] != NULL; i++) {
            made_join(world.registry, row->hosts[i], row->zones[i]);
        }
        made_state(world.registry, 1, MEMBER_LEAVING, 9000); /* who has no labels */
        cr_assert(planner_world_settle(&world, SETTLES_IN) < SETTLES_IN, "%s", row->why);
        expect_good(&world);
        planner_world_end(&world);
    }
}

/* --- by chance ------------------------------------------------------------------------------- */

static void join_by_chance(struct planner_world *world, bool labels)
{
    static const char *const hosts[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    static const char *const zones[] = {"x", "y", "z"};
    if (registry_next_node(world->registry).n >= PLANNER_WORLD_NODES_MAX) return;
    uint64_t host = random_below(&world->random, COUNT_OF(hosts));
    made_join(world->registry, labels ? hosts[host] : "", labels ? zones[host % 3] : "");
}

static void happen(struct planner_world *world, bool labels)
{
    struct registry *registry = world->registry;
    uint32_t at = (uint32_t)random_below(&world->random, registry_members_count(registry));
    const struct registry_member *member = registry_member_at(registry, at);
    struct registry_event leaves = {.kind = REGISTRY_MEMBER_STATE,
                                    .now_ms = world->now_ms,
                                    .node = member->node,
                                    .state = MEMBER_LEAVING};
    struct fault fault;
    switch (random_below(&world->random, 5)) {
    case 0:
    case 1: join_by_chance(world, labels); break;
    case 2: planner_world_down(world, member->node.n, true); break;
    case 3: planner_world_down(world, member->node.n, false); break;
    case 4:
        if (registry_may(registry, &leaves, &fault) == ERR_OK) registry_step(registry, &leaves);
        break;
    }
}

static void heal(struct planner_world *world)
{
    for (uint32_t i = 0; i < PLANNER_WORLD_NODES_MAX; i++) world->is_down[i] = false;
}

Test(planner, ends_well_from_anywhere)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct planner_world world;
        struct planner_plan plan;
        bool labels = seed % 2 == 0;
        planner_world_begin(&world, seed, 1 + (uint32_t)(seed * 7 % 60), 1 + (uint32_t)(seed % 5));
        for (uint32_t i = 0; i < 200; i++) {
            if (random_below(&world.random, 6) == 0) happen(&world, labels);
            if (planner_world_has_lost(&world)) heal(&world);
            (void)planner_world_tick(&world, &plan);
        }
        heal(&world);
        world.moves = 0;
        uint32_t ticks = planner_world_settle(&world, SETTLES_IN);
        cr_assert(ticks < SETTLES_IN, "seed %llu does not end: it waits for %s",
                  (unsigned long long)seed, plan.waits_for == NULL ? "nothing" : plan.waits_for);
        cr_assert(world.moves < 20 * (world.shards + 1), "seed %llu: %llu moves",
                  (unsigned long long)seed, (unsigned long long)world.moves);
        if (registry_is_desired(world.registry, (node_id){1}) || !labels) expect_good(&world);
        planner_world_end(&world);
    }
}
