/*
 * raft_random_test.c -- groups of members under faults drawn from a seed; what Raft promises is
 * judged at each step: one leader a term, logs that match, leaders that lack nothing, one history,
 * reads that are never stale; and that a group which is healed goes on.
 */
#include <criterion/criterion.h>

#include "test/core/raft/raft_chaos_fixture.h"

enum { SEEDS = 60 };

static void run(uint64_t from)
{
    for (uint64_t seed = from; seed < from + SEEDS; seed++) {
        struct chaos chaos;
        raft_chaos_begin(seed, &chaos);
        raft_chaos_finish(&chaos, 2000 * MS);
        raft_chaos_end(&chaos);
    }
}

Test(raft_random, seeds_a)
{
    run(1000);
}

Test(raft_random, seeds_b)
{
    run(2000);
}
