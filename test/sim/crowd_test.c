/* crowd_test.c -- many nodes that gossip, under losses, cuts and crashes: what they must agree on.
 */
#include "sim/crowd.h"
#include "test/random.h"
#include "test/rows.h"

#define SECOND INT64_C(1000000000)

static struct crowd *crowd_of(uint32_t nodes, uint32_t loss_percent, uint64_t seed)
{
    struct crowd_config config = crowd_config_usual(nodes, seed);
    config.loss_per_million = loss_percent * 10000;
    return crowd_new(&config);
}

static bool agree_within(struct crowd *crowd, int64_t seconds)
{
    for (int64_t i = 0; i < seconds && !crowd_agrees(crowd); i++) crowd_run(crowd, SECOND);
    return crowd_agrees(crowd);
}

static const struct join_row {
    const char *why;
    uint32_t nodes, loss_percent;
} join_rows[] = {
    {"two", 2, 0}, {"three that lose some", 3, 20}, {"ten", 10, 5}, {"a hundred", 100, 5}};

Test(crowd, comes_together)
{
    FOR_ROWS (row, join_rows) {
        struct crowd *crowd = crowd_of(row->nodes, row->loss_percent, 1);
        cr_expect(agree_within(crowd, 60), "%s", row->why);
        crowd_check(crowd);
        crowd_free(crowd);
    }
}

Test(crowd, of_ten_notices_a_crash_in_less_than_three_seconds)
{
    struct crowd *crowd = crowd_of(10, 0, 1);
    cr_assert(agree_within(crowd, 20));
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t victim = 1 + i % 10;
        int64_t at = crowd_now_ns(crowd);
        crowd_watch(crowd, victim);
        crowd_crash(crowd, victim);
        crowd_run(crowd, 3 * SECOND);
        for (uint32_t j = 1; j <= 10; j++) {
            int64_t learned = crowd_learned_ns(crowd)[j - 1];
            if (j != victim) cr_expect_lt(learned - at, 3 * SECOND, "node %u", j);
        }
        crowd_start(crowd, victim);
        cr_assert(agree_within(crowd, 20));
        crowd_run(crowd, 400 * 1000000 + i * 1000000);
    }
    cr_expect_eq(crowd_counts(crowd)->false_deaths, 0);
    crowd_free(crowd);
}

Test(crowd, that_was_cut_apart_finds_together_again)
{
    struct crowd *crowd = crowd_of(12, 1, 3);
    cr_assert(agree_within(crowd, 20));
    for (uint32_t i = 1; i <= 5; i++) crowd_group(crowd, i, 1);
    crowd_run(crowd, 30 * SECOND);
    cr_expect_not(crowd_agrees(crowd), "each side takes the other for dead");
    for (uint32_t i = 1; i <= 5; i++) crowd_group(crowd, i, 0);
    cr_expect(agree_within(crowd, 60));
    crowd_check(crowd);
    crowd_free(crowd);
}

Test(crowd, follows_who_moves)
{
    struct crowd *crowd = crowd_of(8, 0, 4);
    cr_assert(agree_within(crowd, 20));
    crowd_move(crowd, 3);
    crowd_run(crowd, 5 * SECOND);
    for (uint32_t i = 1; i <= 8; i++) {
        struct gossip_member member;
        cr_assert(gossip_find(crowd_gossip(crowd, i), (node_id){3}, &member));
        cr_expect_eq(member.address.port, 7401, "as node %u sees it", i);
        cr_expect_neq(member.state, GOSSIP_DEAD);
    }
    crowd_free(crowd);
}

Test(crowd, tells_who_leaves_from_who_dies)
{
    struct crowd *crowd = crowd_of(8, 0, 5);
    cr_assert(agree_within(crowd, 20));
    crowd_leave(crowd, 3);
    crowd_run(crowd, 3 * SECOND);
    cr_expect(gossip_has_left(crowd_gossip(crowd, 3)));
    crowd_crash(crowd, 3);
    crowd_run(crowd, 10 * SECOND);
    for (uint32_t i = 1; i <= 8; i++) {
        struct gossip_member member;
        if (i == 3) continue;
        cr_assert(gossip_find(crowd_gossip(crowd, i), (node_id){3}, &member));
        cr_expect_eq(member.state, GOSSIP_LEFT, "as node %u sees it", i);
    }
    crowd_start(crowd, 3);
    cr_expect(agree_within(crowd, 20), "and it may come back");
    crowd_free(crowd);
}

Test(crowd, hears_how_loaded_each_is)
{
    struct crowd *crowd = crowd_of(10, 1, 6);
    cr_assert(agree_within(crowd, 20));
    crowd_run(crowd, 10 * SECOND);
    for (uint32_t i = 2; i <= 10; i++) {
        struct gossip_member member;
        cr_assert(gossip_find(crowd_gossip(crowd, 1), (node_id){i}, &member));
        cr_expect_gt(member.load.memory_free_mib, 0, "node %u", i);
        cr_expect_gt(member.facts.len, 10, "node %u", i);
    }
    crowd_free(crowd);
}

/* --- anything may happen ---------------------------------------------------------------------- */

enum { WILD_NODES = 9, WILD_ACTS = 60 };

static void act(struct crowd *crowd, struct random *random)
{
    uint32_t node = 1 + (uint32_t)random_below(random, WILD_NODES);
    bool runs = crowd_gossip(crowd, node) != NULL;
    switch (random_below(random, 6)) {
    case 0:
        if (runs) crowd_crash(crowd, node);
        break;
    case 1:
        if (!runs) crowd_start(crowd, node);
        break;
    case 2: crowd_group(crowd, node, (uint32_t)random_below(random, 3)); break;
    case 3:
        crowd_hold(crowd, node,
                   crowd_now_ns(crowd) + (int64_t)random_below(random, 5 * (uint64_t)SECOND));
        break;
    case 4: crowd_move(crowd, node); break;
    default: break;
    }
}

Test(crowd, agrees_when_all_is_well_again_whatever_was)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct random random = {seed};
        struct crowd *crowd = crowd_of(WILD_NODES, (uint32_t)random_below(&random, 30), seed);
        for (int i = 0; i < WILD_ACTS; i++) {
            act(crowd, &random);
            crowd_run(crowd, (int64_t)random_below(&random, 2 * (uint64_t)SECOND));
            crowd_check(crowd);
        }
        for (uint32_t i = 1; i <= WILD_NODES; i++) {
            crowd_group(crowd, i, 0);
            if (crowd_gossip(crowd, i) == NULL) crowd_start(crowd, i);
        }
        cr_expect(agree_within(crowd, 120), "seed %d", (int)seed);
        crowd_free(crowd);
    }
}

/* The same seed plays the same history. */
Test(crowd, repeats_itself)
{
    uint64_t bytes[2];
    for (int i = 0; i < 2; i++) {
        struct crowd *crowd = crowd_of(20, 5, 7);
        crowd_run(crowd, 20 * SECOND);
        bytes[i] = crowd_counts(crowd)->bytes;
        crowd_free(crowd);
    }
    cr_expect_eq(bytes[0], bytes[1]);
}
