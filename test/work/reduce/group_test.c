/* group_test.c -- reduce operators that see a key and its values. */
#include <stdio.h>
#include <stdlib.h>

#include "test/rows.h"
#include "test/work/reduce/text_sink_fixture.h"
#include "work/reduce/reduce.h"

enum { VALUES_MAX = 6 };

static const struct group_row {
    const char *why, *reduce;
    bool combining;
    const char *values[VALUES_MAX];
    const char *pairs; /* of the key k */
} rows[] = {
    {"list joins", "list", false, {"b", "a", "b"}, "k=b,a,b;"},
    {"list of one", "list", false, {"a"}, "k=a;"},
    {"list of empty values", "list", false, {"", ""}, "k=,;"},
    {"first is the first", "first", false, {"b", "a"}, "k=b;"},
    {"first combines to itself", "first", true, {"b", "a"}, "k=b;"},
    {"sort keeps all", "sort", false, {"b", "a", "b"}, "k=b;k=a;k=b;"},
    {"distinct counts", "distinct", false, {"a", "b", "c"}, "k=3;"},
    {"distinct of one", "distinct", false, {""}, "k=1;"},
    {"top:1", "top:1", false, {"1", "10", "9"}, "k=10;"},
    {"top:2, by size", "top:2", false, {"9", "10", "-11", "1e3"}, "k=1000,10;"},
    {"top with equals", "top:3", false, {"1", "2", "1.0", "2.0"}, "k=2,2,1;"},
    {"top of fewer", "top:5", false, {"1", "2"}, "k=2,1;"},
    {"top combines to pairs", "top:2", true, {"1", "3", "2"}, "k=3;k=2;"},
    {"no values, no pair", "top:2", false, {NULL}, ""},
    {"no values, no list", "list", false, {NULL}, ""},
};

struct maker {
    struct arena *arena;
    struct reduce_operator reduce;
    struct fault fault;
};

static struct maker maker_of(const char *text)
{
    struct maker maker = {.arena = arena_new()};
    struct job_spec spec = {.reduce = slice_text(text)};
    cr_assert_eq(reduce_new(maker.arena, &spec, &maker.reduce, &maker.fault), ERR_OK, "%s",
                 maker.fault.text);
    cr_assert_eq(maker.reduce.kind, REDUCE_GROUP);
    return maker;
}

static void maker_free(struct maker *maker)
{
    group_free(maker->reduce.group);
    arena_free(maker->arena);
}

Test(group, rows)
{
    FOR_ROWS (row, rows) {
        struct maker maker = maker_of(row->reduce);
        struct group_operator *group = maker.reduce.group;
        struct text_sink out = text_sink();
        for (int again = 0; again < 2; again++) { /* the second group knows nothing of the first */
            char key[] = "k";                     /* borrowed by group_begin only */
            buffer_clear(&out.text);
            ROW_EQ(row,
                   group_begin(group, slice_text(key), row->combining, &out.sink, &maker.fault),
                   ERR_OK);
            key[0] = 'x';
            for (size_t i = 0; i < VALUES_MAX && row->values[i] != NULL; i++) {
                ROW_EQ(row, group_value(group, slice_text(row->values[i]), &maker.fault), ERR_OK);
            }
            ROW_EQ(row, group_end(group, &maker.fault), ERR_OK);
            ROW_BYTES_EQ(row, buffer_slice(&out.text), row->pairs);
        }
        buffer_free(&out.text);
        maker_free(&maker);
    }
}

Test(group, a_value_that_is_no_number_is_not_taken)
{
    struct maker maker = maker_of("top:2");
    struct group_operator *group = maker.reduce.group;
    struct text_sink out = text_sink();
    cr_expect_eq(group_begin(group, SLICE("k"), false, &out.sink, &maker.fault), ERR_OK);
    cr_expect_eq(group_value(group, SLICE("1"), &maker.fault), ERR_OK);
    cr_expect_eq(group_value(group, SLICE("one"), &maker.fault), ERR_BAD_RECORD);
    cr_expect_str_eq(maker.fault.text, "the value \"one\" is not a number");
    cr_expect_eq(group_end(group, &maker.fault), ERR_OK);
    cr_expect(slice_eq(buffer_slice(&out.text), SLICE("k=1;")));
    buffer_free(&out.text);
    maker_free(&maker);
}

static int descending(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

Test(group, top_is_the_start_of_the_sorted_values)
{
    uint64_t seed = 6;
    for (int round = 0; round < 500; round++) {
        int values[100], count = 1 + round % 100, top_max = 1 + round % 37;
        char text[32];
        struct buffer want = {0};
        (void)snprintf(text, sizeof text, "top:%d", top_max);
        struct maker maker = maker_of(text);
        struct text_sink out = text_sink();
        cr_assert_eq(group_begin(maker.reduce.group, SLICE("k"), false, &out.sink, &maker.fault),
                     0);
        for (int i = 0; i < count; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            values[i] = (int)(seed >> 33) % 200 - 100;
            (void)snprintf(text, sizeof text, "%d", values[i]);
            cr_assert_eq(group_value(maker.reduce.group, slice_text(text), &maker.fault), ERR_OK);
        }
        cr_assert_eq(group_end(maker.reduce.group, &maker.fault), ERR_OK);
        qsort(values, (size_t)count, sizeof values[0], descending);
        buffer_append(&want, SLICE("k="));
        for (int i = 0; i < count && i < top_max; i++) {
            buffer_append_format(&want, "%s%d", i == 0 ? "" : ",", values[i]);
        }
        buffer_append_byte(&want, ';');
        cr_assert(slice_eq(buffer_slice(&out.text), buffer_slice(&want)), "round %d", round);
        buffer_free(&want);
        buffer_free(&out.text);
        maker_free(&maker);
    }
}
