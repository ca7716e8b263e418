/* lost_test.c -- replies that were not to be become errors one by one; what nobody asked for
 * stays. */
#include "serve/lost.h"
#include "test/rows.h"

Test(lost, rows)
{
    static const struct {
        const char *why, *waiting, *want;
        struct lost_manner manner;
        uint64_t count;
    } rows[] = {
        {"each reply has its own error", "+OK\r\n:1\r\n$1\r\na\r\n", "-E\r\n-E\r\n-E\r\n", {0}, 3},
        {"an array is one reply", "*2\r\n+OK\r\n*1\r\n:1\r\n:2\r\n", "-E\r\n-E\r\n", {0}, 2},
        {"an error becomes the other error", "-ERR no\r\n", "-E\r\n", {0}, 1},
        {"nulls are replies", "$-1\r\n*-1\r\n_\r\n", "-E\r\n-E\r\n-E\r\n", {0}, 3},
        {"a push stays, in its place",
         ":1\r\n>2\r\n+a\r\n+b\r\n:2\r\n",
         "-E\r\n>2\r\n+a\r\n+b\r\n-E\r\n",
         {0},
         2},
        {"an attribute goes with its reply",
         "|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n",
         "-E\r\n-E\r\n",
         {0},
         2},
        {"a subscriber's message stays",
         ":1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
         "-E\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
         {.subscriber = true},
         1},
        {"and what says that it listens",
         "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
         "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
         {.subscriber = true},
         0},
        {"the same array is a reply to who listens to nothing",
         "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
         "-E\r\n",
         {0},
         1},
        {"a longer word is no message",
         "*1\r\n$8\r\nmessages\r\n",
         "-E\r\n",
         {.subscriber = true},
         1},
        {"an empty array is no message", "*0\r\n", "-E\r\n", {.subscriber = true}, 1},
        {"a line of MONITOR stays",
         "+1700000000.1 [0 x] \"get\"\r\n+OK\r\n",
         "+1700000000.1 [0 x] \"get\"\r\n-E\r\n",
         {.monitor = true},
         1},
        {"nothing is nothing", "", "", {0}, 0},
    };
    FOR_ROWS (row, rows) {
        struct buffer out = {0};
        uint64_t count =
            lost_replace(&out, slice_text(row->waiting), &row->manner, SLICE("-E\r\n"));
        ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
        ROW_EQ(row, count, row->count);
        buffer_free(&out);
    }
}
