/*
 * raft_vote_test.c -- who gets our vote. A row is one ask: what we hold, what a candidate asks
 * with, what must be answered when all is durable. We are member 1 of {1, 2, 3}; vote 0 is no vote;
 * a log is named by the terms of its entries.
 */
#include "test/core/raft/raft_fixture.h"
#include "test/rows.h"

/* clang-format off */
static const struct vote_row {
    const char *why;
    struct { uint64_t term; uint32_t vote; uint64_t terms[4]; } held;
    struct { uint64_t term; uint32_t from; struct raft_pos last; bool pre; } ask;
    struct { bool granted; uint64_t term; uint32_t vote; bool hard_changed; } want;
} rows[] = {
    {"the first to ask gets it",      {5, 0, {4, 4}}, {5, 2, {4, 2}, false}, {true,  5, 2, true}},
    {"asking twice gets it twice",    {5, 2, {4, 4}}, {5, 2, {4, 2}, false}, {true,  5, 2, false}},
    {"the second to ask does not",    {5, 2, {4, 4}}, {5, 3, {4, 2}, false}, {false, 5, 2, false}},
    {"its log is too short",          {5, 0, {4, 4}}, {5, 2, {4, 1}, false}, {false, 5, 0, false}},
    {"its log is longer, but older",  {5, 0, {4, 4}}, {5, 2, {3, 9}, false}, {false, 5, 0, false}},
    {"its log is shorter, but newer", {5, 0, {3, 3}}, {5, 2, {4, 1}, false}, {true,  5, 2, true}},
    {"a new term gives a new vote",   {5, 2, {4, 4}}, {6, 3, {4, 2}, false}, {true,  6, 3, true}},
    {"a refusal still tells its term",{5, 2, {4, 4}}, {6, 3, {4, 1}, false}, {false, 6, 0, true}},
    {"an ask of the past is refused", {5, 0, {4, 4}}, {4, 2, {4, 2}, false}, {false, 5, 0, false}},
    {"a pre-vote binds nobody",       {5, 2, {4, 4}}, {6, 3, {4, 2}, true},  {true,  6, 2, false}},
    {"a pre-vote for our own term",   {5, 0, {4, 4}}, {5, 3, {4, 2}, true},  {false, 5, 0, false}},
    {"a pre-vote with a short log",   {5, 0, {4, 4}}, {6, 3, {4, 1}, true},  {false, 5, 0, false}},
    {"an empty log, for an empty log",{0, 0, {0}},    {1, 3, {0, 0}, false}, {true,  1, 3, true}},
};
/* clang-format on */

static struct raft_msg vote_ask(uint64_t term, uint32_t from, struct raft_pos last, bool pre)
{
    struct raft_msg msg = {.kind = RAFT_MSG_VOTE_ASK, .from = {from}, .to = {1}, .term = term};
    msg.vote_ask.last = last;
    msg.vote_ask.pre = pre;
    return msg;
}

Test(raft_vote, rows)
{
    FOR_ROWS (row, rows) {
        struct raft_hard hard = {row->held.term, {row->held.vote}, false};
        struct raft_fixture *fixture = raft_fixture_new(hard, row->held.terms);
        struct raft_msg ask = vote_ask(row->ask.term, row->ask.from, row->ask.last, row->ask.pre);
        raft_fixture_ask(fixture, &ask, true);
        ROW_EQ(row, fixture->answers, 1u);
        ROW_EQ(row, fixture->answer.to.n, row->ask.from);
        ROW_EQ(row, fixture->answer.vote_answer.granted, row->want.granted);
        ROW_EQ(row, fixture->answer.vote_answer.pre, row->ask.pre);
        ROW_EQ(row, fixture->answer.term, row->want.term);
        ROW_EQ(row, fixture->out.hard.vote.n, row->want.vote);
        ROW_EQ(row, fixture->hard_changed, row->want.hard_changed);
        raft_fixture_free(fixture);
    }
}

Test(raft_vote, is_said_when_durable)
{
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
    struct raft_msg ask = vote_ask(2, 2, (struct raft_pos){0, 0}, false);
    raft_fixture_ask(fixture, &ask, false);
    cr_expect_eq(fixture->answers, 0);
    raft_fixture_ask(fixture, &ask, false); /* it asks again */
    cr_expect_eq(fixture->answers, 0);
    struct raft_event durable = {.kind = RAFT_EV_DURABLE, .durable_hard = 1};
    raft_fixture_step(fixture, durable);
    cr_expect_eq(fixture->answers, 1);
    cr_expect(fixture->answer.vote_answer.granted);
    raft_fixture_free(fixture);
}

Test(raft_vote, of_a_term_that_is_over_is_not_said)
{
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
    struct raft_msg first = vote_ask(2, 2, (struct raft_pos){0, 0}, false);
    struct raft_msg second = vote_ask(3, 3, (struct raft_pos){0, 0}, false);
    raft_fixture_ask(fixture, &first, false);
    raft_fixture_ask(fixture, &second, true);
    cr_expect_eq(fixture->answers, 1);
    cr_expect_eq(fixture->answer.to.n, 3);
    raft_fixture_free(fixture);
}

Test(raft_vote, is_nobodys_while_a_leader_is_heard)
{
    for (int transfer = 0; transfer < 2; transfer++) {
        struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
        struct raft_msg append = raft_fixture_append(3, 1, (struct raft_pos){0, 0}, 1, 0);
        struct raft_msg ask = vote_ask(2, 2, (struct raft_pos){0, 0}, false);
        ask.vote_ask.transfer = transfer == 1;
        raft_fixture_ask(fixture, &append, true);
        raft_fixture_ask(fixture, &ask, true);
        cr_expect_eq(fixture->answer.vote_answer.granted, transfer == 1);
        cr_expect_eq(raft_term(fixture->raft), transfer == 1 ? 2 : 1);
        raft_fixture_free(fixture);
    }
}

Test(raft_vote, is_nobodys_right_after_a_start)
{
    for (int64_t now = 99; now <= 100; now++) {
        struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
        struct raft_msg ask = vote_ask(2, 2, (struct raft_pos){0, 0}, true);
        struct raft_event event = {.kind = RAFT_EV_MSG, .msg = &ask, .now = {now}};
        raft_fixture_step(fixture, event);
        cr_expect_eq(fixture->answer.vote_answer.granted, now == 100);
        raft_fixture_free(fixture);
    }
}

Test(raft_vote, is_nobodys_of_who_may_have_forgotten)
{
    struct raft_hard hard = {.recovering = true};
    struct raft_fixture *fixture = raft_fixture_new(hard, NULL);
    struct raft_msg ask = vote_ask(2, 2, (struct raft_pos){1, 9}, false);
    raft_fixture_ask(fixture, &ask, true);
    cr_expect_not(fixture->answer.vote_answer.granted);
    raft_fixture_step(fixture, (struct raft_event){.kind = RAFT_EV_TICK, .now = {5000}});
    cr_expect_eq(raft_role(fixture->raft), RAFT_FOLLOWER);
    raft_fixture_step(fixture, (struct raft_event){.kind = RAFT_EV_FORMED, .now = {5000}});
    raft_fixture_step(fixture, (struct raft_event){.kind = RAFT_EV_TICK, .now = {9000}});
    cr_expect_eq(raft_role(fixture->raft), RAFT_PRE_CANDIDATE);
    raft_fixture_free(fixture);
}

/* Its folder is lost; the others hold nothing, and have been in that term: it may have voted. */
Test(raft_vote, is_nobodys_in_a_term_of_an_earlier_life)
{
    static const struct {
        const char *why;
        uint64_t formed, asked;
        bool granted;
    } lives[] = {
        {"all are new", 0, 1, true},
        {"the term that others are in", 2, 2, false},
        {"an earlier one", 2, 1, false},
        {"a later one", 2, 4, true},
    };
    FOR_ROWS (row, lives) {
        struct raft_hard hard = {.recovering = true};
        struct raft_fixture *fixture = raft_fixture_new(hard, NULL);
        struct raft_msg ask = vote_ask(row->asked, 2, (struct raft_pos){0, 0}, false);
        struct raft_event formed = {.kind = RAFT_EV_FORMED, .term = row->formed};
        raft_fixture_step(fixture, formed);
        raft_fixture_ask(fixture, &ask, true);
        ROW_EQ(row, fixture->answer.vote_answer.granted, row->granted);
        raft_fixture_free(fixture);
    }
}

Test(raft_vote, asks_with_what_is_durable)
{
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
    struct raft_msg append = raft_fixture_append(3, 1, (struct raft_pos){0, 0}, 1, 5);
    raft_fixture_ask(fixture, &append, false);
    struct raft_event durable = {.kind = RAFT_EV_DURABLE, .durable_index = 3};
    raft_fixture_step(fixture, durable);
    raft_fixture_step(fixture, (struct raft_event){.kind = RAFT_EV_TICK, .now = {5000}});
    cr_assert_eq(fixture->answer.kind, RAFT_MSG_VOTE_ASK);
    cr_expect_eq(fixture->answer.vote_ask.last.index, 3);
    raft_fixture_free(fixture);
}

Test(raft_vote, is_never_cast_twice) /* [I2], for every pair of asks in a small world */
{
    for (uint32_t world = 0; world < 3 * 3 * 3 * 3; world++) {
        uint64_t term_a = 1 + world % 3, term_b = 1 + world / 3 % 3;
        struct raft_pos last_a = {1, world / 9 % 3}, last_b = {1, world / 27 % 3};
        const uint64_t terms[] = {1, 0};
        struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, terms);
        struct raft_msg a = vote_ask(term_a, 2, last_a, false);
        struct raft_msg b = vote_ask(term_b, 3, last_b, false);
        raft_fixture_ask(fixture, &a, true);
        bool first = fixture->answer.vote_answer.granted;
        raft_fixture_ask(fixture, &b, true);
        bool second = fixture->answer.vote_answer.granted;
        cr_expect(!(term_a == term_b && first && second), "two votes in one term, world %u", world);
        raft_fixture_free(fixture);
    }
}

/* A long message of its leader's takes longer than an election. */
Test(raft_vote, who_hears_its_leader_speak_waits_and_answers)
{
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = 1}, NULL);
    struct raft_msg append = raft_fixture_append(2, 1, (struct raft_pos){0, 0}, 1, 0);
    raft_fixture_ask(fixture, &append, true);
    for (int64_t i = 1; i <= 20; i++) {
        struct raft_event speaks = {
            .kind = RAFT_EV_PEER_SPEAKS, .now = {FIXTURE_NOW + i * 50}, .peer = {2}};
        raft_step(fixture->raft, &speaks, &fixture->out);
        cr_expect(fixture->out.deadline.ns >= speaks.now.ns + 100, "no election meanwhile");
        cr_assert_eq(fixture->out.msgs_count, 1u, "its leader is told that this one is there");
        cr_expect_eq(fixture->out.msgs[0].kind, RAFT_MSG_APPEND_ANSWER);
    }
    struct raft_event other = {
        .kind = RAFT_EV_PEER_SPEAKS, .now = {FIXTURE_NOW + 1090}, .peer = {3}};
    instant deadline = fixture->out.deadline;
    raft_step(fixture->raft, &other, &fixture->out);
    cr_expect_eq(fixture->out.deadline.ns, deadline.ns, "another one is not the leader");
    cr_expect_eq(fixture->out.msgs_count, 0u);
    raft_fixture_free(fixture);
}
