/*
 * item_sort.h -- sort pairs by the bytes of their keys, and equal keys by the order they came in.
 *
 * An item stands for a pair: 8 bytes of its key, and where the pair is. The sort is a radix sort on
 * those 8 bytes, from the most significant byte; where they are equal it loads the next 8 (a
 * multikey radix sort with cached prefixes, after Bentley and Sedgewick, and Ng and Kakehi).
 */
#pragma once

#include "base/base.h"

struct item {
    uint64_t prefix; /* key_prefix of the key; the sort overwrites it */
    uint64_t ref;    /* partition << ITEM_OFFSET_BITS | offset of the pair in its memory */
};

enum { ITEM_OFFSET_BITS = 48, ITEM_PARTITIONS_MAX = 1 << 15 };

/* A pair in memory: this head, then the key, then the value; not aligned. */
struct pair_head {
    uint32_t key_len, value_len;
};

static inline uint64_t item_offset(struct item item)
{
    return item.ref & ((1ULL << ITEM_OFFSET_BITS) - 1);
}

static inline uint32_t item_partition(struct item item)
{
    return (uint32_t)(item.ref >> ITEM_OFFSET_BITS);
}

static inline struct pair_head pair_head_at(const uint8_t *pairs, struct item item)
{
    struct pair_head head;
    memcpy(&head, pairs + item_offset(item), sizeof head);
    return head;
}

static inline struct slice pair_key(const uint8_t *pairs, struct item item)
{
    struct pair_head head = pair_head_at(pairs, item);
    return slice_of(pairs + item_offset(item) + sizeof head, head.key_len);
}

static inline struct slice pair_value(const uint8_t *pairs, struct item item)
{
    struct pair_head head = pair_head_at(pairs, item);
    return slice_of(pairs + item_offset(item) + sizeof head + head.key_len, head.value_len);
}

/* Of one partition. */
void items_sort(struct item *items, size_t count, const uint8_t *pairs);
