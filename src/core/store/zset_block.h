/*
 * zset_block.h -- a member of a large sorted set with its score, as one allocation: what the tree
 * orders and the hash table finds.
 */
#pragma once

#include "base/heap.h"
#include "core/store/sized.h"

struct zset_block {
    double score;
    uint8_t sized[]; /* a varint length, then the member */
};

static inline struct slice zset_block_member(const struct zset_block *block)
{
    return sized_bytes(block->sized);
}

static inline size_t zset_block_bytes(size_t member_len)
{
    return sizeof(struct zset_block) + sized_bytes_total(member_len);
}
