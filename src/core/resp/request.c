/* request.c -- see request.h. */
#include <stdio.h>

#include "base/integer.h"
#include "core/resp/request.h"
#include "core/resp/request_impl.h"

enum { HEADER_SHORT_BYTES = 8 }; /* "$123\r\n" and what is looked at past it */

static struct slice *arguments_room(struct request_reader *reader, uint32_t more)
{
    size_t wanted = ((size_t)reader->count + more) * sizeof(struct slice);
    if (UNLIKELY(reader->arguments.capacity < wanted))
        (void)buffer_reserve(&reader->arguments, wanted - reader->arguments.len);
    return (struct slice *)(void *)reader->arguments.data + reader->count;
}

void request_add(struct request_reader *reader, struct slice argument)
{
    *arguments_room(reader, 1) = argument;
    reader->count++;
    reader->arguments.len = reader->count * sizeof(struct slice);
}

enum request_status request_fail(char error[REQUEST_ERROR_MAX], const char *text)
{
    (void)snprintf(error, REQUEST_ERROR_MAX, "Protocol error: %s", text);
    return REQUEST_BAD;
}

/* The usual header: up to three digits, CR, LF. Returns the byte after it; NULL: it is not that. */
static inline const uint8_t *short_number(const uint8_t *at, uint64_t *value)
{
    unsigned a = (unsigned)at[0] - '0', b = (unsigned)at[1] - '0', c = (unsigned)at[2] - '0';
    if (a > 9) return NULL;
    if (at[1] == '\r') {
        *value = a;
        return at + 3;
    }
    if (a == 0 || b > 9) return NULL;
    if (at[2] == '\r') {
        *value = a * 10 + b;
        return at + 4;
    }
    if (c > 9 || at[3] != '\r') return NULL;
    *value = a * 100 + b * 10 + c;
    return at + 5;
}

/* A line of any length: its text between the first byte and CR LF. */
static enum request_status header_line(const uint8_t *at, const uint8_t *end, uint64_t max,
                                       struct slice *text, const char *too_long,
                                       char error[REQUEST_ERROR_MAX])
{
    size_t left = (size_t)(end - at);
    const uint8_t *stop = left == 0 ? NULL : memchr(at, '\r', left);
    if (stop == NULL && left > max) return request_fail(error, too_long);
    if (stop == NULL || end - stop < 2) return REQUEST_PARTIAL;
    *text = slice_of(at + 1, (size_t)(stop - at - 1));
    if (stop == at) *text = slice_of(at, 0);
    return REQUEST_WHOLE;
}

static enum request_status read_count(struct request_reader *reader, const uint8_t **at,
                                      const uint8_t *end, const struct request_limits *limits,
                                      char error[REQUEST_ERROR_MAX])
{
    struct slice text;
    enum request_status status =
        header_line(*at, end, limits->line_bytes_max, &text, "too big mbulk count string", error);
    if (status != REQUEST_WHOLE) return status;
    int64_t count;
    if (!integer_parse(text, &count) || count > INT32_MAX ||
        (count > 0 && (uint64_t)count > limits->arguments_max))
        return request_fail(error, "invalid multibulk length");
    if (limits->stranger && count > REQUEST_STRANGER_ARGUMENTS_MAX)
        return request_fail(error, "unauthenticated multibulk length");
    reader->arguments_left = count > 0 ? (uint32_t)count : 0;
    *at = text.data + text.len + 2;
    return REQUEST_WHOLE;
}

static enum request_status read_bulk_length(struct request_reader *reader, const uint8_t **at,
                                            const uint8_t *end, const struct request_limits *limits,
                                            char error[REQUEST_ERROR_MAX])
{
    struct slice text;
    enum request_status status =
        header_line(*at, end, limits->line_bytes_max, &text, "too big bulk count string", error);
    if (status != REQUEST_WHOLE) return status;
    if (**at != '$') {
        (void)snprintf(error, REQUEST_ERROR_MAX, "Protocol error: expected '$', got '%c'", **at);
        return REQUEST_BAD;
    }
    int64_t bytes;
    if (!integer_parse(text, &bytes) || bytes < 0 || (uint64_t)bytes > limits->bulk_bytes_max)
        return request_fail(error, "invalid bulk length");
    if (limits->stranger && bytes > REQUEST_STRANGER_BULK_BYTES_MAX)
        return request_fail(error, "unauthenticated bulk length");
    reader->bulk_bytes = (uint64_t)bytes;
    *at = text.data + text.len + 2;
    return REQUEST_WHOLE;
}

/* The arguments that are still missing, from *at on. */
static enum request_status read_bulks(struct request_reader *reader, const uint8_t **at,
                                      const uint8_t *end, const struct request_limits *limits,
                                      char error[REQUEST_ERROR_MAX])
{
    while (reader->arguments_left > 0) {
        if (!reader->inside_bulk) {
            const uint8_t *next = NULL;
            if (LIKELY(end - *at >= HEADER_SHORT_BYTES && **at == '$'))
                next = short_number(*at + 1, &reader->bulk_bytes);
            if (LIKELY(next != NULL && reader->bulk_bytes <= limits->bulk_bytes_max)) {
                *at = next;
            } else {
                enum request_status status = read_bulk_length(reader, at, end, limits, error);
                if (status != REQUEST_WHOLE) return status;
            }
        }
        reader->inside_bulk = (uint64_t)(end - *at) < reader->bulk_bytes + 2;
        if (reader->inside_bulk) return REQUEST_PARTIAL;
        request_add(reader, slice_of(*at, reader->bulk_bytes));
        *at += reader->bulk_bytes + 2;
        reader->arguments_left--;
    }
    return REQUEST_WHOLE;
}

/* The bytes have moved since the request was begun: so have its arguments. */
static void follow(struct request_reader *reader, const uint8_t *base)
{
    struct slice *arguments = (struct slice *)(void *)reader->arguments.data;
    for (uint32_t i = reader->first; i < reader->count; i++)
        arguments[i].data = base + ((uintptr_t)arguments[i].data - (uintptr_t)reader->base);
    reader->base = base;
}

static enum request_status read_array(struct request_reader *reader, struct slice bytes,
                                      const struct request_limits *limits, size_t *used,
                                      char error[REQUEST_ERROR_MAX])
{
    const uint8_t *at = bytes.data + reader->parsed_bytes, *end = bytes.data + bytes.len;
    enum request_status status = REQUEST_WHOLE;
    if (!reader->inside) status = read_count(reader, &at, end, limits, error);
    if (status == REQUEST_WHOLE) {
        reader->inside = true;
        status = read_bulks(reader, &at, end, limits, error);
    }
    *used = (size_t)(at - bytes.data);
    reader->parsed_bytes = *used;
    return status;
}

enum request_status request_read(struct request_reader *reader, struct slice bytes,
                                 const struct request_limits *limits, size_t *used,
                                 char error[REQUEST_ERROR_MAX])
{
    *used = 0;
    if (bytes.len == 0) return REQUEST_PARTIAL;
    if (reader->parsed_bytes == 0) {
        reader->first = reader->count;
        reader->inline_text = bytes.data[0] != '*';
        reader->base = bytes.data;
    } else if (reader->base != bytes.data) {
        follow(reader, bytes.data);
    }
    enum request_status status = reader->inline_text
                                     ? request_read_inline(reader, bytes, limits, used, error)
                                     : read_array(reader, bytes, limits, used, error);
    if (status == REQUEST_PARTIAL) return status;
    reader->inside = reader->inside_bulk = false;
    reader->parsed_bytes = 0;
    return status;
}

void request_restart(struct request_reader *reader)
{
    uint32_t kept = reader->parsed_bytes > 0 ? reader->count - reader->first : 0;
    struct slice *arguments = (struct slice *)(void *)reader->arguments.data;
    if (kept > 0) memmove(arguments, arguments + reader->first, kept * sizeof(struct slice));
    reader->first = 0;
    reader->count = kept;
    reader->arguments.len = kept * sizeof(struct slice);
}

void request_abandon(struct request_reader *reader)
{
    reader->parsed_bytes = 0;
    reader->inside = reader->inside_bulk = false;
    request_restart(reader);
}

size_t request_wanted(const struct request_reader *reader)
{
    return reader->parsed_bytes + (reader->inside_bulk ? reader->bulk_bytes + 2 : 1);
}

void request_reader_free(struct request_reader *reader)
{
    buffer_free(&reader->arguments);
    buffer_free(&reader->unquoted);
    *reader = (struct request_reader){0};
}
