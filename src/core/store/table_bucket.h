/*
 * table_bucket.h -- a bucket of a table: 64 bytes, and how an item is found in it.
 *
 * All tags of a bucket are compared at once, eight bytes in a word. See table.h for the whole.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    TABLE_BUCKET_ITEMS = 8,
    TABLE_POINTER_BYTES = 6,
    TABLE_LINK_INDEX = TABLE_BUCKET_ITEMS - 1, /* where the next bucket of a chain is */
};

struct table_bucket {
    uint8_t tags[TABLE_BUCKET_ITEMS];
    uint8_t items[TABLE_BUCKET_ITEMS][TABLE_POINTER_BYTES]; /* pointers, little-endian */
    uint32_t version; /* the owner's, of the first bucket of a chain: which snapshot has it */
    uint8_t marks;    /* the owner's: a bit an item; it moves with the item */
    uint8_t linked;   /* the last pointer is the next bucket of the chain, its tag is 0 */
    uint8_t spare[2];
};

/* From the bits of the hash that no bucket number is made of. */
static inline uint8_t table_tag(uint64_t hash)
{
    uint8_t tag = (uint8_t)(hash >> 56);
    return (uint8_t)(tag | (tag == 0));
}

/* A byte 0x80 for each tag that is `tag`: the zero bytes of the difference, found exactly. */
static inline uint64_t bucket_match(const struct table_bucket *bucket, uint8_t tag)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t tags;
    memcpy(&tags, bucket->tags, sizeof tags);
    uint64_t difference = tags ^ (UINT64_C(0x0101010101010101) * tag);
    return ~(((difference & low7) + low7) | difference | low7);
}

static inline unsigned bucket_match_index(uint64_t match)
{
    return (unsigned)__builtin_ctzll(match) / 8;
}

static inline void *bucket_item(const struct table_bucket *bucket, unsigned index)
{
    /* Two bytes past the pointer are still in the bucket. */
    uint64_t bits;
    const uint8_t *at = (const uint8_t *)bucket + offsetof(struct table_bucket, items);
    memcpy(&bits, at + (size_t)index * TABLE_POINTER_BYTES, sizeof bits);
    return (void *)(uintptr_t)(bits & UINT64_C(0xffffffffffff));
}

static inline struct table_bucket *bucket_next(const struct table_bucket *bucket)
{
    return bucket->linked ? bucket_item(bucket, TABLE_LINK_INDEX) : NULL;
}
