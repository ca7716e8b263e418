/* table_impl.h -- the inline functions of table.h, and what its .c shares with them. */
#pragma once

#include "base/prefetch.h"
#include "core/store/table.h"

enum {
    TABLE_SEGMENT_BUCKETS = 4096,
    TABLE_POINTER_BYTES = 6,
    TABLE_LINK_INDEX = TABLE_BUCKET_ITEMS - 1, /* where the next bucket of a chain is */
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

static inline uint64_t table_bucket_of(const struct table *table, uint64_t hash)
{
    uint64_t wide = hash & (table->level_mask * 2 + 1);
    uint64_t narrow = hash & table->level_mask;
    return wide < table->buckets_count ? wide : narrow;
}

static inline struct table_bucket *table_bucket_at(const struct table *table, uint64_t bucket)
{
    return &table->segments[bucket / TABLE_SEGMENT_BUCKETS][bucket % TABLE_SEGMENT_BUCKETS];
}

static inline void *table_find(const struct table *table, uint64_t hash, table_same same,
                               const void *wanted, struct table_place *place)
{
    if (table->count == 0) return NULL;
    uint8_t tag = table_tag(hash);
    struct table_bucket *bucket = table_bucket_at(table, table_bucket_of(table, hash));
    do {
        uint64_t match = bucket_match(bucket, tag);
        for (; match != 0; match &= match - 1) {
            unsigned index = bucket_match_index(match);
            void *item = bucket_item(bucket, index);
            if (UNLIKELY(!same(item, wanted))) continue;
            if (place != NULL) *place = (struct table_place){bucket, index};
            return item;
        }
        bucket = bucket_next(bucket);
    } while (UNLIKELY(bucket != NULL));
    return NULL;
}

static inline void table_mark(struct table_place place, bool mark)
{
    uint8_t bit = (uint8_t)(1u << place.index);
    uint8_t rest = (uint8_t)(place.bucket->marks & ~bit);
    place.bucket->marks = (uint8_t)(rest | (mark ? bit : 0));
}

static inline void table_prefetch(const struct table *table, uint64_t hash)
{
    if (table->count == 0) return;
    prefetch_line(table_bucket_at(table, table_bucket_of(table, hash)));
}

static inline void table_prefetch_item(const struct table *table, uint64_t hash)
{
    if (table->count == 0) return;
    const struct table_bucket *bucket = table_bucket_at(table, table_bucket_of(table, hash));
    uint64_t match = bucket_match(bucket, table_tag(hash));
    if (match != 0) prefetch_line(bucket_item(bucket, bucket_match_index(match)));
}

static inline void *table_chain_next(struct table_walk *walk)
{
    while (walk->at != NULL) {
        while (walk->index < TABLE_BUCKET_ITEMS) {
            unsigned index = walk->index++;
            if (walk->at->tags[index] != 0) return bucket_item(walk->at, index);
        }
        walk->at = bucket_next(walk->at);
        walk->index = 0;
    }
    return NULL;
}
