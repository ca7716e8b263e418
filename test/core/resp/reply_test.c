/* reply_test.c -- every kind of reply in RESP2 and RESP3, and how numbers look. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/resp/reply.h"
#include "test/random.h"
#include "test/rows.h"

static void write_ok(struct reply *reply)
{
    reply_ok(reply);
}
static void write_simple(struct reply *reply)
{
    reply_simple(reply, "QUEUED");
}
static void write_error(struct reply *reply)
{
    reply_error(reply, "ERR bad '%s'", "a\r\nb");
}
static void write_integers(struct reply *reply)
{
    const int64_t values[] = {0, 7, 10, 99, 100, 12345, -1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < COUNT_OF(values); i++) reply_integer(reply, values[i]);
}
static void write_bulks(struct reply *reply)
{
    reply_bulk(reply, SLICE(""));
    reply_bulk(reply, SLICE("a\r\nb"));
    reply_bulk_text(reply, "text");
    reply_bulk_format(reply, "%d-%s", 7, "x");
    reply_bulk_integer(reply, -123);
}
static void write_nulls(struct reply *reply)
{
    reply_null(reply);
    reply_null_array(reply);
}
static void write_doubles(struct reply *reply)
{
    reply_double(reply, 0.5);
    reply_double(reply, -INFINITY);
}
static void write_bools(struct reply *reply)
{
    reply_bool(reply, true);
    reply_bool(reply, false);
}
static void write_texts(struct reply *reply)
{
    reply_big_number(reply, SLICE("123456789012345678901234567890"));
    reply_verbatim(reply, "txt", SLICE("hello"));
}
static void write_headers(struct reply *reply)
{
    reply_array(reply, 12);
    reply_map(reply, 3);
    reply_set(reply, 4);
    reply_push(reply, 2);
}
static void write_opened(struct reply *reply)
{
    size_t outer = reply_open(reply);
    size_t inner = reply_open(reply);
    reply_integer(reply, 1);
    reply_integer(reply, 2);
    reply_close_map(reply, inner, 1);
    reply_close_array(reply, outer, 1);
    size_t set = reply_open(reply);
    reply_close_set(reply, set, 0);
}
static void write_rewound(struct reply *reply)
{
    reply_array(reply, 2);
    size_t opened = reply_open(reply);
    reply_bulk_text(reply, "gone");
    reply_rewind(reply, opened);
    reply_null(reply);
}

/* clang-format off */
static const struct {
    const char *why;
    void (*write)(struct reply *reply);
    const char *resp2, *resp3;
} rows[] = {
    {"OK is a constant", write_ok, "+OK\r\n", "+OK\r\n"},
    {"a simple string", write_simple, "+QUEUED\r\n", "+QUEUED\r\n"},
    {"an error stays on its line", write_error, "-ERR bad 'a  b'\r\n", "-ERR bad 'a  b'\r\n"},
    {"integers of every width", write_integers,
     ":0\r\n:7\r\n:10\r\n:99\r\n:100\r\n:12345\r\n:-1\r\n:-9223372036854775808\r\n"
     ":9223372036854775807\r\n",
     ":0\r\n:7\r\n:10\r\n:99\r\n:100\r\n:12345\r\n:-1\r\n:-9223372036854775808\r\n"
     ":9223372036854775807\r\n"},
    {"bulk strings of any bytes", write_bulks,
     "$0\r\n\r\n$4\r\na\r\nb\r\n$4\r\ntext\r\n$3\r\n7-x\r\n$4\r\n-123\r\n",
     "$0\r\n\r\n$4\r\na\r\nb\r\n$4\r\ntext\r\n$3\r\n7-x\r\n$4\r\n-123\r\n"},
    {"RESP3 has one null", write_nulls, "$-1\r\n*-1\r\n", "_\r\n_\r\n"},
    {"doubles are bulks in RESP2", write_doubles, "$3\r\n0.5\r\n$4\r\n-inf\r\n",
     ",0.5\r\n,-inf\r\n"},
    {"booleans are integers in RESP2", write_bools, ":1\r\n:0\r\n", "#t\r\n#f\r\n"},
    {"texts with a kind are bulks in RESP2", write_texts,
     "$30\r\n123456789012345678901234567890\r\n$5\r\nhello\r\n",
     "(123456789012345678901234567890\r\n=9\r\ntxt:hello\r\n"},
    {"aggregates are arrays in RESP2", write_headers, "*12\r\n*6\r\n*4\r\n*2\r\n",
     "*12\r\n%3\r\n~4\r\n>2\r\n"},
    {"a length may be known afterwards", write_opened, "*1\r\n*2\r\n:1\r\n:2\r\n*0\r\n",
     "*1\r\n%1\r\n:1\r\n:2\r\n~0\r\n"},
    {"what was written can be taken back", write_rewound, "*2\r\n$-1\r\n", "*2\r\n_\r\n"},
};

static const struct {
    const char *why;
    double value;
    const char *text;
} doubles[] = {
    {"whole numbers have no point", 3, "3"},
    {"nor have large ones", 1e15, "1000000000000000"},
    {"up to 2^62 in full", 4611686018427387904.0, "4611686018427387904"},
    {"beyond, few digits want an exponent", 1e19, "1e+19"},
    {"and a minus", -17, "-17"},
    {"zero", 0.0, "0"},
    {"and the other zero", -0.0, "-0"},
    {"the shortest that reads back", 0.1, "0.1"},
    {"although the sum is not 0.3", 0.1 + 0.2, "0.30000000000000004"},
    {"a fraction", 3.14159, "3.14159"},
    {"a negative one", -2.5, "-2.5"},
    {"seventeen digits where it needs them", 5e-324, "5e-324"},
    {"a large one", 1e100, "1e+100"},
    {"the largest", 1.7976931348623157e308, "1.7976931348623157e+308"},
    {"few zeros are written", 0.000001, "0.000001"},
    {"more are not", 0.0000001, "1e-7"},
    {"infinity", INFINITY, "inf"},
    {"minus infinity", -INFINITY, "-inf"},
    {"no number", NAN, "nan"},
};

static const struct {
    const char *why;
    long double value;
    const char *text;
} long_doubles[] = {
    {"no zeros at the end", 10.5L, "10.5"},
    {"no point at the end", 3.0L, "3"},
    {"nor zeros before the point cut", 100.0L, "100"},
    {"seventeen digits behind the point", 0.1L, "0.1"},
    {"what is nothing has no sign", -0.0L, "0"},
    {"large ones in full", 1e20L, "100000000000000000000"},
};
/* clang-format on */

Test(reply, rows)
{
    FOR_ROWS (row, rows) {
        for (uint8_t protocol = 2; protocol <= 3; protocol++) {
            struct buffer out = {0};
            struct reply reply = {&out, protocol};
            row->write(&reply);
            ROW_BYTES_EQ(row, buffer_slice(&out), protocol == 2 ? row->resp2 : row->resp3);
            buffer_free(&out);
        }
    }
}

Test(reply, an_error_that_is_too_long_is_cut)
{
    static char text[10000];
    memset(text, 'x', sizeof(text) - 1);
    struct buffer out = {0};
    struct reply reply = {&out, 2};
    reply_error(&reply, "ERR %s", text);
    cr_expect(out.len < 5000);
    cr_expect(slice_ends_with(buffer_slice(&out), SLICE("x\r\n")));
    buffer_free(&out);
}

Test(reply, double_rows)
{
    FOR_ROWS (row, doubles) {
        char text[DOUBLE_TEXT_MAX];
        struct slice got = slice_of(text, double_format(row->value, text));
        ROW_BYTES_EQ(row, got, row->text);
    }
    FOR_ROWS (row, long_doubles) {
        char text[LONG_DOUBLE_TEXT_MAX];
        struct slice got = slice_of(text, long_double_format(row->value, text));
        ROW_BYTES_EQ(row, got, row->text);
    }
}

static unsigned digits_of(const char *text)
{
    unsigned count = 0;
    for (; *text != '\0' && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) count++;
    return count;
}

/* Against printf: the same value comes back, and never with more digits than the fewest that do. */
Test(reply, doubles_read_back)
{
    struct random random = {1};
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random_u64(&random);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (i % 2 == 0)
            value = (double)(int64_t)random_magnitude(&random) / pow(10, (double)(i % 19));
        if (!isfinite(value)) continue;
        char text[DOUBLE_TEXT_MAX], fewest[DOUBLE_TEXT_MAX];
        text[double_format(value, text)] = '\0';
        cr_assert(strtod(text, NULL) == value, "%s is not %.17g", text, value);
        if (fabs(value) <= 0x1p62 && value == rint(value)) continue; /* printed in full */
        for (int count = 1; count <= 17; count++) {
            (void)snprintf(fewest, sizeof(fewest), "%.*e", count - 1, value);
            if (strtod(fewest, NULL) == value) break;
        }
        char trimmed[DOUBLE_TEXT_MAX];
        (void)snprintf(trimmed, sizeof(trimmed), "%s", text);
        while (strchr(trimmed, 'e') == NULL && strchr(trimmed, '.') == NULL &&
               trimmed[strlen(trimmed) - 1] == '0')
            trimmed[strlen(trimmed) - 1] = '\0';
        cr_assert(digits_of(trimmed) <= digits_of(fewest), "%s, but %s", text, fewest);
    }
}
