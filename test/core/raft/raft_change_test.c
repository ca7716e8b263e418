/*
 * raft_change_test.c -- what a leader makes of its members when it is told several things, and who
 * decides alone. It is member 1 of {1, 2, 3}; 2 answers all it is asked, others nothing.
 */
#include "core/raft/raft_members_impl.h"
#include "test/core/raft/raft_fixture.h"
#include "test/rows.h"

enum { LATER = 5000, TERM = 2 };

static void step(struct raft_fixture *fixture, struct raft_event event)
{
    event.now.ns = LATER;
    raft_fixture_step(fixture, event);
}

static void hear(struct raft_fixture *fixture, struct raft_msg msg)
{
    msg.from.n = 2;
    msg.to.n = 1;
    step(fixture, (struct raft_event){.kind = RAFT_EV_MSG, .msg = &msg});
}

/* All is durable, here and with 2. Each change of members takes a round or two. */
static void settle(struct raft_fixture *fixture)
{
    enum { ROUNDS = 8 };
    for (int i = 0; i < ROUNDS; i++) {
        struct raft_msg answer = {.kind = RAFT_MSG_APPEND_ANSWER, .term = TERM};
        answer.append_answer.matched = true;
        answer.append_answer.index = raft_last(fixture->raft).index;
        step(fixture, (struct raft_event){.kind = RAFT_EV_DURABLE,
                                          .durable_hard = fixture->hard_count,
                                          .durable_index = raft_last(fixture->raft).index});
        hear(fixture, answer);
    }
}

static struct raft_fixture *leading(void)
{
    struct raft_fixture *fixture = raft_fixture_new((struct raft_hard){.term = TERM - 1}, NULL);
    struct raft_msg vote = {.kind = RAFT_MSG_VOTE_ANSWER, .term = TERM};
    vote.vote_answer.granted = vote.vote_answer.pre = true;
    step(fixture, (struct raft_event){.kind = RAFT_EV_TICK});
    hear(fixture, vote);
    step(fixture, (struct raft_event){.kind = RAFT_EV_DURABLE, .durable_hard = 1});
    vote.vote_answer.pre = false;
    hear(fixture, vote);
    settle(fixture);
    cr_assert_eq(raft_role(fixture->raft), RAFT_LEADER);
    cr_assert(raft_may_change_members(fixture->raft));
    return fixture;
}

static struct raft_members voters(uint32_t second, uint32_t third)
{
    struct raft_members members = {.count = 1, .members = {{{1}, RAFT_VOTER}}};
    if (second != 0) members.members[members.count++] = (struct raft_member){{second}, RAFT_VOTER};
    if (third != 0) members.members[members.count++] = (struct raft_member){{third}, RAFT_VOTER};
    return members;
}

static void change(struct raft_fixture *fixture, struct raft_members target)
{
    cr_assert(raft_may_change_members(fixture->raft));
    cr_assert(raft_members_fit(raft_members(fixture->raft), &target));
    step(fixture, (struct raft_event){.kind = RAFT_EV_MEMBERS, .members = target});
    settle(fixture);
}

/* Who is planned instead of a dead member may be dead itself, and the next one too. */
Test(raft_change, learners_of_an_earlier_wish_go)
{
    struct raft_fixture *fixture = leading();
    for (uint32_t comes = 10; comes < 30; comes++) {
        change(fixture, voters(2, comes));
        const struct raft_members *members = raft_members(fixture->raft);
        cr_assert_eq(members->count, 4u, "%u members, when %u comes", members->count, comes);
        cr_expect(raft_members_has(members, (node_id){comes}));
        cr_expect_not(raft_members_is_voter(members, (node_id){comes}), "it has nothing yet");
        cr_expect(raft_members_is_voter(members, (node_id){3}), "it stays until then");
    }
    raft_fixture_free(fixture);
}

Test(raft_change, the_last_wish_counts_while_a_learner_is_waited_for)
{
    struct raft_fixture *fixture = leading();
    struct raft_members before = *raft_members(fixture->raft), two = voters(2, 0);
    change(fixture, voters(2, 10));
    change(fixture, before);
    cr_expect(raft_members_eq(raft_members(fixture->raft), &before), "as if nothing had been");
    change(fixture, two);
    cr_expect(raft_members_eq(raft_members(fixture->raft), &two));
    raft_fixture_free(fixture);
}

static const struct {
    const char *why;
    uint32_t count, learners, targets;
    bool fit;
} crowds[] = {
    {"five by four others", 5, 0, 4, true},
    {"five by five others: all of them at once are too many", 5, 0, 5, false},
    {"learners that are not wanted any more take no place", 3, 6, 5, true},
};

Test(raft_change, old_and_new_voters_have_room)
{
    FOR_ROWS (row, crowds) {
        struct raft_members members = {.count = row->count + row->learners}, target = {0};
        for (uint32_t i = 0; i < members.count; i++) {
            uint8_t role = i < row->count ? RAFT_VOTER : RAFT_LEARNER;
            members.members[i] = (struct raft_member){{i + 1}, role};
        }
        for (; target.count < row->targets; target.count++) {
            target.members[target.count] = (struct raft_member){{20 + target.count}, RAFT_VOTER};
        }
        ROW_EQ(row, raft_members_fit(&members, &target), row->fit);
    }
}

/* --- alone ----------------------------------------------------------------------------------- */

static struct raft_fixture *alone(void)
{
    struct raft_fixture *fixture = leading();
    change(fixture, voters(0, 0));
    cr_assert(raft_is_alone(fixture->raft));
    return fixture;
}

Test(raft_change, what_who_is_alone_appends_by_itself_is_agreed_on)
{
    struct raft_fixture *fixture = alone();
    struct raft_pos pos = raft_last(fixture->raft);
    for (uint64_t count = 1; count <= 1000; count *= 10) {
        pos.index += count;
        step(fixture, (struct raft_event){.kind = RAFT_EV_ALONE, .pos = pos});
        cr_expect_eq(raft_last(fixture->raft).index, pos.index);
        cr_expect_eq(raft_commit(fixture->raft), pos.index, "it decides what it has");
        cr_expect(raft_may_propose(fixture->raft));
    }
    raft_fixture_free(fixture);
}

/* What was appended so is not in memory: who comes gets a snapshot of it, and what follows. */
Test(raft_change, who_comes_to_one_alone_needs_a_snapshot)
{
    struct raft_fixture *fixture = alone();
    struct raft_pos pos = raft_last(fixture->raft);
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    struct raft_msg answer = {.kind = RAFT_MSG_APPEND_ANSWER, .term = TERM};
    pos.index += 100;
    step(fixture, (struct raft_event){.kind = RAFT_EV_ALONE, .pos = pos});
    step(fixture, (struct raft_event){.kind = RAFT_EV_MEMBERS, .members = voters(2, 0)});
    step(fixture, (struct raft_event){.kind = RAFT_EV_DURABLE,
                                      .durable_hard = fixture->hard_count,
                                      .durable_index = raft_last(fixture->raft).index});
    cr_expect_not(raft_is_alone(fixture->raft), "there is a learner");
    answer.append_answer.round = 1; /* it has nothing, and says so */
    hear(fixture, answer);
    cr_assert_eq(raft_peers(fixture->raft, peers), 1u);
    cr_expect(peers[0].needs_snapshot || peers[0].gets_snapshot);
    struct raft_event compacted = {.kind = RAFT_EV_COMPACTED, .pos = pos, .bytes_count = 1000};
    step(fixture, compacted);
    cr_assert_eq(raft_peers(fixture->raft, peers), 1u);
    cr_expect(peers[0].gets_snapshot);
    raft_fixture_free(fixture);
}
