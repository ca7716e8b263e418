/* arguments_test.c -- texts to floats and words. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/call.h"
#include "test/random.h"
#include "test/rows.h"

/* clang-format off */
static const struct double_row {
    const char *why, *text;
    bool parsed;
    double value;
} double_rows[] = {
    {"an integer",                    "3",       true,  3},
    {"a fraction",                    "3.25",    true,  3.25},
    {"a fraction that is not exact",  "0.1",     true,  0.1},
    {"no digits before the point",    ".5",      true,  .5},
    {"no digits behind the point",    "5.",      true,  5},
    {"negative",                      "-1.5",    true,  -1.5},
    {"a plus",                        "+1.5",    true,  1.5},
    {"an exponent",                   "1e3",     true,  1000},
    {"infinity",                      "inf",     true,  (double)INFINITY},
    {"minus infinity",                "-inf",    true,  -(double)INFINITY},
    {"many digits",                   "0.12345678901234567890", true, 0.12345678901234567890},
    {"not a number",                  "nan",     false, 0},
    {"too large",                     "1e400",   false, 0},
    {"nothing",                       "",        false, 0},
    {"a point",                       ".",       false, 0},
    {"a minus and a point",           "-.",      false, 0},
    {"two points",                    "1.2.3",   false, 0},
    {"a blank before",                " 1",      false, 0},
    {"a blank behind",                "1 ",      false, 0},
    {"letters",                       "abc",     false, 0},
};

static const struct word_row {
    const char *why, *text, *word;
    bool is;
} word_rows[] = {
    {"the same",                 "MATCH", "MATCH", true},
    {"in lower case",            "match", "MATCH", true},
    {"a part of it",             "MAT",   "MATCH", false},
    {"more than it",             "MATCHES", "MATCH", false},
    {"nothing",                  "",      "MATCH", false},
};
/* clang-format on */

Test(arguments, double_rows)
{
    FOR_ROWS (row, double_rows) {
        double value = 0;
        bool parsed = double_parse(slice_text(row->text), &value);
        ROW_EQ(row, parsed, row->parsed);
        if (parsed) cr_expect(value == row->value, "%s: %.17g", row->why, value);
    }
}

Test(arguments, word_rows)
{
    FOR_ROWS (row, word_rows) ROW_EQ(row, word_is(slice_text(row->text), row->word), row->is);
}

Test(arguments, short_decimals_are_as_strtod_reads_them)
{
    struct random random = {5};
    for (int i = 0; i < 100000; i++) {
        char text[40];
        uint64_t whole = random_magnitude(&random), part = random_magnitude(&random) >> 20;
        int len = snprintf(text, sizeof text, "%s%llu.%llu", i % 2 ? "-" : "",
                           (unsigned long long)whole, (unsigned long long)part);
        double value;
        cr_assert(double_parse(slice_of(text, (size_t)len), &value));
        cr_assert(value == strtod(text, NULL), "%s", text);
    }
}
