/* suggest_test.c -- which name is nearest to a wrong one. */
#include "base/suggest.h"
#include "test/rows.h"

static const char *const names[] = {"count",  "sum",    "min",     "max",         "mean",  "input",
                                    "inputs", "output", "workers", "worker-name", "worked"};

static const struct suggest_row {
    const char *why, *wrong, *want;
} rows[] = {
    {"a byte left out", "cunt", "count"},
    {"a byte too many", "countt", "count"},
    {"another byte", "caunt", "count"},
    {"two swapped", "cuont", "count"},
    {"two swapped in a short word", "smu", "sum"},
    {"the start of one", "out", "output"},
    {"the start of one is nearer than an edit", "worker", "workers"},
    {"a start is nearer than a byte too many", "wor", "workers"},
    {"the first of equals", "mix", "min"},
    {"the name itself", "mean", "mean"},
    {"nothing near", "frequency", ""},
    {"nothing at all", "", ""},
    {"one byte is no start", "x", ""},
    {"longer than any name may be",
     "countcountcountcountcountcountcountcountcountcountcountcountcount", ""},
};

Test(suggest, rows)
{
    FOR_ROWS (row, rows) {
        struct slice near = suggest_nearest(slice_text(row->wrong), names, COUNT_OF(names));
        ROW_BYTES_EQ(row, near, row->want);
    }
}
