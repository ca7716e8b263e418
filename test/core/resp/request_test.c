/* request_test.c -- bytes to requests: rows, and that the cuts between packets do not matter. */
#include "test/core/resp/request_fixture.h"
#include "test/random.h"
#include "test/rows.h"

/* clang-format off */
static const struct {
    const char *why, *bytes, *want;
} rows[] = {
    {"an array of bulk strings", "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", "[ECHO|hi]"},
    {"several at once", "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n", "[PING][QUIT]"},
    {"an empty bulk string", "*2\r\n$1\r\nX\r\n$0\r\n\r\n", "[X|]"},
    {"any bytes in a bulk string", "*1\r\n$6\r\na\r\nb$c\r\n", "[a\r\nb$c]"},
    {"two digits", "*1\r\n$12\r\nabcdefghijkl\r\n", "[abcdefghijkl]"},
    {"an array of nothing is passed over", "*0\r\n*1\r\n$1\r\na\r\n", "[][a]"},
    {"so is one of less", "*-10\r\nPING\r\n", "[][PING]"},
    {"not whole yet: nothing", "*2\r\n$4\r\nECHO\r\n$2\r\nh", ""},
    {"a count that is no number", "*x\r\n", "!Protocol error: invalid multibulk length"},
    {"a count with a zero before it", "*03\r\n", "!Protocol error: invalid multibulk length"},
    {"no count", "*\r\n", "!Protocol error: invalid multibulk length"},
    {"a count out of range", "*3000000000\r\n", "!Protocol error: invalid multibulk length"},
    {"another type", "*1\r\n:5\r\n", "!Protocol error: expected '$', got ':'"},
    {"a length that is no number", "*1\r\n$x\r\n", "!Protocol error: invalid bulk length"},
    {"a negative length", "*1\r\n$-1\r\n", "!Protocol error: invalid bulk length"},
    {"a length out of range", "*1\r\n$2000000000\r\n", "!Protocol error: invalid bulk length"},
    {"a length of 2^64 and a little", "*1\r\n$18446744073709551617\r\n",
     "!Protocol error: invalid bulk length"},
    {"a length past 2^63", "*1\r\n$9300000000000000000\r\n",
     "!Protocol error: invalid bulk length"},
    {"an inline command", "SET key value\r\n", "[SET|key|value]"},
    {"ended by LF alone", "PING\nPING\n", "[PING][PING]"},
    {"blanks around", "  PING \t x \r\n", "[PING|x]"},
    {"an empty line is passed over", "\r\nPING\r\n", "[][PING]"},
    {"in quotes", "SET \"a b\" 'c d'\r\n", "[SET|a b|c d]"},
    {"quotes within a word", "SET a\"b c\" x\r\n", "[SET|ab c|x]"},
    {"an empty word", "ECHO \"\"\r\n", "[ECHO|]"},
    {"escapes", "ECHO \"\\x41\\n\\t\\\"\\\\\\xzz\"\r\n", "[ECHO|A\n\t\"\\xzz]"},
    {"another escape in other quotes", "ECHO 'it\\'s \\n'\r\n", "[ECHO|it's \\n]"},
    {"no closing quote", "ECHO \"a\r\n", "!Protocol error: unbalanced quotes in request"},
    {"no blank behind a quote", "ECHO \"a\"b\r\n", "!Protocol error: unbalanced quotes in request"},
    {"a backslash at the end", "ECHO \"a\\\r\n", "!Protocol error: unbalanced quotes in request"},
};
/* clang-format on */

Test(request, rows)
{
    FOR_ROWS (row, rows) {
        for (size_t step = 0; step <= 5; step++) {
            struct buffer got = {0};
            request_fixture_read(slice_text(row->bytes), step, &request_usual, &got);
            ROW_BYTES_EQ(row, buffer_slice(&got), row->want);
            buffer_free(&got);
        }
    }
}

Test(request, limits)
{
    const struct request_limits small = {
        .arguments_max = 3, .bulk_bytes_max = 5, .line_bytes_max = 20};
    const struct request_limits stranger = {
        .arguments_max = 100, .bulk_bytes_max = 1 << 20, .line_bytes_max = 65536, .stranger = true};
    const struct {
        const char *why, *bytes;
        const struct request_limits *limits;
        const char *want;
    } cases[] = {
        {"too many arguments", "*4\r\n", &small, "!Protocol error: invalid multibulk length"},
        {"a bulk too long", "*1\r\n$6\r\nabcdef\r\n", &small,
         "!Protocol error: invalid bulk length"},
        {"a line too long", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &small,
         "!Protocol error: too big inline request"},
        {"a count too long", "*1111111111111111111111", &small,
         "!Protocol error: too big mbulk count string"},
        {"a length too long", "*1\r\n$1111111111111111111111", &small,
         "!Protocol error: too big bulk count string"},
        {"a stranger's many arguments", "*11\r\n", &stranger,
         "!Protocol error: unauthenticated multibulk length"},
        {"a stranger's long bulk", "*1\r\n$16385\r\n", &stranger,
         "!Protocol error: unauthenticated bulk length"},
        {"a stranger's few", "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", &stranger, "[AUTH|x]"},
    };
    FOR_ROWS (row, cases) {
        struct buffer got = {0};
        request_fixture_read(slice_text(row->bytes), 0, row->limits, &got);
        ROW_BYTES_EQ(row, buffer_slice(&got), row->want);
        buffer_free(&got);
    }
}

static void add_request(struct random *random, struct buffer *bytes, struct buffer *want)
{
    uint64_t count = 1 + random_below(random, 8);
    buffer_append_format(bytes, "*%llu\r\n", (unsigned long long)count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t len = random_below(random, random_below(random, 10) == 0 ? 3000 : 12);
        buffer_append_format(bytes, "$%llu\r\n", (unsigned long long)len);
        buffer_append_byte(want, i == 0 ? '[' : '|');
        for (uint64_t at = 0; at < len; at++) {
            uint8_t byte = (uint8_t)random_below(random, 256);
            buffer_append_byte(bytes, byte);
            buffer_append_byte(want, byte);
        }
        buffer_append(bytes, SLICE("\r\n"));
    }
    buffer_append_byte(want, ']');
}

Test(request, cuts_do_not_matter)
{
    struct random random = {2};
    for (int round = 0; round < 300; round++) {
        struct buffer bytes = {0}, want = {0}, got = {0};
        uint64_t requests = 1 + random_below(&random, 20);
        for (uint64_t i = 0; i < requests; i++) add_request(&random, &bytes, &want);
        request_fixture_read(buffer_slice(&bytes), random_below(&random, 200), &request_usual,
                             &got);
        cr_assert(slice_eq(buffer_slice(&got), buffer_slice(&want)), "round %d", round);
        buffer_free(&bytes);
        buffer_free(&want);
        buffer_free(&got);
    }
}
