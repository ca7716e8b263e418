/*
 * raft_fixture.h -- one member, 1 of {1, 2, 3}, asked by hand: what it answers when all it wrote is
 * durable. Its clock stands at 1000; it heard its last leader long ago; an election takes 100.
 */
#pragma once

#include "core/raft/raft.h"

struct raft_fixture {
    struct arena *arena;
    struct raft *raft;
    struct raft_outbox out; /* of the last step */
    struct raft_msg answer; /* the last message that it sent since it was asked */
    uint32_t answers;
    uint64_t hard_count;
    bool hard_changed;
};

enum { FIXTURE_NOW = 1000 };

/* A log of empty entries: `terms` are theirs, from index 1 on, up to a 0. */
struct raft_fixture *raft_fixture_new(struct raft_hard hard, const uint64_t *terms);
void raft_fixture_free(struct raft_fixture *fixture);
/* Steps a message, and then reports all as durable, if so wished. */
void raft_fixture_ask(struct raft_fixture *fixture, struct raft_msg *msg, bool durable);
void raft_fixture_step(struct raft_fixture *fixture, struct raft_event event);
/* An append of empty entries of `term`. */
struct raft_msg raft_fixture_append(uint32_t from, uint64_t term, struct raft_pos previous,
                                    uint64_t entry_term, uint32_t count);
