/* crossing_rows_test.c -- rows of several lanes and nodes as one reply. */
#include "serve/crossing_share.h"

#include "serve/everywhere.h"
#include "test/rows.h"

#define ROW2(first, second) "*4\r\n+a\r\n:" first "\r\n+b\r\n:" second "\r\n"

static void expect(struct share *share, const char *want, const char *why)
{
    struct buffer out = {0};
    share_write_rows(share, &out);
    cr_expect(slice_eq(buffer_slice(&out), slice_text(want)), "%s:\n%.*s", why, (int)out.len,
              (const char *)out.data);
    buffer_free(&out);
    buffer_free(&share->gathered);
    buffer_free(&share->unanswered);
    buffer_free(&share->unanswered_nodes);
}

static struct share sharing(uint64_t rows_max, uint8_t protocol, const char *gathered,
                            uint64_t count)
{
    struct share share = {.combine = COMBINE_TOP,
                          .protocol = protocol,
                          .rows_max = rows_max,
                          .elements_count = count};
    buffer_append(&share.gathered, slice_text(gathered));
    return share;
}

Test(crossing_rows, the_greatest_first)
{
    struct share share =
        sharing(3, 2, ROW2("5", "1") ROW2("70", "0") ROW2("5", "9") ROW2("-2", "9"), 4);
    expect(&share, "*3\r\n" ROW2("70", "0") ROW2("5", "9") ROW2("5", "1"),
           "by the first value, then by the second; no more than wanted");
}

Test(crossing_rows, none)
{
    struct share share = sharing(3, 2, "", 0);
    expect(&share, "*0\r\n", "nobody has any");
}

Test(crossing_rows, who_has_not_answered)
{
    struct share share = sharing(1, 3, "%1\r\n+a\r\n:1\r\n%1\r\n+a\r\n:2\r\n", 2);
    cr_assert(share_note_unanswered(&share, SLICE("-UNANSWERED 7 no link\r\n")));
    cr_assert(share_note_unanswered(&share, SLICE("-UNANSWERED 7 no link\r\n")), "another lane");
    cr_assert(share_note_unanswered(&share, SLICE("-UNANSWERED 8 it is too busy\r\n")));
    expect(&share,
           "*3\r\n%1\r\n+a\r\n:2\r\n"
           "%2\r\n$10\r\nunanswered\r\n:7\r\n$3\r\nwhy\r\n$7\r\nno link\r\n"
           "%2\r\n$10\r\nunanswered\r\n:8\r\n$3\r\nwhy\r\n$14\r\nit is too busy\r\n",
           "named once each, behind the rows, and beyond their number");
}

Test(crossing_rows, other_errors_are_errors)
{
    static const struct {
        const char *why, *error;
    } rows[] = {
        {"another error", "-ERR syntax error\r\n"},
        {"no number", "-UNANSWERED x why\r\n"},
        {"no reason", "-UNANSWERED 7\r\n"},
        {"nothing behind it", "-UNANSWERED \r\n"},
        {"no error", ":7\r\n"},
    };
    FOR_ROWS (row, rows) {
        struct share share = sharing(1, 2, "", 0);
        cr_expect(!share_note_unanswered(&share, slice_text(row->error)), "%s", row->why);
        share.combine = COMBINE_FIRST;
        cr_expect(!share_note_unanswered(&share, SLICE("-UNANSWERED 7 no link\r\n")), "%s",
                  row->why);
    }
}

Test(crossing_rows, options)
{
    static const struct {
        const char *why;
        const char *words[7];
        uint32_t begin;
        uint64_t rows_max;
        uint32_t node;
        bool is_bad;
    } rows[] = {
        {"none", {"CLUSTER", "TOP"}, 2, UINT64_MAX, 0, false},
        {"a kind alone", {"CLUSTER", "TOP", "KEYS"}, 3, UINT64_MAX, 0, false},
        {"both", {"CLUSTER", "TOP", "KEYS", "count", "3", "node", "2"}, 3, 3, 2, false},
        {"the other way", {"CLUSTER", "TOP", "NODE", "2", "COUNT", "0"}, 2, 0, 2, false},
        {"something else", {"CLUSTER", "TOP", "KEYS", "LIMIT", "3"}, 5, UINT64_MAX, 0, false},
        {"no number", {"HOTKEYS", "GET", "COUNT", "x"}, 2, UINT64_MAX, 0, true},
        {"a negative one", {"HOTKEYS", "GET", "COUNT", "-1"}, 2, UINT64_MAX, 0, true},
        {"no node", {"HOTKEYS", "GET", "NODE", "0"}, 2, UINT64_MAX, 0, true},
        {"nor this", {"HOTKEYS", "GET", "NODE", "4294967296"}, 2, UINT64_MAX, 0, true},
    };
    FOR_ROWS (row, rows) {
        struct slice argv[7];
        struct everywhere options;
        uint32_t argc = 0;
        for (; argc < COUNT_OF(argv) && row->words[argc] != NULL; argc++)
            argv[argc] = slice_text(row->words[argc]);
        everywhere_read(argv, argc, &options);
        ROW_EQ(row, options.begin, row->begin);
        ROW_EQ(row, options.is_bad, row->is_bad);
        if (row->is_bad) continue;
        cr_expect(options.rows_max == row->rows_max, "%s", row->why);
        ROW_EQ(row, options.node.n, row->node);
    }
}
