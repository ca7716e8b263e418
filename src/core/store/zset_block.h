/*
 * zset_block.h -- a member of a large sorted set with its score, as one allocation: what the tree
 * orders and the hash table finds.
 */
#pragma once

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/heap.h"

struct zset_block {
    double score;
    uint8_t sized[]; /* a varint length, then the member */
};

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

static inline struct slice zset_block_member(const struct zset_block *block)
{
    return sized_bytes(block->sized);
}

static inline size_t zset_block_bytes(size_t member_len)
{
    return sizeof(struct zset_block) + sized_bytes_total(member_len);
}
