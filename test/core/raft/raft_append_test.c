/*
 * raft_append_test.c -- what a follower makes of an append, when all is durable. A log is named by
 * the terms of its entries; the leader is 2, in term 5, and its first entry is of term 1.
 */
#include "test/core/raft/raft_fixture.h"
#include "test/rows.h"

/* clang-format off */
static const struct append_row {
    const char *why;
    uint64_t terms[8];
    struct {
        uint64_t term;
        struct raft_pos previous;
        uint64_t entry_term;
        uint32_t count;
        uint64_t commit;
    } ask;
    struct { bool matched; uint64_t index, hint_term, last, commit, truncated; } want;
} rows[] = {
    {"it follows",
     {1, 1}, {5, {1, 2}, 5, 2, 0}, {true,  4, 0, 4, 0, 0}},
    {"a heartbeat where we end",
     {1, 1}, {5, {1, 2}, 0, 0, 2}, {true,  2, 0, 2, 2, 0}},
    {"what is behind it is not matched",
     {1, 1, 1, 1}, {5, {1, 2}, 0, 0, 9}, {true,  2, 0, 4, 2, 0}},
    {"commit only what was matched",
     {1, 1, 2, 2}, {5, {1, 1}, 1, 1, 4}, {true,  2, 0, 4, 2, 0}},
    {"we are too short",
     {1, 1}, {5, {1, 5}, 5, 1, 0}, {false, 2, 1, 2, 0, 0}},
    {"we differ: by terms to where we agree",
     {1, 2, 2, 2}, {5, {3, 4}, 5, 1, 0}, {false, 4, 2, 4, 0, 0}},
    {"we are of later terms there",
     {1, 4, 4, 4}, {5, {3, 4}, 5, 1, 0}, {false, 1, 1, 4, 0, 0}},
    {"what differs is replaced",
     {1, 1, 2, 2}, {5, {1, 2}, 5, 1, 0}, {true,  3, 0, 3, 0, 3}},
    {"what is there already stays",
     {1, 1, 1, 1}, {5, {1, 1}, 1, 2, 0}, {true,  3, 0, 4, 0, 0}},
    {"from the very beginning",
     {0}, {5, {0, 0}, 1, 3, 2}, {true,  3, 0, 3, 2, 0}},
    {"a leader of the past is told",
     {1, 1}, {4, {1, 2}, 4, 2, 0}, {false, 0, 0, 2, 0, 0}},
};
/* clang-format on */

Test(raft_append, rows)
{
    FOR_ROWS (row, rows) {
        struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 5}, row->terms);
        struct raft_msg ask = raft_fixture_append(2, row->ask.term, row->ask.previous,
                                                  row->ask.entry_term, row->ask.count);
        ask.append_ask.commit = row->ask.commit;
        raft_fixture_ask(fixture, &ask, false);
        uint64_t truncated = fixture->out.truncated ? fixture->out.truncated_from : 0;
        raft_fixture_step(fixture,
                          (struct raft_event){.kind = RAFT_EV_DURABLE,
                                              .durable_index = raft_last(fixture->raft).index});
        ROW_EQ(row, fixture->answers, 1u);
        ROW_EQ(row, fixture->answer.append_answer.matched, row->want.matched);
        ROW_EQ(row, fixture->answer.append_answer.index, row->want.index);
        ROW_EQ(row, fixture->answer.append_answer.hint_term, row->want.hint_term);
        ROW_EQ(row, fixture->answer.term, 5u);
        ROW_EQ(row, raft_last(fixture->raft).index, row->want.last);
        ROW_EQ(row, raft_commit(fixture->raft), row->want.commit);
        ROW_EQ(row, truncated, row->want.truncated);
        raft_fixture_free(fixture);
    }
}

Test(raft_append, is_answered_when_durable)
{
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
    struct raft_msg ask = raft_fixture_append(2, 1, (struct raft_pos){0, 0}, 1, 5);
    raft_fixture_ask(fixture, &ask, false);
    cr_expect_eq(fixture->answers, 0);
    raft_fixture_step(fixture, (struct raft_event){.kind = RAFT_EV_DURABLE, .durable_index = 3});
    cr_expect_eq(fixture->answer.append_answer.index, 3);
    struct raft_msg beat = raft_fixture_append(2, 1, (struct raft_pos){1, 5}, 1, 0);
    raft_fixture_ask(fixture, &beat, false);
    cr_expect_eq(fixture->answer.append_answer.index, 3);
    raft_fixture_free(fixture);
}

/* The old leader's entries are durable, and so is what the new one sent: but not for it. */
Test(raft_append, durable_and_matched_are_two_things)
{
    const uint64_t terms[] = {1, 1, 1, 1, 0};
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, terms);
    struct raft_msg first = raft_fixture_append(2, 2, (struct raft_pos){1, 4}, 2, 0);
    raft_fixture_ask(fixture, &first, true);
    cr_expect_eq(fixture->answer.append_answer.index, 4);
    struct raft_msg second = raft_fixture_append(3, 3, (struct raft_pos){1, 1}, 3, 0);
    raft_fixture_ask(fixture, &second, true);
    cr_expect_eq(fixture->answer.append_answer.index, 1, "what 2 matched, 3 has not");
    raft_fixture_free(fixture);
}

Test(raft_append, what_is_committed_is_not_replaced)
{
    const uint64_t terms[] = {1, 1, 1, 0};
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, terms);
    struct raft_msg beat = raft_fixture_append(2, 2, (struct raft_pos){1, 3}, 2, 0);
    beat.append_ask.commit = 3;
    raft_fixture_ask(fixture, &beat, true);
    struct raft_msg stale = raft_fixture_append(2, 2, (struct raft_pos){1, 1}, 1, 1);
    raft_fixture_ask(fixture, &stale, true);
    cr_expect_eq(raft_last(fixture->raft).index, 3);
    cr_expect_eq(fixture->answer.append_answer.index, 3);
    raft_fixture_free(fixture);
}
