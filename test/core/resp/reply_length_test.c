/* reply_length_test.c -- replies are passed over whole, and nothing else is taken for one. */
#include "core/resp/reply_length.h"
#include "test/rows.h"

Test(reply_length, rows)
{
    static const struct {
        const char *why, *bytes;
        size_t want;
    } rows[] = {
        {"a simple string", "+OK\r\n", 5},
        {"only the first counts", ":12\r\n+OK\r\n", 5},
        {"an error", "-ERR no\r\n", 9},
        {"a bulk string may hold line ends", "$4\r\n\r\n\r\n\r\n", 10},
        {"a null of RESP2", "$-1\r\n", 5},
        {"a null array", "*-1\r\n+OK\r\n", 5},
        {"a null of RESP3", "_\r\n", 3},
        {"an empty array", "*0\r\n:1\r\n", 4},
        {"arrays in arrays", "*2\r\n*1\r\n:1\r\n$1\r\na\r\n+OK\r\n", 19},
        {"a map has twice as many", "%1\r\n+a\r\n+b\r\n+c\r\n", 12},
        {"an attribute comes before what it is of", "|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", 16},
        {"an attribute alone is not whole", "|1\r\n+a\r\n+b\r\n", 0},
        {"a push", ">2\r\n+a\r\n+b\r\n+c\r\n", 12},
        {"nothing", "", 0},
        {"half a line", "+OK\r", 0},
        {"a line end without its half", "+OK\rx", 0},
        {"half a bulk string", "$4\r\nabc", 0},
        {"a bulk string without its end", "$3\r\nabc", 0},
        {"an array that lacks one", "*2\r\n:1\r\n", 0},
        {"a length past all bytes", "$99999999999999999999\r\n", 0},
        {"a count past all bytes", "*1000000\r\n:1\r\n", 0},
        {"a length below none", "$-2\r\n", 0},
        {"no type", "hello\r\n", 0},
    };
    FOR_ROWS (row, rows) ROW_EQ(row, reply_length(slice_text(row->bytes)), row->want);
}

Test(reply_length, depth_is_bounded)
{
    char text[(REPLY_DEPTH_MAX + 1) * 4 + 16] = "";
    for (int i = 0; i < REPLY_DEPTH_MAX - 1; i++) strcat(text, "*1\r\n");
    strcat(text, ":1\r\n");
    cr_expect_eq(reply_length(slice_text(text)), strlen(text));
    char deeper[sizeof text + 4] = "*1\r\n";
    strcat(deeper, text);
    cr_expect_eq(reply_length(slice_text(deeper)), 0);
}
