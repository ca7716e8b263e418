/* regex_test.c -- the matches of a regex in a record. See regex.h. */
#include "test/rows.h"
#include "work/map/regex.h"

#include "base/buffer.h"

/* All pairs, as "key=value;" each. */
static const struct match_row {
    const char *why, *pattern, *record, *pairs;
} rows[] = {
    {"no match", "x", "abc", ""},
    {"the whole match", "b.", "abc", "bc=;"},
    {"every match", "[a-z]+", "one, two; three", "one=;two=;three=;"},
    {"matches do not overlap", "aa", "aaaaa", "aa=;aa=;"},
    {"a group is the key", "id=(\\d+)", "id=1 id=22", "1=;22=;"},
    {"two groups", "(\\w+)=(\\w+)", "a=b, c=d", "a=b;c=d;"},
    {"a third group is not used", "(a)(b)(c)", "abc", "a=b;"},
    {"an empty key by a group", "x(y*)", "x", "=;"},
    {"group 1 took no part", "(a)|b", "ba", "a=;"},
    {"group 2 took no part", "(a)(b)?", "aab", "a=;a=b;"},
    {"empty matches are not keys", "a*", "baac", "aa=;"},
    {"empty matches with a group", "(?=(..))", "abcd", "ab=;bc=;cd=;"},
    {"an empty record", "^(.*)$", "", "=;"},
    {"only the start", "^(.)", "aaa", "a=;"},
    {"a kept-out start", "a\\Kb", "abab", "b=;b=;"},
    {"bytes, not characters", "^(.)", "\xc3\xa9", "\xc3=;"},
    {"characters where asked for", "(*UTF)(.)",
     "\xc3\xa9"
     "e",
     "\xc3\xa9=;e=;"},
    {"characters, with empty matches", "(*UTF)()", "\xc3\xa9", "=;=;"},
};

static enum map_verdict all_pairs(struct regex *regex, struct slice record, struct buffer *out)
{
    struct map_pair pair = {0};
    enum map_verdict verdict;
    do {
        pair.more = false;
        verdict = regex_extract(regex, record, &pair);
        if (verdict != MAP_PAIR) continue;
        buffer_append_format(out, "%.*s=%.*s;", (int)pair.key.len, (const char *)pair.key.data,
                             (int)pair.value.len, (const char *)pair.value.data);
    } while (pair.more);
    return verdict;
}

Test(regex, rows)
{
    FOR_ROWS (row, rows) {
        struct regex regex;
        struct fault fault;
        struct buffer out = {0};
        cr_assert_eq(regex_compile(slice_text(row->pattern), &regex, &fault), ERR_OK, "%s",
                     row->why);
        cr_expect_neq(all_pairs(&regex, slice_text(row->record), &out), MAP_BAD, "%s", row->why);
        ROW_BYTES_EQ(row, buffer_slice(&out), row->pairs);
        buffer_free(&out);
        regex_free(&regex);
    }
}

static const struct wrong_row {
    const char *why, *pattern, *says;
} wrong_rows[] = {
    {"a parenthesis is missing", "ab(c",
     "regex: missing closing parenthesis, at byte 4\n  ab(c\n      ^"},
    {"nothing to repeat", "a|*b",
     "regex: quantifier does not follow a repeatable item, at byte 2\n  a|*b\n    ^"},
};

Test(regex, wrong_patterns_are_shown)
{
    FOR_ROWS (row, wrong_rows) {
        struct regex regex;
        struct fault fault;
        ROW_EQ(row, regex_compile(slice_text(row->pattern), &regex, &fault), ERR_USAGE);
        ROW_BYTES_EQ(row, slice_text(fault.text), row->says);
        regex_free(&regex);
    }
}

Test(regex, a_record_that_takes_too_long_is_bad)
{
    struct regex regex;
    struct fault fault;
    struct buffer out = {0};
    cr_assert_eq(regex_compile(SLICE("(a+)+b"), &regex, &fault), ERR_OK);
    struct slice record = SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac b");
    cr_expect_eq(all_pairs(&regex, record, &out), MAP_BAD);
    cr_expect_eq(all_pairs(&regex, SLICE("aab"), &out), MAP_SKIP); /* and the next one is fine */
    cr_expect(slice_eq(buffer_slice(&out), SLICE("aa=;")));
    buffer_free(&out);
    regex_free(&regex);
}

Test(regex, a_record_that_is_not_utf8_is_bad_where_characters_are_asked_for)
{
    struct regex regex;
    struct fault fault;
    struct buffer out = {0};
    cr_assert_eq(regex_compile(SLICE("(*UTF)(.)"), &regex, &fault), ERR_OK);
    cr_expect_eq(all_pairs(&regex, SLICE("a\xff"), &out), MAP_BAD);
    buffer_free(&out);
    regex_free(&regex);
}
