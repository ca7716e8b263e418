/*
 * raft_chaos_fixture.h -- a raft_world that runs by itself from one seed: which faults there are,
 * and how often, is drawn from the seed too; then all is healed, and the group must come together.
 */
#pragma once

#include "test/core/raft/raft_world_fixture.h"
#include "test/random.h"

#define MS INT64_C(1000000)

enum chaos_kind {
    CHAOS_CRASH,
    CHAOS_CUT,
    CHAOS_PAUSE,
    CHAOS_WIPE,
    CHAOS_MEMBERS,
    CHAOS_TRANSFER,
    CHAOS_NO_ROOM,
    CHAOS_LINKS,
    CHAOS_KINDS
};

struct chaos {
    struct world *world;
    struct random random;
    bool kinds[CHAOS_KINDS];
    bool ordered; /* letters between two arrive as they were sent */
    int64_t last_ns[WORLD_NODES_MAX + 1][WORLD_NODES_MAX + 1];
    uint64_t lost_permille, doubled_permille;
    int64_t latency_ns, flush_ns;
    int64_t act_at_ns;
    bool calm; /* faults are over */
    uint64_t steps;
};

void raft_chaos_begin(uint64_t seed, struct chaos *chaos);
/* `wild_ns` of faults, then of calm, then of rest. */
void raft_chaos_finish(struct chaos *chaos, int64_t wild_ns);
void raft_chaos_end(struct chaos *chaos);
