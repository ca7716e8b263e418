/*
 * request_inline.c -- a line typed by hand: words parted by blanks, quoted as in a shell.
 *
 * "…" knows \n \r \t \b \a \xHH and \ before any other byte; '…' only \'. A closing quote must be
 * followed by a blank. A NUL byte ends the line, as in Redis.
 */
#include "core/resp/request_impl.h"

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* `*at` is behind a backslash in "…" and before the end. */
static uint8_t escaped(const uint8_t **at, const uint8_t *end)
{
    uint8_t byte = *(*at)++;
    if (byte == 'x' && end - *at >= 2) {
        int high = hex_value((*at)[0]), low = hex_value((*at)[1]);
        if (high >= 0 && low >= 0) {
            *at += 2;
            return (uint8_t)(high * 16 + low);
        }
    }
    switch (byte) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return byte;
    }
}

/* What is between quotes; *at is behind the opening one. False: no closing one, or no blank behind
 * it. */
static bool take_quoted(uint8_t quote, const uint8_t **at, const uint8_t *end, uint8_t **to)
{
    while (*at < end) {
        uint8_t byte = *(*at)++;
        if (byte == quote) return *at == end || is_blank(**at);
        if (byte == '\\' && *at < end && quote == '"') {
            byte = escaped(at, end);
        } else if (byte == '\\' && *at < end && **at == '\'') {
            byte = *(*at)++;
        }
        *(*to)++ = byte;
    }
    return false;
}

static bool take_word(const uint8_t **at, const uint8_t *end, uint8_t **to)
{
    while (*at < end && !is_blank(**at)) {
        uint8_t byte = *(*at)++;
        if (byte == '"' || byte == '\'') {
            if (!take_quoted(byte, at, end, to)) return false;
            return true; /* a blank or the end follows */
        }
        *(*to)++ = byte;
    }
    return true;
}

static bool split(struct request_reader *reader, struct slice line)
{
    const uint8_t *at = line.data, *end = line.data + line.len;
    buffer_clear(&reader->unquoted);
    uint8_t *to = buffer_reserve(&reader->unquoted, line.len); /* words only become shorter */
    for (;;) {
        while (at < end && is_blank(*at)) at++;
        if (at == end) return true;
        const uint8_t *start = to;
        if (!take_word(&at, end, &to)) return false;
        request_add(reader, slice_of(start, (size_t)(to - start)));
    }
}

enum request_status request_read_inline(struct request_reader *reader, struct slice bytes,
                                        const struct request_limits *limits, size_t *used,
                                        char error[REQUEST_ERROR_MAX])
{
    const uint8_t *from = bytes.data + reader->parsed_bytes;
    const uint8_t *stop = memchr(from, '\n', bytes.len - reader->parsed_bytes);
    if (stop == NULL) {
        if (bytes.len > limits->line_bytes_max)
            return request_fail(error, "too big inline request");
        reader->parsed_bytes = bytes.len;
        return REQUEST_PARTIAL;
    }
    *used = (size_t)(stop - bytes.data) + 1;
    struct slice line = slice_of(bytes.data, (size_t)(stop - bytes.data));
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    const uint8_t *nul = line.len == 0 ? NULL : memchr(line.data, '\0', line.len);
    if (nul != NULL) line.len = (size_t)(nul - line.data);
    if (!split(reader, line)) return request_fail(error, "unbalanced quotes in request");
    return REQUEST_WHOLE;
}
