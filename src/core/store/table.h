/*
 * table.h -- a hash table of pointers whose buckets are cache lines, growing one bucket at a time.
 *
 * Linear hashing (Litwin 1980). A bucket is 64 bytes: eight pointers of 48 bits, eight tag bytes
 * (0: empty) taken from the hash, and 8 bytes for what the owner of the table needs (see
 * struct table_bucket). A full bucket chains to an overflow bucket, by its last pointer. Buckets
 * live in segments, so that growing never copies much and never pauses: each insert past the load
 * limit splits one bucket, each removal below the low mark joins one. An empty table has no
 * buckets, and a small one only as many as it needs.
 *
 * The table does not own its items, nor know what they are: `hash` of its kind is asked when a
 * bucket is split. Items are aligned to 8 and live below 2^48.
 */
#pragma once

#include "base/heap.h"
#include "base/prefetch.h"
#include "base/prng.h"
#include "core/store/table_bucket.h"

enum { TABLE_SEGMENT_BUCKETS = 4096 };

struct table;

struct table_kind {
    uint64_t (*hash)(const struct table *table, const void *item);
    /* Before a bucket changes by itself (a split, a join): both sides. NULL: nobody asks. */
    void (*before_move)(struct table *table, uint64_t bucket);
};

struct table { /* fields are the table's; embedded for speed */
    struct heap *heap;
    const struct table_kind *kind;
    void *owner; /* for the functions of `kind` */
    struct table_bucket **segments;
    uint64_t count;             /* items */
    uint64_t buckets_count;     /* 0, or N .. 2N-1 */
    uint64_t level_mask;        /* N - 1 */
    uint64_t overflow_count;    /* buckets */
    uint32_t segments_capacity; /* of the array; a power of two, or 0 */
    uint32_t first_capacity;    /* buckets in the first segment; a power of two, or 0 */
    uint32_t version_of_new;    /* the owner's: of a bucket that is not made by a split */
};

void table_init(struct table *table, struct heap *heap, const struct table_kind *kind, void *owner);
void table_release(struct table *table);                 /* its own memory, not the items */
void table_reserve(struct table *table, uint64_t count); /* make room at once: when loading */

/* Where an item is. Valid until the next call that changes the table. */
struct table_place {
    struct table_bucket *bucket;
    unsigned index;
};

typedef bool (*table_same)(const void *item, const void *wanted);

/* The item that is `same` as wanted, or NULL. `place` may be NULL. Give `same` as a static inline
 * function: this one is inlined with it. */
static inline void *table_find(const struct table *table, uint64_t hash, table_same same,
                               const void *wanted, struct table_place *place);

/* It must not be there yet. Its mark is 0. */
struct table_place table_insert(struct table *table, uint64_t hash, void *item);
void table_remove(struct table *table, uint64_t hash, const void *item); /* it must be there */
/* Give each item of the last bucket to `visit`, and forget the bucket: to free a table bit by bit.
 * False: there was none. */
bool table_drop_bucket(struct table *table, void (*visit)(void *context, void *item),
                       void *context);
/* The mark stays. */
struct table_place table_replace(struct table *table, uint64_t hash, const void *old_item,
                                 void *new_item);
static inline void table_mark(struct table_place place, bool mark);

static inline void table_prefetch(const struct table *table, uint64_t hash); /* the bucket */
/* What is likely the item; when the bucket is there already. */
static inline void table_prefetch_item(const struct table *table, uint64_t hash);

/* The items of a bucket, which is there or soon will be: for whoever goes from bucket to bucket. */
void table_prefetch_items(const struct table *table, uint64_t bucket);

/* The number of the bucket where this hash belongs; the table is not empty of buckets. */
static inline uint64_t table_bucket_of(const struct table *table, uint64_t hash);
static inline struct table_bucket *table_bucket_at(const struct table *table, uint64_t bucket);

/* One step of a walk that may be interrupted: visits the items of a bucket and gives the next
 * cursor; 0 begins, and 0 is the end. An item that is there from begin to end is visited at least
 * once however the table grows or shrinks meanwhile (Redis's SCAN). `visit` must not change the
 * table. */
typedef void (*table_visit)(void *context, void *item);
uint64_t table_scan(const struct table *table, uint64_t cursor, table_visit visit, void *context);

/* Every item once, while nothing changes. */
struct table_walk {
    uint64_t bucket;
    struct table_bucket *at;
    unsigned index;
};
void *table_walk_next(const struct table *table, struct table_walk *walk); /* zeroed; NULL: end */
/* The items of one chain, from its first bucket on: `at` is that, `index` 0. */
static inline void *table_chain_next(struct table_walk *walk);

void *table_random(const struct table *table, struct prng *prng); /* NULL: empty */
uint64_t table_bytes(const struct table *table);                  /* its own memory */
void table_check(const struct table *table); /* asserts all invariants: for tests */

/* --- the inline functions --- */

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
