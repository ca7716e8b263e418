/* run_block_test.c -- heads and records of blocks: what is one, and what is not. */
#include "test/rows.h"
#include "work/shuffle/run_block.h"

/* clang-format off */
static const struct head_row {
    const char *why;
    uint32_t records_bytes, stored_bytes, codec;
    enum err want;
} heads[] = {
    {"plain",                          100, 100, RUN_CODEC_PLAIN, ERR_OK},
    {"compressed",                     100, 40,  RUN_CODEC_LZ4,   ERR_OK},
    {"no records",                     0,   0,   RUN_CODEC_PLAIN, ERR_OK},
    {"the longest",                    RUN_BLOCK_BYTES_MAX, 40, RUN_CODEC_LZ4, ERR_OK},
    {"over the longest",               RUN_BLOCK_BYTES_MAX + 1U, 40, RUN_CODEC_LZ4, ERR_CORRUPT},
    {"plain, and shorter stored",      100, 99,  RUN_CODEC_PLAIN, ERR_CORRUPT},
    {"longer stored than it is",       100, 101, RUN_CODEC_LZ4,   ERR_CORRUPT},
    {"a codec that there is not",      100, 100, RUN_CODEC_LZ4 + 1, ERR_CORRUPT},
};

static const struct record_row {
    const char *why;
    struct slice bytes;
    bool is_record;
    const char *key, *value;
    size_t left;
} takes[] = {
    {"key and value",                {(const uint8_t *)"\1\2kvv", 5}, true, "k", "vv", 0},
    {"both empty",                   {(const uint8_t *)"\0\0rest", 6}, true, "", "", 4},
    {"a length in two bytes",        {(const uint8_t *)"\x82\0\0ab", 5}, true, "ab", "", 0},
    {"nothing",                      {(const uint8_t *)"", 0}, false, "", "", 0},
    {"no value length",              {(const uint8_t *)"\1", 1}, false, "", "", 0},
    {"an unended length",            {(const uint8_t *)"\x80\x80", 2}, false, "", "", 0},
    {"a length of over five bytes",  {(const uint8_t *)"\x80\x80\x80\x80\x80\0\0", 7}, false,
                                     "", "", 0},
    {"a length over 32 bits",        {(const uint8_t *)"\xff\xff\xff\xff\x1f\0", 6}, false,
                                     "", "", 0},
    {"one byte is missing",          {(const uint8_t *)"\1\2kv", 4}, false, "", "", 0},
    {"lengths whose sum overflows",
     {(const uint8_t *)"\xff\xff\xff\xff\xf\xff\xff\xff\xff\xf", 10}, false, "", "", 0},
};
/* clang-format on */

static void put_u32_at(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

Test(run_block, heads)
{
    FOR_ROWS (row, heads) {
        uint8_t head[RUN_HEAD_BYTES] = {0};
        struct run_head out;
        struct fault fault;
        put_u32_at(head, row->records_bytes);
        put_u32_at(head + 4, row->stored_bytes);
        put_u32_at(head + 12, row->codec);
        ROW_EQ(row, run_head_read(head, &out, &fault), row->want);
    }
}

Test(run_block, head_is_written_as_it_is_read)
{
    uint8_t head[RUN_HEAD_BYTES];
    struct run_head out;
    struct slice records;
    struct fault fault;
    run_head_write(head, 5, SLICE("\1\2kvv"), RUN_CODEC_PLAIN);
    cr_assert_eq(run_head_read(head, &out, &fault), ERR_OK);
    cr_expect_eq(out.records_bytes, 5);
    cr_expect_eq(out.stored_bytes, 5);
    cr_expect_eq(out.codec, RUN_CODEC_PLAIN);
    cr_expect_eq(run_block_open(&out, SLICE("\1\2kvv"), NULL, &records, &fault), ERR_OK);
    cr_expect(slice_eq(records, SLICE("\1\2kvv")));
    cr_expect_eq(run_block_open(&out, SLICE("\1\2kvx"), NULL, &records, &fault), ERR_CORRUPT);
    cr_expect_eq(run_block_open(&out, SLICE("\1\2kv"), NULL, &records, &fault), ERR_CORRUPT);
}

Test(run_block, garbage_with_a_right_checksum)
{
    uint8_t head[RUN_HEAD_BYTES], scratch[64];
    struct run_head out;
    struct slice records, garbage = SLICE("\xf0 this is not LZ4");
    struct fault fault;
    run_head_write(head, sizeof scratch, garbage, RUN_CODEC_LZ4);
    cr_assert_eq(run_head_read(head, &out, &fault), ERR_OK);
    cr_expect_eq(run_block_open(&out, garbage, scratch, &records, &fault), ERR_CORRUPT);
}

Test(run_block, that_unpacks_to_less_than_its_head_says)
{
    uint8_t head[RUN_HEAD_BYTES], scratch[64];
    struct run_head out;
    struct slice records, stored = SLICE("\x30"
                                         "abc"); /* three bytes as they are */
    struct fault fault;
    for (size_t said = 4; said <= sizeof scratch; said++) {
        run_head_write(head, said, stored, RUN_CODEC_LZ4);
        cr_assert_eq(run_head_read(head, &out, &fault), ERR_OK);
        cr_expect_eq(run_block_open(&out, stored, scratch, &records, &fault), ERR_CORRUPT);
    }
}

Test(run_block, records)
{
    FOR_ROWS (row, takes) {
        struct slice rest = row->bytes, key = {0}, value = {0};
        ROW_EQ(row, run_record_take(&rest, &key, &value), row->is_record);
        if (!row->is_record) continue;
        ROW_BYTES_EQ(row, key, row->key);
        ROW_BYTES_EQ(row, value, row->value);
        ROW_EQ(row, rest.len, row->left);
    }
}
