/* glob_test.c -- patterns, each with a text and whether they match; then the bound of the cost. */
#include "base/glob.h"

#include <stdlib.h>

#include "test/random.h"
#include "test/rows.h"

/* clang-format off */
static const struct glob_row {
    const char *why, *pattern, *text;
    bool want, want_no_case;
} rows[] = {
    {"equal bytes match",                         "abc",       "abc",     true,  true},
    {"case counts, unless told",                  "aBc",       "AbC",     false, true},
    {"a question mark is one byte",               "a?c",       "abc",     true,  true},
    {"a question mark is not nothing",            "a?",        "a",       false, false},
    {"a star is anything",                        "a*c",       "abbbc",   true,  true},
    {"a star is nothing, too",                    "a*c",       "ac",      true,  true},
    {"stars at the end match nothing",            "a**",       "a",       true,  true},
    {"a lone star does not match no text",        "*",         "",        false, false},
    {"nothing matches nothing",                   "",          "",        true,  true},
    {"nothing does not match something",          "",          "a",       false, false},
    {"a text longer than the pattern",            "ab",        "abc",     false, false},
    {"a pattern longer than the text",            "abc",       "ab",      false, false},
    {"the last star tries again",                 "*a*b*c",    "xaybazc", true,  true},
    {"a class",                                   "h[ae]llo",  "hello",   true,  true},
    {"not in the class",                          "h[ae]llo",  "hillo",   false, false},
    {"a class that is not",                       "h[^e]llo",  "hallo",   true,  true},
    {"a class that is not, and is",               "h[^e]llo",  "hello",   false, false},
    {"a range",                                   "[a-c]",     "b",       true,  true},
    {"a range backwards",                         "[c-a]",     "b",       true,  true},
    {"a range in another case",                   "[a-c]",     "B",       false, true},
    {"a minus at the end of a class begins a range over the bracket", "[a-]", "a", true, true},
    {"an escaped bracket in a class",             "[\\]]",     "]",       true,  true},
    {"an escaped byte in a class keeps its case", "[\\a]",     "A",       false, false},
    {"a class without an end",                    "[abc",      "b",       true,  true},
    {"a class without an end, and not in it",     "[abc",      "d",       false, false},
    {"an empty class matches nothing",            "[]",        "a",       false, false},
    {"an empty class that is not matches all",    "[^]",       "a",       true,  true},
    {"an escaped star is a star",                 "a\\*",      "a*",      true,  true},
    {"an escaped star is nothing else",           "a\\*",      "ab",      false, false},
    {"a backslash at the end is itself",          "a\\",       "a\\",     true,  true},
};
/* clang-format on */

Test(glob, rows)
{
    FOR_ROWS (row, rows) {
        struct slice pattern = slice_text(row->pattern), text = slice_text(row->text);
        ROW_EQ(row, glob_match(pattern, text), row->want);
        ROW_EQ(row, glob_match_no_case(pattern, text), row->want_no_case);
    }
}

/* The meaning, without any thought of cost: `?`, `*` and plain bytes. */
static bool plain_match(struct slice pattern, struct slice text)
{
    if (pattern.len == 0) return text.len == 0;
    struct slice rest = slice_from(pattern, 1);
    if (pattern.data[0] == '*') {
        return plain_match(rest, text) ||
               (text.len != 0 && plain_match(pattern, slice_from(text, 1)));
    }
    if (text.len == 0) return false;
    if (pattern.data[0] != '?' && pattern.data[0] != text.data[0]) return false;
    return plain_match(rest, slice_from(text, 1));
}

Test(glob, is_what_it_means)
{
    struct random random = {7};
    for (int i = 0; i < 50000; i++) {
        uint8_t pattern[8], text[8];
        struct slice p = {pattern, random_below(&random, 8)};
        struct slice t = {text, 1 + random_below(&random, 7)};
        for (size_t k = 0; k < p.len; k++) pattern[k] = (uint8_t) "ab?**"[random_below(&random, 5)];
        for (size_t k = 0; k < t.len; k++) text[k] = (uint8_t) "ab"[random_below(&random, 2)];
        cr_assert_eq(glob_match(p, t), plain_match(p, t), "%.*s on %.*s", (int)p.len,
                     (const char *)pattern, (int)t.len, (const char *)text);
    }
}

Test(glob, many_stars_cost_no_more_than_pattern_times_text) /* or this test would not end */
{
    enum { STARS = 2000, TEXT = 20000 };
    uint8_t *pattern = malloc(2 * STARS + 1), *text = malloc(TEXT);
    for (size_t i = 0; i < STARS; i++) memcpy(pattern + 2 * i, "a*", 2);
    pattern[2 * STARS] = 'b';
    memset(text, 'a', TEXT);
    cr_expect(!glob_match(slice_of(pattern, 2 * STARS + 1), slice_of(text, TEXT)));
    free(pattern);
    free(text);
}
