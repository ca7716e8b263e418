/* fold_test.c -- reduce operators with a state of fixed size. */
#include "test/rows.h"
#include "work/reduce/reduce.h"

enum { VALUES_MAX = 5 };

static const struct fold_row {
    const char *why, *reduce;
    const char *values[VALUES_MAX];
    const char *want;
} rows[] = {
    {"count counts all", "count", {"", "x", "1"}, "3"},
    {"sum adds", "sum", {"1", "2.5", "-4"}, "-0.5"},
    {"sum of one", "sum", {"007"}, "7"},
    {"min by size, not by bytes", "min", {"10", "9", "100"}, "9"},
    {"min below zero", "min", {"-1", "-10", "5"}, "-10"},
    {"min prints its shortest text", "min", {"1.50", "2"}, "1.5"},
    {"max by size, not by bytes", "max", {"10", "9", "100"}, "100"},
    {"max of exponents", "max", {"1e3", "999", "1e-9"}, "1000"},
    {"max below zero", "max", {"-3", "-2.5"}, "-2.5"},
    {"mean", "mean", {"1", "2", "2"}, "1.66666666666667"},
    {"mean that is exact", "mean", {"1", "2"}, "1.5"},
};

/* States lie at multiples of 8, and here just so. */
struct states {
    uint64_t aligned_more;
    uint64_t one[FOLD_STATE_BYTES_MAX / 8], other[FOLD_STATE_BYTES_MAX / 8];
};

static const struct fold_type *fold_of(const char *text)
{
    struct arena *arena = arena_new();
    struct job_spec spec = {.reduce = slice_text(text)};
    struct reduce_operator reduce;
    struct fault fault;
    cr_assert_eq(reduce_new(arena, &spec, &reduce, &fault), ERR_OK, "%s", text);
    cr_assert_eq(reduce.kind, REDUCE_FOLD);
    cr_assert_eq(reduce.fold->state_bytes % 8, 0);
    cr_assert(reduce.fold->state_bytes <= FOLD_STATE_BYTES_MAX);
    arena_free(arena);
    return reduce.fold;
}

static void recode(const struct fold_row *row, const struct fold_type *fold, void *state)
{
    struct buffer bytes = {0};
    fold->encode(state, &bytes);
    memset(state, 0xaa, fold->state_bytes);
    ROW_EQ(row, fold->decode(buffer_slice(&bytes), state), true);
    for (size_t cut = 0; cut < bytes.len; cut++) {
        uint64_t scratch[FOLD_STATE_BYTES_MAX / 8];
        ROW_EQ(row, fold->decode(slice_of(bytes.data, cut), scratch), false);
    }
    buffer_append_byte(&bytes, 0);
    uint64_t scratch[FOLD_STATE_BYTES_MAX / 8];
    ROW_EQ(row, fold->decode(buffer_slice(&bytes), scratch), false);
    buffer_free(&bytes);
}

static void expect_text(const struct fold_row *row, const struct fold_type *fold, const void *state)
{
    struct buffer text = {0};
    fold->format(state, &text);
    ROW_BYTES_EQ(row, buffer_slice(&text), row->want);
    buffer_free(&text);
}

Test(fold, added_one_by_one)
{
    FOR_ROWS (row, rows) {
        const struct fold_type *fold = fold_of(row->reduce);
        struct states states;
        struct fault fault;
        memset(&states, 0xaa, sizeof states);
        ROW_EQ(row, fold->start(states.one, slice_text(row->values[0]), &fault), ERR_OK);
        for (size_t i = 1; i < VALUES_MAX && row->values[i] != NULL; i++) {
            ROW_EQ(row, fold->add(states.one, slice_text(row->values[i]), &fault), ERR_OK);
        }
        expect_text(row, fold, states.one);
    }
}

Test(fold, merged_through_their_bytes)
{
    FOR_ROWS (row, rows) {
        const struct fold_type *fold = fold_of(row->reduce);
        struct states states;
        struct fault fault;
        memset(&states, 0xaa, sizeof states);
        ROW_EQ(row, fold->start(states.one, slice_text(row->values[0]), &fault), ERR_OK);
        for (size_t i = 1; i < VALUES_MAX && row->values[i] != NULL; i++) {
            ROW_EQ(row, fold->start(states.other, slice_text(row->values[i]), &fault), ERR_OK);
            recode(row, fold, states.other);
            fold->merge(states.other, states.one); /* the order is not to matter */
            memcpy(states.one, states.other, fold->state_bytes);
            recode(row, fold, states.one);
        }
        expect_text(row, fold, states.one);
    }
}

static const struct bad_row {
    const char *why, *reduce, *value, *says;
} bad_rows[] = {
    {"sum of a word", "sum", "x", "the value \"x\" is not a number"},
    {"sum of nothing", "sum", "", "the value \"\" is not a number"},
    {"min of a word", "min", "1x", "the value \"1x\" is not a number"},
    {"max of hexadecimal", "max", "0x1", "the value \"0x1\" is not a number"},
    {"mean of a nan", "mean", "nan", "the value \"nan\" is not a number"},
    {"sum of what no double holds", "sum", "1e400",
     "the value is too large to be added (over 1.8e308)"},
};

Test(fold, a_bad_value_leaves_the_state_as_it_was)
{
    FOR_ROWS (row, bad_rows) {
        const struct fold_type *fold = fold_of(row->reduce);
        struct states states, before;
        struct fault fault;
        memset(&states, 0xaa, sizeof states);
        before = states;
        ROW_EQ(row, fold->start(states.one, slice_text(row->value), &fault), ERR_BAD_RECORD);
        ROW_BYTES_EQ(row, slice_text(fault.text), row->says);
        ROW_EQ(row, memcmp(&states, &before, sizeof states), 0);
        ROW_EQ(row, fold->start(states.one, SLICE("5"), &fault), ERR_OK);
        before = states;
        ROW_EQ(row, fold->add(states.one, slice_text(row->value), &fault), ERR_BAD_RECORD);
        ROW_EQ(row, memcmp(&states, &before, sizeof states), 0);
    }
}
