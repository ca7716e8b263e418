/*
 * table.h -- a hash table of pointers whose buckets are cache lines, growing one bucket at a time.
 *
 * Linear hashing (Litwin 1980). A bucket is 64 bytes: eight pointers of 48 bits, eight tag bytes
 * (0: empty) taken from the hash, and 8 bytes for what the owner of the table needs (see
 * struct table_bucket). A full bucket chains to an overflow bucket. Buckets live in segments, so
 * that growing never copies and never pauses: each insert past the load limit splits one bucket,
 * each removal below the low mark joins one.
 *
 * The table does not own its items, nor know what they are: `hash` of its kind is asked when a
 * bucket is split. Items are aligned to 8 and live below 2^48.
 */
#pragma once

#include "base/heap.h"
#include "base/prng.h"

enum { TABLE_BUCKET_ITEMS = 8 };

struct table_bucket {
    uint8_t tags[TABLE_BUCKET_ITEMS];
    uint8_t items[TABLE_BUCKET_ITEMS][6]; /* pointers, little-endian */
    uint32_t version;                     /* the owner's: the keyspace's snapshot version */
    uint8_t marks;                        /* the owner's: a bit an item */
    uint8_t reserved[3];                  /* the table's: where the overflow is */
};

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
    uint64_t segments_count, segments_capacity;
    uint64_t count;         /* items */
    uint64_t buckets_count; /* N .. 2N-1 */
    uint64_t level_mask;    /* N - 1 */
    struct table_bucket *overflow_free;
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

void table_insert(struct table *table, uint64_t hash, void *item);       /* it must not be there */
void table_remove(struct table *table, uint64_t hash, const void *item); /* it must be there */
void table_replace(struct table *table, uint64_t hash, const void *old_item, void *new_item);

static inline void table_prefetch(const struct table *table, uint64_t hash);

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

void *table_random(const struct table *table, struct prng *prng); /* NULL: empty */
uint64_t table_bytes(const struct table *table);                  /* its own memory */

#include "core/store/table_impl.h" /* the inline functions */
