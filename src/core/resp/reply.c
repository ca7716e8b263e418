/* reply.c -- see reply.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/decimal.h"
#include "core/resp/reply.h"

enum {
    HEADER_BYTES_MAX = 1 + DECIMAL_BYTES_MAX + 2, /* "*123\r\n" */
    ERROR_BYTES_MAX = 4096,                       /* longer error texts are cut */
};

/* buffer_reserve without a call where there is room. */
static inline uint8_t *room_for(struct reply *reply, size_t bytes)
{
    struct buffer *out = reply->out;
    if (LIKELY(out->capacity - out->len >= bytes)) return out->data + out->len;
    return buffer_reserve(out, bytes);
}

static inline void written_to(struct reply *reply, const uint8_t *end)
{
    reply->out->len = (size_t)(end - reply->out->data);
}

static inline uint8_t *line_end(uint8_t *at)
{
    memcpy(at, "\r\n", 2);
    return at + 2;
}

static inline uint8_t *header_write(uint8_t *at, char kind, uint64_t count)
{
    *at = (uint8_t)kind;
    return line_end(decimal_write(at + 1, count));
}

static void header(struct reply *reply, char kind, uint64_t count)
{
    written_to(reply, header_write(room_for(reply, HEADER_BYTES_MAX), kind, count));
}

static void constant(struct reply *reply, struct slice bytes)
{
    uint8_t *at = room_for(reply, bytes.len);
    bytes_copy(at, bytes);
    reply->out->len += bytes.len;
}

void reply_ok(struct reply *reply)
{
    constant(reply, SLICE("+OK\r\n"));
}

void reply_simple(struct reply *reply, const char *text)
{
    size_t len = strlen(text);
    uint8_t *at = room_for(reply, len + 3);
    *at = '+';
    memcpy(at + 1, text, len);
    written_to(reply, line_end(at + 1 + len));
}

void reply_error(struct reply *reply, const char *format, ...)
{
    char *at = (char *)room_for(reply, ERROR_BYTES_MAX + 3);
    *at = '-';
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(at + 1, ERROR_BYTES_MAX, format, args);
    va_end(args);
    ASSERT(wanted >= 0);
    size_t len = u64_min((uint64_t)wanted, ERROR_BYTES_MAX - 1);
    for (size_t i = 1; i <= len; i++)
        if (at[i] == '\r' || at[i] == '\n') at[i] = ' ';
    written_to(reply, line_end((uint8_t *)at + 1 + len));
}

void reply_integer(struct reply *reply, int64_t value)
{
    uint8_t *at = room_for(reply, HEADER_BYTES_MAX);
    if ((uint64_t)value < 10) { /* :0 and :1 are what most commands say */
        const uint8_t digit[4] = {':', (uint8_t)('0' + value), '\r', '\n'};
        memcpy(at, digit, sizeof(digit));
        reply->out->len += sizeof(digit);
        return;
    }
    *at = ':';
    written_to(reply, line_end(decimal_write_signed(at + 1, value)));
}

void reply_bulk(struct reply *reply, struct slice bytes)
{
    uint8_t *at = room_for(reply, HEADER_BYTES_MAX + bytes.len + 2);
    at = header_write(at, '$', bytes.len);
    bytes_copy(at, bytes);
    written_to(reply, line_end(at + bytes.len));
}

void reply_bulk_text(struct reply *reply, const char *text)
{
    reply_bulk(reply, slice_text(text));
}

void reply_bulk_format(struct reply *reply, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(len >= 0);
    uint8_t *at = room_for(reply, HEADER_BYTES_MAX + (size_t)len + 2);
    at = header_write(at, '$', (uint64_t)len);
    (void)vsnprintf((char *)at, (size_t)len + 1, format, again);
    va_end(again);
    written_to(reply, line_end(at + len));
}

void reply_bulk_integer(struct reply *reply, int64_t value)
{
    uint8_t text[DECIMAL_BYTES_MAX];
    const uint8_t *end = decimal_write_signed(text, value);
    reply_bulk(reply, slice_of(text, (size_t)(end - text)));
}

void reply_null(struct reply *reply)
{
    constant(reply, reply->protocol == 3 ? SLICE("_\r\n") : SLICE("$-1\r\n"));
}

void reply_null_array(struct reply *reply)
{
    constant(reply, reply->protocol == 3 ? SLICE("_\r\n") : SLICE("*-1\r\n"));
}

void reply_double(struct reply *reply, double value)
{
    char text[DOUBLE_TEXT_MAX];
    struct slice bytes = slice_of(text, double_format(value, text));
    if (reply->protocol == 2) {
        reply_bulk(reply, bytes);
        return;
    }
    uint8_t *at = room_for(reply, bytes.len + 3);
    *at = ',';
    memcpy(at + 1, bytes.data, bytes.len);
    written_to(reply, line_end(at + 1 + bytes.len));
}

void reply_bool(struct reply *reply, bool value)
{
    if (reply->protocol == 2) {
        reply_integer(reply, value);
    } else {
        constant(reply, value ? SLICE("#t\r\n") : SLICE("#f\r\n"));
    }
}

void reply_big_number(struct reply *reply, struct slice digits)
{
    if (reply->protocol == 2) {
        reply_bulk(reply, digits);
        return;
    }
    constant(reply, SLICE("("));
    buffer_append(reply->out, digits);
    constant(reply, SLICE("\r\n"));
}

void reply_verbatim(struct reply *reply, const char format[3], struct slice text)
{
    if (reply->protocol == 2) {
        reply_bulk(reply, text);
        return;
    }
    header(reply, '=', text.len + 4);
    buffer_append(reply->out, slice_of(format, 3));
    constant(reply, SLICE(":"));
    buffer_append(reply->out, text);
    constant(reply, SLICE("\r\n"));
}

/* --- aggregates ------------------------------------------------------------------------------ */

static char map_mark(const struct reply *reply)
{
    return reply->protocol == 2 ? '*' : '%';
}

static uint64_t map_count(const struct reply *reply, uint64_t pairs_count)
{
    return reply->protocol == 2 ? pairs_count * 2 : pairs_count;
}

static char set_mark(const struct reply *reply)
{
    return reply->protocol == 2 ? '*' : '~';
}

void reply_array(struct reply *reply, uint64_t count)
{
    header(reply, '*', count);
}

void reply_map(struct reply *reply, uint64_t pairs_count)
{
    header(reply, map_mark(reply), map_count(reply, pairs_count));
}

void reply_set(struct reply *reply, uint64_t count)
{
    header(reply, set_mark(reply), count);
}

void reply_attribute(struct reply *reply, uint64_t pairs_count)
{
    ASSERT(reply->protocol == 3);
    header(reply, '|', pairs_count);
}

void reply_push(struct reply *reply, uint64_t count)
{
    header(reply, reply->protocol == 2 ? '*' : '>', count);
}

size_t reply_open(const struct reply *reply)
{
    return reply->out->len;
}

/* The elements are there: move them to make room for the header in front. */
static void close_with(struct reply *reply, size_t opened, char kind, uint64_t count)
{
    ASSERT(opened <= reply->out->len);
    uint8_t text[HEADER_BYTES_MAX];
    size_t len = (size_t)(header_write(text, kind, count) - text);
    (void)room_for(reply, len);
    uint8_t *start = reply->out->data + opened;
    memmove(start + len, start, reply->out->len - opened);
    memcpy(start, text, len);
    reply->out->len += len;
}

void reply_close_array(struct reply *reply, size_t opened, uint64_t count)
{
    close_with(reply, opened, '*', count);
}

void reply_close_map(struct reply *reply, size_t opened, uint64_t pairs_count)
{
    close_with(reply, opened, map_mark(reply), map_count(reply, pairs_count));
}

void reply_close_set(struct reply *reply, size_t opened, uint64_t count)
{
    close_with(reply, opened, set_mark(reply), count);
}

void reply_rewind(struct reply *reply, size_t opened)
{
    ASSERT(opened <= reply->out->len);
    reply->out->len = opened;
}
