/* set_key_test.c -- key and value as one key: back again, and in order. */
#include "test/rows.h"
#include "test/work/shuffle/shuffle_fixture.h"
#include "work/shuffle/set_key.h"

/* clang-format off */
static const struct set_key_row {
    const char *why;
    struct slice joined;
    bool splits;
    size_t escaped_len;
} rows[] = {
    {"empty key, empty value",           {(const uint8_t *)"\0\0", 2}, true, 2},
    {"the first end mark is the end",    {(const uint8_t *)"a\0\0b\0\0", 6}, true, 3},
    {"an escaped zero is not the end",   {(const uint8_t *)"\0\xff\0\0v", 5}, true, 4},
    {"nothing",                          {NULL, 0}, false, 0},
    {"no end mark",                      {(const uint8_t *)"abc", 3}, false, 0},
    {"half an end mark",                 {(const uint8_t *)"abc\0", 4}, false, 0},
    {"an escaped zero and no end",       {(const uint8_t *)"a\0\xff", 3}, false, 0},
    {"a zero with neither FF nor 00",    {(const uint8_t *)"a\0b\0\0", 5}, false, 0},
};
/* clang-format on */

Test(set_key, rows)
{
    FOR_ROWS (row, rows) {
        struct slice escaped = {0}, value;
        ROW_EQ(row, set_key_split(row->joined, &escaped, &value), row->splits);
        ROW_EQ(row, escaped.len, row->escaped_len);
    }
}

struct joined {
    struct buffer key, value, both;
};

static void random_joined(struct random *random, struct joined *joined)
{
    static const enum key_kind kinds[] = {KEY_RANDOM, KEY_ZEROS, KEY_FEW};
    enum key_kind kind = kinds[random_below(random, COUNT_OF(kinds))];
    (void)fixture_key(random, kind, &joined->key);
    (void)fixture_key(random, kind, &joined->value);
    buffer_clear(&joined->both);
    set_key_join(buffer_slice(&joined->key), buffer_slice(&joined->value), &joined->both);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

Test(set_key, comes_apart_again_and_keeps_the_order)
{
    struct random random = {12};
    struct joined a = {0}, b = {0};
    struct buffer plain = {0};
    for (size_t i = 0; i < 20000; i++) {
        random_joined(&random, i % 2 == 0 ? &a : &b);
        struct slice escaped, value;
        cr_assert(set_key_split(buffer_slice(&a.both), &escaped, &value) || i == 0);
        buffer_clear(&plain);
        set_key_unescape(escaped, &plain);
        cr_assert(slice_eq(buffer_slice(&plain), buffer_slice(&a.key)));
        cr_assert(slice_eq(value, buffer_slice(&a.value)));
        int order = slice_cmp(buffer_slice(&a.key), buffer_slice(&b.key));
        if (order == 0) order = slice_cmp(buffer_slice(&a.value), buffer_slice(&b.value));
        cr_assert_eq(sign(slice_cmp(buffer_slice(&a.both), buffer_slice(&b.both))), sign(order));
    }
    struct joined *both[] = {&a, &b};
    for (size_t i = 0; i < 2; i++) {
        buffer_free(&both[i]->key);
        buffer_free(&both[i]->value);
        buffer_free(&both[i]->both);
    }
    buffer_free(&plain);
}
