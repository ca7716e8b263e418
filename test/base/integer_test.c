/* integer_test.c -- integers to text and back: only the shortest form is one. */
#include <stdio.h>

#include "base/integer.h"
#include "base/prng.h"
#include "test/rows.h"

/* clang-format off */
static const struct integer_row {
    const char *why;
    const char *text;
    bool ok;
    int64_t value;
} rows[] = {
    {"zero",                         "0",                     true,  0},
    {"one digit",                    "7",                     true,  7},
    {"a negative one",               "-7",                    true,  -7},
    {"several digits",               "1234567890",            true,  1234567890},
    {"the largest",                  "9223372036854775807",   true,  INT64_MAX},
    {"the smallest",                 "-9223372036854775808",  true,  INT64_MIN},
    {"one more than the largest",    "9223372036854775808",   false, 0},
    {"one less than the smallest",   "-9223372036854775809",  false, 0},
    {"nineteen nines",               "9999999999999999999",   false, 0},
    {"twenty digits",                "10000000000000000000",  false, 0},
    {"nothing",                      "",                      false, 0},
    {"a minus alone",                "-",                     false, 0},
    {"a minus and zero",             "-0",                    false, 0},
    {"a plus",                       "+1",                    false, 0},
    {"a leading zero",               "01",                    false, 0},
    {"a leading blank",              " 1",                    false, 0},
    {"a blank behind",               "1 ",                    false, 0},
    {"letters",                      "1a",                    false, 0},
    {"a fraction",                   "1.0",                   false, 0},
};
/* clang-format on */

Test(integer, rows)
{
    FOR_ROWS (row, rows) {
        int64_t value = 0;
        ROW_EQ(row, integer_parse(slice_text(row->text), &value), row->ok);
        ROW_EQ(row, value, row->value);
        char text[INTEGER_TEXT_MAX];
        if (row->ok) ROW_BYTES_EQ(row, slice_of(text, integer_format(value, text)), row->text);
    }
}

Test(integer, prints_and_reads_any)
{
    struct prng prng = {1};
    for (int round = 0; round < 100000; round++) {
        int64_t want = (int64_t)prng_next(&prng) >> prng_below(&prng, 64), got = 0;
        char text[INTEGER_TEXT_MAX], plain[32];
        struct slice printed = slice_of(text, integer_format(want, text));
        snprintf(plain, sizeof plain, "%lld", (long long)want);
        cr_assert(slice_eq(printed, slice_text(plain)), "%s", plain);
        cr_assert(integer_parse(printed, &got) && got == want, "%s", plain);
    }
}
