/*
 * sized.h -- bytes that say how many they are: a varint length, then the bytes. What a member of a
 * large collection is in memory; nothing checks it.
 */
#pragma once

#include "base/bytes.h"
#include "base/cursor.h"

static inline struct slice sized_bytes(const uint8_t *at)
{
    size_t len = *at & 0x7f;
    for (unsigned shift = 7; *at++ & 0x80; shift += 7) len |= (size_t)(*at & 0x7f) << shift;
    return slice_of(at, len);
}

static inline size_t sized_bytes_total(size_t len)
{
    size_t total = len + 1;
    for (size_t rest = len; rest >= 0x80; rest >>= 7) total++;
    return total;
}

static inline void sized_bytes_write(uint8_t *at, struct slice bytes)
{
    bytes_copy(varint_write(at, bytes.len), bytes);
}
