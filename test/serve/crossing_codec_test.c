/* crossing_codec_test.c -- asks and answers come back as they were written, cut anywhere; and bytes
 * of strangers are refused. */
#include "serve/crossing_codec.h"
#include "test/random.h"
#include "test/rows.h"

enum { ARGUMENTS_MAX = 4, ROUNDS = 2000 };

static struct slice bytes_of(struct random *random, uint8_t *room, size_t max)
{
    size_t len = random_below(random, max);
    for (size_t i = 0; i < len; i++) room[i] = (uint8_t)random_below(random, 256);
    return slice_of(room, len);
}

Test(crossing_codec, a_stream_cut_anywhere_is_the_same)
{
    struct random random = {7};
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t room[ARGUMENTS_MAX][300];
        struct slice argv[ARGUMENTS_MAX], got[ARGUMENTS_MAX];
        struct ask ask = {.slot = random_below(&random, 1 << 20),
                          .id = random_magnitude(&random),
                          .entry = random_below(&random, 1 << 30),
                          .shard = {round % 3 == 0 ? (uint32_t)SHARD_NONE
                                                   : (uint32_t)random_below(&random, 16385)},
                          .flags =
                              (uint8_t)(random_below(&random, ASK_FLAGS + 1) & ~(uint64_t)ASK_BYE),
                          .node = {(uint32_t)random_below(&random, 4096)},
                          .database = (uint32_t)random_below(&random, 16),
                          .argc = 1 + (uint32_t)random_below(&random, ARGUMENTS_MAX)};
        for (uint32_t i = 0; i < ask.argc; i++) argv[i] = bytes_of(&random, room[i], 300);
        struct buffer out = {0};
        ask_write(&out, &ask, argv);
        for (size_t len = 0; len < out.len; len++) {
            struct slice part = slice_of(out.data, len);
            struct ask read;
            cr_assert_eq(ask_read(&part, &read), CROSSING_SHORT, "%zu of %zu", len, out.len);
            cr_assert_eq(part.len, len);
        }
        struct slice all = buffer_slice(&out);
        struct ask read;
        cr_assert_eq(ask_read(&all, &read), CROSSING_WHOLE);
        cr_assert_eq(all.len, 0);
        cr_assert(read.slot == ask.slot && read.id == ask.id && read.entry == ask.entry);
        cr_assert(shard_eq(read.shard, ask.shard));
        cr_assert(read.flags == ask.flags && read.database == ask.database);
        cr_assert_eq(read.node.n, read.flags & ASK_AT_NODE ? ask.node.n : 0);
        cr_assert_eq(read.argc, ask.argc);
        ask_arguments(&read, got);
        for (uint32_t i = 0; i < ask.argc; i++) cr_assert(slice_eq(got[i], argv[i]));
        struct buffer copy = {0};
        ask_copy(&copy, &read);
        cr_assert(slice_eq(buffer_slice(&copy), buffer_slice(&out)));
        buffer_free(&copy);
        buffer_free(&out);
    }
}

Test(crossing_codec, an_answer_cut_anywhere_is_the_same)
{
    struct answer_told answer = {300,    UINT64_MAX,     1 << 20,
                                 {4711}, ANSWER_REFUSED, SLICE("+OK\r\n")};
    struct buffer out = {0};
    answer_write(&out, &answer);
    struct answer_told read;
    for (size_t len = 0; len < out.len; len++) {
        struct slice part = slice_of(out.data, len);
        cr_expect_eq(answer_read(&part, &read), CROSSING_SHORT, "%zu of %zu", len, out.len);
    }
    struct slice all = buffer_slice(&out);
    cr_assert_eq(answer_read(&all, &read), CROSSING_WHOLE);
    cr_expect(read.slot == 300 && read.id == UINT64_MAX && read.entry == 1 << 20);
    cr_expect_eq(read.shard.n, 4711);
    cr_expect_eq(read.kind, ANSWER_REFUSED);
    cr_expect(slice_eq(read.reply, answer.reply));
    buffer_free(&out);
}

Test(crossing_codec, what_cannot_be_an_ask_is_refused)
{
    static const struct {
        const char *why;
        struct slice bytes;
    } rows[] = {
        {"a number without an end",
         SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
        {"a node past all numbers", SLICE("\x01\x01\x01\x01\x80\x00\x01\xff\xff\xff\xff\x7f\x01g")},
        {"no such shard", SLICE("\x01\x01\x01\x82\x80\x01\x00\x00\x01\x01g")},
        {"no such database", SLICE("\x01\x01\x01\x01\x00\x10\x01\x01g")},
        {"a command of no words", SLICE("\x01\x01\x01\x01\x00\x00\x00")},
        {"a bye that says a command", SLICE("\x01\x01\x01\x01\x08\x00\x01\x01g")},
        {"more words than bytes could hold",
         SLICE("\x01\x01\x01\x01\x00\x00\xff\xff\xff\xff\x0f\x01g")},
        {"a word too long for any", SLICE("\x01\x01\x01\x01\x00\x00\x01\xff\xff\xff\xff\xff\x01g")},
    };
    FOR_ROWS (row, rows) {
        struct slice bytes = row->bytes;
        struct ask ask;
        ROW_EQ(row, ask_read(&bytes, &ask), CROSSING_BAD);
    }
    struct slice kind = SLICE("\x01\x01\x01\x01\x07\x01g");
    struct answer_told answer;
    cr_expect_eq(answer_read(&kind, &answer), CROSSING_BAD, "an answer of no kind");
}

Test(crossing_codec, a_refusal_says_who_leads)
{
    struct buffer said = {0};
    node_id leader;
    uint64_t term;
    refusal_write(&said, (node_id){7}, 300);
    cr_assert(refusal_read(buffer_slice(&said), &leader, &term));
    cr_expect(leader.n == 7 && term == 300);
    put_u8(&said, 0);
    cr_expect_not(refusal_read(buffer_slice(&said), &leader, &term), "more than it is");
    cr_expect_not(refusal_read((struct slice){0}, &leader, &term), "nothing");
    buffer_free(&said);
}
