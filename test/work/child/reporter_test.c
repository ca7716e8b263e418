/* reporter_test.c -- what counts as a report, what is kept of the rest, however it arrives. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "test/rows.h"
#include "work/child/reporter.h"

/* clang-format off */
static const struct report_row {
    const char *why;
    const char *text;
    const char *want_tail;
    uint32_t want_counters;
    int64_t want_amount; /* of the first */
    const char *want_status;
} rows[] = {
    {"nothing is nothing",             "", "", 0, 0, ""},
    {"a line that is no report",       "oh no\n", "oh no\n", 0, 0, ""},
    {"a last line without an end",     "oh no", "oh no", 0, 0, ""},
    {"a counter",                      "reporter:counter:g,n,5\n", "", 1, 5, ""},
    {"counters add up",                "reporter:counter:g,n,5\nreporter:counter:g,n,-7\n",
     "", 1, -2, ""},
    {"two names are two",              "reporter:counter:g,n,5\nreporter:counter:g,m,7\n",
     "", 2, 5, ""},
    {"two groups are two",             "reporter:counter:g,n,5\nreporter:counter:h,n,7\n",
     "", 2, 5, ""},
    {"a name may have commas",         "reporter:counter:g,a,b,5\n", "", 1, 5, ""},
    {"a name may be empty",            "reporter:counter:g,,5\n", "", 1, 5, ""},
    {"a plus sign is fine",            "reporter:counter:g,n,+5\n", "", 1, 5, ""},
    {"CR LF is a line end",            "reporter:counter:g,n,5\r\n", "", 1, 5, ""},
    {"the least number",               "reporter:counter:g,n,-9223372036854775808\n", "", 1,
     INT64_MIN, ""},
    {"and one less is none",           "reporter:counter:g,n,-9223372036854775809",
     "reporter:counter:g,n,-9223372036854775809", 0, 0, ""},
    {"one above the greatest is none", "reporter:counter:g,n,9223372036854775808",
     "reporter:counter:g,n,9223372036854775808", 0, 0, ""},
    {"a sum stays at the greatest",
     "reporter:counter:g,n,9223372036854775807\nreporter:counter:g,n,1\n", "", 1, INT64_MAX, ""},
    {"an amount that is no number",    "reporter:counter:g,n,5x\n", "reporter:counter:g,n,5x\n",
     0, 0, ""},
    {"no amount",                      "reporter:counter:g,n,\n", "reporter:counter:g,n,\n", 0, 0,
     ""},
    {"no comma",                       "reporter:counter:g\n", "reporter:counter:g\n", 0, 0, ""},
    {"one comma",                      "reporter:counter:g,5\n", "reporter:counter:g,5\n", 0, 0,
     ""},
    {"a status",                       "reporter:status:half way\n", "", 0, 0, "half way"},
    {"the later status counts",        "reporter:status:one\nreporter:status:two\n", "", 0, 0,
     "two"},
    {"a report is a line of its own",  " reporter:status:one\n", " reporter:status:one\n", 0, 0,
     ""},
    {"reports are taken out",          "a\nreporter:status:s\nb\n", "a\nb\n", 0, 0, "s"},
};
/* clang-format on */

static void check_row(const struct report_row *row, struct reporter *reporter)
{
    uint32_t count;
    reporter_end(reporter);
    const struct child_counter *counters = reporter_counters(reporter, &count);
    ROW_EQ(row, count, row->want_counters);
    if (count > 0) ROW_EQ(row, counters[0].amount, row->want_amount);
    ROW_BYTES_EQ(row, reporter_tail(reporter), row->want_tail);
    ROW_BYTES_EQ(row, reporter_status(reporter), row->want_status);
}

Test(reporter, rows_in_any_two_pieces)
{
    FOR_ROWS (row, rows) {
        struct slice text = slice_text(row->text);
        for (size_t cut = 0; cut <= text.len; cut++) {
            struct reporter *reporter = reporter_new();
            reporter_feed(reporter, slice_of(text.data, cut));
            reporter_feed(reporter, slice_from(text, cut));
            check_row(row, reporter);
            reporter_free(reporter);
        }
    }
}

Test(reporter, keeps_the_last_bytes_of_all) /* against simply keeping everything */
{
    enum { TOTAL = 60000 };
    uint8_t *all = malloc(TOTAL);
    srand(1);
    for (int round = 0; round < 200; round++) {
        struct reporter *reporter = reporter_new();
        size_t line_max = 1 + (size_t)rand() % 20000, len = 0;
        for (size_t i = 0; i < TOTAL; i++) {
            all[i] = (size_t)rand() % line_max == 0 ? '\n' : (uint8_t)('a' + i % 26);
        }
        while (len < TOTAL) {
            size_t part = u64_min(1 + (size_t)rand() % 15000, TOTAL - len);
            reporter_feed(reporter, slice_of(all + len, part));
            len += part;
        }
        reporter_end(reporter);
        cr_assert(slice_eq(reporter_tail(reporter),
                           slice_of(all + TOTAL - REPORTER_TAIL_BYTES, REPORTER_TAIL_BYTES)),
                  "round %d", round);
        reporter_free(reporter);
    }
    free(all);
}

Test(reporter, an_overlong_line_is_no_report)
{
    struct reporter *reporter = reporter_new();
    struct slice start = SLICE("reporter:status:");
    uint8_t filler[REPORTER_LINE_MAX];
    memset(filler, 'x', sizeof filler);
    reporter_feed(reporter, start);
    reporter_feed(reporter, slice_of(filler, sizeof filler));
    reporter_feed(reporter, SLICE("\nreporter:status:ok\n"));
    cr_expect(slice_eq(reporter_status(reporter), SLICE("ok")));
    cr_expect_eq(reporter_tail(reporter).len, REPORTER_TAIL_BYTES);
    reporter_free(reporter);
}

Test(reporter, counters_are_bounded)
{
    struct reporter *reporter = reporter_new();
    for (uint32_t i = 0; i < REPORTER_COUNTERS_MAX + 10; i++) {
        bool taken = reporter_count(reporter, SLICE("g"), slice_of(&i, sizeof i), 1);
        cr_expect_eq(taken, i < REPORTER_COUNTERS_MAX);
    }
    cr_expect(reporter_count(reporter, SLICE("g"), slice_of(&(uint32_t){0}, 4), 1));
    reporter_free(reporter);
}
