/* arguments_test.c -- texts to numbers and back: only the shortest decimal form is an integer. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/call.h"
#include "test/random.h"
#include "test/rows.h"

/* clang-format off */
static const struct integer_row {
    const char *why, *text;
    bool parsed;
    int64_t value;
} integer_rows[] = {
    {"zero",                          "0",                    true,  0},
    {"a digit",                       "7",                    true,  7},
    {"a negative number",             "-42",                  true,  -42},
    {"the greatest",                  "9223372036854775807",  true,  INT64_MAX},
    {"the least",                     "-9223372036854775808", true,  INT64_MIN},
    {"one more than the greatest",    "9223372036854775808",  false, 0},
    {"one less than the least",       "-9223372036854775809", false, 0},
    {"19 nines",                      "9999999999999999999",  false, 0},
    {"too many digits",               "10000000000000000000", false, 0},
    {"nothing",                       "",                     false, 0},
    {"a minus alone",                 "-",                    false, 0},
    {"minus zero",                    "-0",                   false, 0},
    {"a zero before it",              "01",                   false, 0},
    {"a zero before a negative",      "-01",                  false, 0},
    {"a plus",                        "+1",                   false, 0},
    {"a blank before",                " 1",                   false, 0},
    {"a blank behind",                "1 ",                   false, 0},
    {"a letter",                      "1a",                   false, 0},
    {"a fraction",                    "1.5",                  false, 0},
};

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

Test(arguments, integer_rows)
{
    FOR_ROWS (row, integer_rows) {
        int64_t value = 0;
        bool parsed = integer_parse(slice_text(row->text), &value);
        ROW_EQ(row, parsed, row->parsed);
        if (parsed) ROW_EQ(row, value, row->value);
    }
}

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

Test(arguments, integers_come_back)
{
    struct random random = {3};
    for (int i = 0; i < 100000; i++) {
        int64_t value = (int64_t)random_magnitude(&random), back;
        if (random_below(&random, 2) != 0) value = (int64_t)(0 - (uint64_t)value);
        char text[INTEGER_TEXT_MAX], plain[32];
        size_t len = integer_format(value, text);
        int plain_len = snprintf(plain, sizeof plain, "%lld", (long long)value);
        cr_assert(slice_eq(slice_of(text, len), slice_of(plain, (size_t)plain_len)), "%s", plain);
        cr_assert(integer_parse(slice_of(text, len), &back) && back == value, "%s", plain);
    }
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
