/* reduce_test.c -- reduce operators by name: what a person may write, and what is said otherwise.
 */
#include "test/rows.h"
#include "work/reduce/reduce.h"

static const struct name_row {
    const char *why, *reduce;
    enum err err;
    enum reduce_kind kind;
    bool combines, values_sorted;
    const char *says; /* the start of the fault's text */
} rows[] = {
    {"count", "count", ERR_OK, REDUCE_FOLD, false, false, ""},
    {"none", "none", ERR_OK, REDUCE_NONE, false, false, ""},
    {"a command", "cmd:sort", ERR_OK, REDUCE_CHILD, false, false, ""},
    {"a plug-in", "so:./x.so", ERR_OK, REDUCE_CHILD, false, false, ""},
    {"list does not combine: a list may be long", "list", ERR_OK, REDUCE_GROUP, false, false, ""},
    {"first combines", "first", ERR_OK, REDUCE_GROUP, true, false, ""},
    {"top combines", "top:10", ERR_OK, REDUCE_GROUP, true, false, ""},
    {"distinct wants values sorted", "distinct", ERR_OK, REDUCE_GROUP, false, true, ""},
    {"sort", "sort", ERR_OK, REDUCE_GROUP, false, false, ""},
    {"top of nothing", "top", ERR_USAGE, REDUCE_NONE, false, false, "--reduce top: wants top:N ("},
    {"top:0", "top:0", ERR_USAGE, REDUCE_NONE, false, false,
     "top: wants top:N with N from 1 to 100000, not \"0\""},
    {"top of too many", "top:100001", ERR_USAGE, REDUCE_NONE, false, false, "top: wants top:N"},
    {"top of far too many", "top:99999999999999999999", ERR_USAGE, REDUCE_NONE, false, false,
     "top: wants top:N"},
    {"top of a word", "top:ten", ERR_USAGE, REDUCE_NONE, false, false, "top: wants top:N"},
    {"an argument too many", "sum:2", ERR_USAGE, REDUCE_NONE, false, false,
     "--reduce sum: takes nothing behind a colon, not \"2\""},
    {"a command without a command", "cmd:", ERR_USAGE, REDUCE_NONE, false, false,
     "--reduce cmd: wants cmd:COMMAND ("},
    {"a misspelt name", "cuont", ERR_USAGE, REDUCE_NONE, false, false,
     "--reduce: there is no operator \"cuont\"; did you mean count?\n  the operators are: count, "
     "sum, min, max, mean, distinct, top:N, list, first, sort, none, cmd:COMMAND, so:FILE\n"},
};

Test(reduce, names)
{
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct job_spec spec = {.reduce = slice_text(row->reduce)};
        struct reduce_operator reduce;
        struct fault fault = {0};
        ROW_EQ(row, reduce_new(arena, &spec, &reduce, &fault), row->err);
        ROW_EQ(row, reduce.kind, row->kind);
        ROW_EQ(row, reduce.fold != NULL, row->kind == REDUCE_FOLD);
        ROW_EQ(row, reduce.group != NULL, row->kind == REDUCE_GROUP);
        ROW_EQ(row, reduce.group_combines, row->combines);
        ROW_EQ(row, reduce.values_sorted, row->values_sorted);
        cr_expect(slice_starts_with(slice_text(fault.text), slice_text(row->says)),
                  "%s: says \"%s\"", row->why, fault.text);
        group_free(reduce.group);
        arena_free(arena);
    }
}
