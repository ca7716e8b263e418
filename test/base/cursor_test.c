/* cursor_test.c -- what put_ writes, cursor_ reads, and nothing is read past the end. */
#include "base/cursor.h"
#include "test/random.h"
#include "test/rows.h"

#define NINE_FULL "\xff\xff\xff\xff\xff\xff\xff\xff\xff"

/* clang-format off */
static const struct varint_row {
    const char *why, *bytes;
    size_t len;
    uint64_t want;
    bool bad;
} rows[] = {
    {"one byte holds seven bits",       "\x7f",                 1,  127,        false},
    {"two hold fourteen, lowest first", "\x80\x01",             2,  128,        false},
    {"the largest there is",            NINE_FULL "\x01",       10, UINT64_MAX, false},
    {"a needless long form is read",    "\x81\x00",             2,  1,          false},
    {"nothing is not a number",         "",                     0,  0,          true},
    {"it ends in the middle",           "\x80",                 1,  0,          true},
    {"it would need 65 bits",           NINE_FULL "\x02",       10, 0,          true},
    {"it never ends",                   NINE_FULL "\xff\xff",   11, 0,          true},
};
/* clang-format on */

Test(cursor, varint_rows)
{
    FOR_ROWS (row, rows) {
        struct cursor cursor = cursor_of(slice_of(row->bytes, row->len));
        ROW_EQ(row, cursor_varint(&cursor), row->want);
        ROW_EQ(row, cursor.bad, row->bad);
    }
}

Test(cursor, layout_is_little_endian)
{
    struct buffer out = {0};
    put_u8(&out, 0x01);
    put_u32(&out, 0x02030405);
    put_u64(&out, 0x060708090a0b0c0d);
    cr_expect(slice_eq(buffer_slice(&out), SLICE("\x01\x05\x04\x03\x02\x0d\x0c\x0b\x0a\x09\x08\x07"
                                                 "\x06")));
    buffer_free(&out);
}

Test(cursor, stays_bad)
{
    struct cursor cursor = cursor_of(SLICE("\x01\x02\x03"));
    cr_expect(cursor_u64(&cursor) == 0);
    cr_expect(cursor.bad);
    cr_expect(cursor_u8(&cursor) == 0); /* though there are bytes left */
    cr_expect(cursor_bytes(&cursor, 0).data == NULL);
}

Test(cursor, refuses_a_length_past_the_end)
{
    struct cursor cursor = cursor_of(SLICE("\x04"
                                           "abc"));
    cr_expect(cursor_sized(&cursor).len == 0);
    cr_expect(cursor.bad);
}

/* What was written by write_one is read back by read_one, both led by the same chance. */
static void write_one(struct random *random, struct buffer *out)
{
    uint64_t value = random_magnitude(random);
    switch (random_below(random, 5)) {
    case 0: put_u8(out, (uint8_t)value); break;
    case 1: put_u32(out, (uint32_t)value); break;
    case 2: put_u64(out, value); break;
    case 3: put_varint(out, value); break;
    default: put_sized(out, slice_of(&value, value % 9)); break;
    }
}

static bool reads_back(struct random *random, struct cursor *in)
{
    uint64_t value = random_magnitude(random);
    switch (random_below(random, 5)) {
    case 0: return cursor_u8(in) == (uint8_t)value;
    case 1: return cursor_u32(in) == (uint32_t)value;
    case 2: return cursor_u64(in) == value;
    case 3: return cursor_varint(in) == value;
    default: return slice_eq(cursor_sized(in), slice_of(&value, value % 9));
    }
}

Test(cursor, reads_what_was_put)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct buffer out = {0};
        struct random writing = {seed}, reading = {seed};
        for (int i = 0; i < 50; i++) write_one(&writing, &out);
        struct cursor in = cursor_of(buffer_slice(&out));
        for (int i = 0; i < 50; i++) cr_assert(reads_back(&reading, &in), "seed %lu, %d", seed, i);
        cr_expect(!in.bad && cursor_left(&in) == 0, "seed %lu", seed);
        buffer_free(&out);
    }
}

Test(cursor, every_truncation_is_found)
{
    struct buffer out = {0};
    struct random writing = {7};
    for (int i = 0; i < 50; i++) write_one(&writing, &out);
    for (size_t len = 0; len < out.len; len++) {
        struct random reading = {7};
        struct cursor in = cursor_of(slice_of(out.data, len));
        for (int i = 0; i < 50; i++) (void)reads_back(&reading, &in);
        cr_expect(in.bad, "cut to %zu bytes", len);
        cr_expect(in.at <= in.end, "cut to %zu bytes", len);
    }
    buffer_free(&out);
}
