/* history_test.c -- the text of histories: what is read is written again, what is wrong is refused.
 */
#include "sim/history.h"
#include "test/rows.h"

/* clang-format off */
static const struct text_row {
    const char *why;
    const char *text;
    const char *wrong; /* NULL: it is read, and written as it was */
} rows[] = {
    {"a write", "1200 3400 ok 7 write user:1 v17\n", NULL},
    {"a write that may have happened", "3600 - unknown 7 cas user:1 v17 v18\n", NULL},
    {"one that did not", "3600 3700 fail 7 cas user:1 - v18\n", NULL},
    {"one that found another value", "4200 4300 ok 8 cas user:1 v17 v19 -> 0\n", NULL},
    {"a read of nothing", "1 2 ok 8 read user:1 -> -\n", NULL},
    {"a read of several keys", "1 2 ok 8 read user:1 -> a a\n", NULL},
    {"bytes of all kinds", "1 2 ok 8 read %25%0A%20%FF -> %2D \"\" - %22\n", NULL},
    {"a list", "5200 5300 ok 9 list l 0 -> v1 v2\n", NULL},
    {"an empty list", "5200 5300 ok 9 list l 0 ->\n", NULL},
    {"a length that was not told", "5000 5100 ok 9 append l v1 -> -1\n", NULL},
    {"two lines", "6000 6100 ok 9 push q v2\n6200 6300 ok 9 pop q -> v2\n", NULL},
    {"a counter", "7000 7100 ok 9 add c 1 -> 1\n7200 7300 ok 9 count c -> 1\n", NULL},
    {"a time to live", "8000 8100 ok 9 put e v3 500\n8200 8300 ok 9 get e -> v3\n", NULL},
    {"no outcome", "1 2 okay 9 push q v\n", "the outcome is not ok, fail or unknown"},
    {"no kind", "1 2 ok 9 shove q v\n", "no such kind of operation"},
    {"no argument", "1 2 ok 9 push q\n", "a word is missing, or there are two blanks"},
    {"two blanks", "1 2 ok 9 push  q v\n", "a word is missing, or there are two blanks"},
    {"too much", "1 2 ok 9 push q v w\n", "there are more words than this kind has"},
    {"no result", "1 2 ok 9 count q\n", "a word is missing, or there are two blanks"},
    {"no arrow", "1 2 ok 9 count q 1\n", "`->` and the result are missing"},
    {"half a byte", "1 2 ok 9 push q %2\n", "a % without two hexadecimal digits behind it"},
    {"no time", "x 2 ok 9 push q v\n", "this is not a whole number"},
    {"time that runs back", "3 2 ok 9 push q v\n", "it returned before it was invoked"},
    {"ok without an end", "3 - ok 9 push q v\n", "it is ok, but never returned"},
    {"a large client", "1 2 ok 4294967296 push q v\n", "the client is not a small number"},
};
/* clang-format on */

Test(history, text)
{
    FOR_ROWS (row, rows) {
        struct fault fault = {0};
        struct history *history = history_new();
        enum err err = history_parse(history, slice_text(row->text), &fault);
        if (row->wrong != NULL) {
            ROW_EQ(row, err, ERR_BAD_RECORD);
            cr_expect(strstr(fault.text, row->wrong) != NULL, "%s: %s", row->why, fault.text);
        } else {
            cr_expect_eq(err, ERR_OK, "%s: %s", row->why, fault.text);
            struct buffer out = {0};
            history_format(history, &out);
            ROW_BYTES_EQ(row, buffer_slice(&out), row->text);
            buffer_free(&out);
        }
        history_free(history);
    }
}

Test(history, passes_over_comments_and_says_which_line_is_wrong)
{
    struct fault fault = {0};
    struct history *history = history_new();
    struct slice text = SLICE("# a run\n\n1 2 ok 9 push q v\n1 2 ok 9 push q\n");
    cr_expect_eq(history_parse(history, text, &fault), ERR_BAD_RECORD);
    cr_expect(strstr(fault.text, "line 4: ") != NULL, "%s", fault.text);
    cr_expect_eq(history_count(history), 1);
    history_free(history);
}
