/*
 * raft_progress_test.c -- commit goes on under a load that never pauses, and memory and what is on
 * its way stay bounded, also when a member is dead or slow.
 */
#include <criterion/criterion.h>

#include "test/core/raft/raft_world_fixture.h"

enum { ROUNDS = 400, ENTRIES = 5, ENTRY_BYTES = 100 };

static struct world *led_world(void)
{
    struct world *world = raft_world_new(3, 3, 7);
    world->config.tail_bytes = 20000;
    world->config.window_bytes = 8192;
    for (uint32_t i = 1; i <= 3; i++) raft_world_start(world, i);
    world->now_ns = world->nodes[1].deadline.ns;
    raft_world_tick(world, 1);
    for (int i = 0; i < 20; i++) {
        while (world->letters_count > 0) raft_world_deliver(world, 0);
        for (uint32_t j = 1; j <= 3; j++) {
            raft_world_durable(world, j, world->nodes[j].disk.count);
        }
    }
    cr_assert_eq(raft_world_leader(world), 1);
    return world;
}

/* Letters that were sent in this round arrive in the next: something is always on its way, and
 * never is all that was proposed durable anywhere. */
static void round_of(struct world *world, size_t *written)
{
    size_t count = world->letters_count;
    for (size_t i = 0; i < count; i++) raft_world_deliver(world, 0);
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        if (world->nodes[i].raft == NULL) continue;
        raft_world_durable(world, i, written[i]);
        written[i] = world->nodes[i].disk.count;
    }
    if (world->now_ns >= world->nodes[1].deadline.ns) raft_world_tick(world, 1);
    world->now_ns++;
}

static size_t bytes_on_the_way(const struct world *world, uint32_t to)
{
    size_t bytes = 0;
    for (size_t i = 0; i < world->letters_count; i++) {
        if (world->letters[i].to.n == to) bytes += world->letters[i].bytes.len;
    }
    return bytes;
}

Test(raft_progress, commit_never_waits_for_a_pause)
{
    struct world *world = led_world();
    size_t written[WORLD_NODES_MAX + 1] = {0};
    uint64_t proposed = 0, before = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (raft_world_propose(world, 1, ENTRIES, ENTRY_BYTES)) proposed += ENTRIES;
        round_of(world, written);
        raft_world_check(world);
        uint64_t commit = raft_commit(world->nodes[1].raft);
        if (i % 10 == 9) {
            cr_expect_gt(commit, before, "round %d", i);
            before = commit;
        }
    }
    cr_expect_eq(proposed, (uint64_t)ROUNDS * ENTRIES, "it was never refused");
    cr_expect_gt(before + 100, proposed);
    raft_world_free(world);
}

/* A letter has a head, and the entry that it takes may be the one that fills the window. */
Test(raft_progress, windows_bound_what_is_on_its_way)
{
    struct world *world = led_world();
    size_t written[WORLD_NODES_MAX + 1] = {0}, most = 0;
    for (int i = 0; i < ROUNDS; i++) {
        raft_world_propose(world, 1, ENTRIES * 20, ENTRY_BYTES);
        if (bytes_on_the_way(world, 2) > most) most = bytes_on_the_way(world, 2);
        if (i % 4 == 0) round_of(world, written);
    }
    cr_expect_leq(most, world->config.window_bytes + 4096);
    cr_expect_gt(most, world->config.window_bytes / 2);
    raft_world_free(world);
}

/* Who is dead is not waited for: its entries are dropped, and it will need a snapshot. */
Test(raft_progress, memory_is_bounded_when_a_member_is_dead)
{
    struct world *world = led_world();
    size_t written[WORLD_NODES_MAX + 1] = {0};
    raft_world_crash(world, 3, 0);
    for (int i = 0; i < ROUNDS; i++) {
        raft_world_propose(world, 1, ENTRIES, ENTRY_BYTES);
        round_of(world, written);
    }
    const struct raft *leader = world->nodes[1].raft;
    uint64_t term, kept = 0, commit = raft_commit(leader);
    cr_assert_gt(commit, ROUNDS * ENTRIES / 2);
    while (kept < commit && raft_term_at(leader, commit - kept, &term)) kept++;
    cr_expect_lt(kept * ENTRY_BYTES, world->config.tail_bytes);
    raft_world_start(world, 3);
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    bool needs = false;
    for (int i = 0; i < 200 && !needs; i++) {
        round_of(world, written);
        uint32_t count = raft_peers(leader, peers);
        for (uint32_t j = 0; j < count; j++) needs |= peers[j].needs_snapshot;
    }
    cr_expect(needs);
    raft_world_free(world);
}

/* Nothing more is proposed than the tail may hold while nothing is committed. */
Test(raft_progress, a_leader_that_cannot_commit_takes_no_more)
{
    struct world *world = led_world();
    for (int i = 0; i < ROUNDS; i++) raft_world_propose(world, 1, ENTRIES, ENTRY_BYTES);
    cr_expect_lt(raft_last(world->nodes[1].raft).index * ENTRY_BYTES, 2 * world->config.tail_bytes);
    raft_world_free(world);
}
