/*
 * raft_codec_test.c -- messages, batches and members as bytes: what is written is read again, and
 * what is not such a thing is refused.
 */
#include "core/raft/raft_batch_impl.h"
#include "core/raft/raft_members_impl.h"
#include "core/raft/raft_msg.h"
#include "test/rows.h"

static const struct raft_members joint = {.count = 4,
                                          .joint = true,
                                          .members = {{{1}, RAFT_VOTER},
                                                      {{2}, RAFT_VOTER | RAFT_VOTER_NEXT},
                                                      {{3}, RAFT_VOTER | RAFT_LEARNER_NEXT},
                                                      {{9}, RAFT_VOTER_NEXT}}};

static void check_round_trip(const struct raft_msg *msg)
{
    struct buffer bytes = {0}, again = {0};
    struct raft_msg read;
    raft_msg_write(msg, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        cr_expect_not(raft_msg_read(slice_of(bytes.data, len), &read), "kind %d cut at %zu",
                      (int)msg->kind, len);
    }
    cr_assert(raft_msg_read(buffer_slice(&bytes), &read));
    raft_msg_write(&read, &again);
    cr_expect(slice_eq(buffer_slice(&bytes), buffer_slice(&again)), "kind %d", (int)msg->kind);
    buffer_free(&bytes);
    buffer_free(&again);
}

Test(raft_codec, every_kind_comes_back)
{
    struct raft_msg msg = {.from = {1}, .to = {2}, .term = 7};
    for (msg.kind = RAFT_MSG_VOTE_ASK; msg.kind <= RAFT_MSG_READ_ANSWER; msg.kind++) {
        check_round_trip(&msg);
    }
    msg.kind = RAFT_MSG_VOTE_ASK;
    msg.vote_ask.last = (struct raft_pos){6, 1000};
    msg.vote_ask.transfer = true;
    check_round_trip(&msg);
    msg = (struct raft_msg){.kind = RAFT_MSG_APPEND_ANSWER, .from = {1}, .term = 7};
    msg.append_answer.no_room = msg.append_answer.matched = true;
    msg.append_answer.life = UINT64_MAX;
    check_round_trip(&msg);
}

/* clang-format off */
static const struct refused_row {
    const char *why;
    struct raft_pos previous;
    struct raft_pos first, second; /* entries; index 0: none */
    bool good;
} refused_rows[] = {
    {"neighbours",                         {1, 4}, {1, 5}, {2, 6}, true},
    {"none at all",                        {1, 4}, {0, 0}, {0, 0}, true},
    {"a gap before them",                  {1, 4}, {1, 6}, {1, 7}, false},
    {"a gap between them",                 {1, 4}, {1, 5}, {1, 7}, false},
    {"the same twice",                     {1, 4}, {1, 5}, {1, 5}, false},
    {"terms fall",                         {1, 4}, {2, 5}, {1, 6}, false},
    {"a term earlier than what is before", {3, 4}, {2, 5}, {2, 6}, false},
    {"a term later than the sender's",     {1, 4}, {1, 5}, {8, 6}, false},
};
/* clang-format on */

static void put_entry(struct buffer *out, struct raft_pos pos)
{
    if (pos.index == 0) return;
    struct raft_batch *batch = raft_batch_new(64);
    raft_batch_add_at(batch, pos, RAFT_ENTRY_COMMANDS, SLICE("x"));
    buffer_append(out, raft_batch_span(batch, 0, 1).bytes);
    raft_batch_unref(batch);
}

Test(raft_codec, entries_are_neighbours)
{
    FOR_ROWS (row, refused_rows) {
        struct raft_msg msg = {.kind = RAFT_MSG_APPEND_ASK, .from = {1}, .term = 7}, read;
        msg.append_ask.previous = row->previous;
        struct buffer bytes = {0};
        raft_msg_write(&msg, &bytes);
        put_entry(&bytes, row->first);
        put_entry(&bytes, row->second);
        bool good = raft_msg_read(buffer_slice(&bytes), &read);
        ROW_EQ(row, good, row->good);
        if (good && read.append_ask.spans_count > 0) {
            ROW_EQ(row, read.append_ask.spans[0].count, 2u);
            raft_batch_unref(read.append_ask.spans[0].batch);
        }
        buffer_free(&bytes);
    }
}

Test(raft_codec, batches_are_walked_in_spans)
{
    struct raft_batch *batch = raft_batch_new(8);
    const struct slice parts[] = {SLICE("ab"), SLICE("c")};
    for (uint32_t i = 0; i < 100; i++) raft_batch_add(batch, RAFT_ENTRY_COMMANDS, parts, 2);
    raft_batch_stamp(batch, (struct raft_pos){3, 11});
    struct raft_span span = raft_batch_span(batch, 10, 5);
    struct raft_entry entry;
    for (uint64_t index = 21; index < 26; index++) {
        cr_assert(raft_span_next(&span, &entry));
        cr_expect_eq(entry.pos.index, index);
        cr_expect_eq(entry.pos.term, 3);
        cr_expect(slice_eq(entry.payload, SLICE("abc")));
    }
    cr_expect_not(raft_span_next(&span, &entry));
    cr_expect_eq(raft_batch_bytes(batch), 100 * (RAFT_ENTRY_HEADER_BYTES + 3));
    raft_batch_unref(batch);
}

/* --- members --------------------------------------------------------------------------------- */

/* clang-format off */
static const struct members_row {
    const char *why;
    struct raft_members members;
    bool good;
} members_rows[] = {
    {"three voters",              {3, false, {{{1}, 1}, {{2}, 1}, {{3}, 1}}}, true},
    {"a voter and a learner",     {2, false, {{{1}, 1}, {{2}, 0}}},           true},
    {"learners alone",            {1, false, {{{1}, 0}}},                     false},
    {"nobody",                    {0, false, {{{0}, 0}}},                     false},
    {"one twice",                 {2, false, {{{1}, 1}, {{1}, 1}}},           false},
    {"out of order",              {2, false, {{{2}, 1}, {{1}, 1}}},           false},
    {"node 0 is nobody",          {1, false, {{{0}, 1}}},                     false},
    {"next, and not joint",       {1, false, {{{1}, 3}}},                     false},
    {"joint, and nobody comes",   {1, true,  {{{1}, 1}}},                     false},
    {"joint, and nobody was",     {1, true,  {{{1}, 2}}},                     false},
    {"joint",                     {2, true,  {{{1}, 1}, {{2}, 2}}},           true},
};
/* clang-format on */

Test(raft_members, are_read_if_they_are_sound)
{
    FOR_ROWS (row, members_rows) {
        struct buffer bytes = {0};
        struct raft_members read;
        raft_members_write(&row->members, &bytes);
        cr_expect_leq(bytes.len, RAFT_MEMBERS_BYTES_MAX);
        bool good = raft_members_read(buffer_slice(&bytes), &read);
        ROW_EQ(row, good, row->good);
        if (good) ROW_EQ(row, raft_members_eq(&read, &row->members), true);
        buffer_append_byte(&bytes, 0);
        ROW_EQ(row, raft_members_read(buffer_slice(&bytes), &read), false);
        buffer_free(&bytes);
    }
}

Test(raft_members, quorum_is_of_both_sets)
{
    /* The old ones are 1, 2, 3; those who come 2 and 9: both of them are needed. */
    const uint64_t only_old[] = {5, 5, 5, 0}, only_new[] = {0, 5, 0, 5}, both[] = {7, 5, 0, 6};
    cr_expect_eq(raft_members_quorum(&joint, only_old), 0);
    cr_expect_eq(raft_members_quorum(&joint, only_new), 0);
    cr_expect_eq(raft_members_quorum(&joint, both), 5);
}

Test(raft_members, change_in_steps)
{
    struct raft_members from = {3, false, {{{1}, 1}, {{2}, 1}, {{3}, 1}}};
    struct raft_members target = {3, false, {{{2}, 1}, {{3}, 0}, {{9}, 1}}};
    cr_assert(raft_members_fit(&from, &target));
    struct raft_members learners = raft_members_with_learners(&from, &target);
    cr_expect_eq(learners.count, 4);
    cr_expect_not(raft_members_is_voter(&learners, (node_id){9}));
    struct raft_members both = raft_members_joint(&learners, &target);
    cr_expect(raft_members_eq(&both, &joint));
    struct raft_members last = raft_members_final(&both);
    cr_expect(raft_members_eq(&last, &target));
}
