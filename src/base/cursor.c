/* cursor.c -- see cursor.h. */
#include "base/cursor.h"

struct slice cursor_bytes(struct cursor *cursor, size_t len)
{
    if (cursor->bad || cursor_left(cursor) < len) {
        cursor->bad = true;
        return (struct slice){0};
    }
    struct slice bytes = slice_of(cursor->at, len);
    cursor->at += len;
    return bytes;
}

uint64_t cursor_varint(struct cursor *cursor)
{
    uint64_t value = 0;
    bool is_short = !cursor->bad && cursor->at < cursor->end && *cursor->at < 0x80;
    if (is_short) return *cursor->at++; /* mostly */
    for (unsigned shift = 0; shift < 64; shift += 7) {
        struct slice byte = cursor_bytes(cursor, 1);
        if (cursor->bad) return 0;
        if (shift == 63 && byte.data[0] > 1) break; /* would not fit into 64 bits */
        value |= (uint64_t)(byte.data[0] & 0x7f) << shift;
        if ((byte.data[0] & 0x80) == 0) return value;
    }
    cursor->bad = true;
    return 0;
}

struct slice cursor_sized(struct cursor *cursor)
{
    uint64_t len = cursor_varint(cursor);
    return cursor_bytes(cursor, len);
}

static void put_little_endian(struct buffer *out, uint64_t value, size_t len)
{
    uint8_t *at = buffer_reserve(out, len);
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(value >> 8 * i);
    out->len += len;
}

void put_u8(struct buffer *out, uint8_t value)
{
    put_little_endian(out, value, 1);
}

void put_u32(struct buffer *out, uint32_t value)
{
    put_little_endian(out, value, 4);
}

void put_u64(struct buffer *out, uint64_t value)
{
    put_little_endian(out, value, 8);
}

void put_varint(struct buffer *out, uint64_t value)
{
    uint8_t *start = buffer_reserve(out, VARINT_BYTES_MAX);
    out->len += (size_t)(varint_write(start, value) - start);
}

void put_sized(struct buffer *out, struct slice bytes)
{
    put_varint(out, bytes.len);
    buffer_append(out, bytes);
}
