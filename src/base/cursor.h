/*
 * cursor.h -- reading and writing binary layouts, bounds-checked, little-endian, varints as LEB128.
 *
 * A reader never reads past its end: the first short or malformed read sets `bad`, and every read
 * from then on gives zero or an empty slice. Check `bad` once, at the end.
 */
#pragma once

#include "base/buffer.h"

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

enum { VARINT_BYTES_MAX = 10 };

static inline struct cursor cursor_of(struct slice bytes)
{
    return (struct cursor){bytes.data, bytes.data + bytes.len, false};
}

static inline size_t cursor_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* `len` is a constant wherever this is inlined: a bound and a load. */
static inline uint64_t cursor_little_endian(struct cursor *cursor, size_t len)
{
    uint64_t value = 0;
    if (cursor->bad || cursor_left(cursor) < len) {
        cursor->bad = true;
        return 0;
    }
    for (size_t i = 0; i < len; i++) value |= (uint64_t)cursor->at[i] << 8 * i;
    cursor->at += len;
    return value;
}

static inline uint8_t cursor_u8(struct cursor *cursor)
{
    return (uint8_t)cursor_little_endian(cursor, 1);
}

static inline uint32_t cursor_u32(struct cursor *cursor)
{
    return (uint32_t)cursor_little_endian(cursor, 4);
}

static inline uint64_t cursor_u64(struct cursor *cursor)
{
    return cursor_little_endian(cursor, 8);
}

uint64_t cursor_varint(struct cursor *cursor);
struct slice cursor_bytes(struct cursor *cursor, size_t len); /* borrowed from the input */
struct slice cursor_sized(struct cursor *cursor);             /* a varint length, then bytes */

void put_u8(struct buffer *out, uint8_t value);
void put_u32(struct buffer *out, uint32_t value);
void put_u64(struct buffer *out, uint64_t value);
void put_varint(struct buffer *out, uint64_t value);
void put_sized(struct buffer *out, struct slice bytes);

/* Write at `at`, which has VARINT_BYTES_MAX of room; returns the byte after. */
static inline uint8_t *varint_write(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* The same for fixed sizes, little-endian: 4 and 8 bytes of room. */
static inline uint8_t *u32_write(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
    return at + 4;
}

static inline uint8_t *u64_write(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(value >> 8 * i);
    return at + 8;
}
