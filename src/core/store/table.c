/*
 * table.c -- see table.h.
 *
 * What stays true:
 *   [I1] buckets_count is 0, or level_mask + 1 <= buckets_count <= 2 * level_mask + 1, where
 *        level_mask + 1 is a power of two; an item is in the chain of the bucket of its hash.
 *   [I2] In a chain every bucket but the last has seven items and the link; the last, unless it is
 *        the first, has two items or more. So a chain is no longer than it must be.
 *   [I3] A slot without an item has tag 0 and mark 0.
 *   [I4] Segments past the first are whole; the first has first_capacity buckets, which is all of
 *        them as soon as there is a second one.
 */
#include "core/store/table.h"

enum {
    LOAD_TENTHS_MAX = 55, /* items in ten buckets: 13 bytes a key, and few overflows */
    LOAD_TENTHS_MIN = 20,
    RANDOM_SLOTS = 16, /* longer chains than two buckets are too rare to be missed */
    RANDOM_TRIES_MAX = 256,
    AHEAD = 2, /* buckets, of items that are freed soon */
};

_Static_assert(sizeof(struct table_bucket) == 64, "a bucket is a cache line");

void table_init(struct table *table, struct heap *heap, const struct table_kind *kind, void *owner)
{
    *table = (struct table){.heap = heap, .kind = kind, .owner = owner};
}

/* --- one bucket ------------------------------------------------------------------------------ */

static void bucket_set(struct table_bucket *bucket, unsigned index, uint8_t tag, const void *item,
                       bool mark)
{
    uint64_t bits = (uint64_t)(uintptr_t)item;
    bucket->tags[index] = tag;
    memcpy(bucket->items[index], &bits, TABLE_POINTER_BYTES);
    table_mark((struct table_place){bucket, index}, mark);
}

static bool bucket_mark(const struct table_bucket *bucket, unsigned index)
{
    return (bucket->marks >> index & 1) != 0;
}

/* The slots that an item can be put in, as bucket_match gives them. */
static uint64_t bucket_empties(const struct table_bucket *bucket)
{
    uint64_t empties = bucket_match(bucket, 0);
    return bucket->linked ? empties & (UINT64_MAX >> 8) : empties;
}

static unsigned bucket_count(const struct table_bucket *bucket)
{
    uint64_t empties = bucket_match(bucket, 0) >> 7; /* a byte 1 each: their sum comes on top */
    return TABLE_BUCKET_ITEMS - (unsigned)(empties * UINT64_C(0x0101010101010101) >> 56);
}

static void bucket_extend(struct table *table, struct table_bucket *bucket)
{
    struct table_bucket *more = heap_take_zeroed(table->heap, sizeof *more);
    table->overflow_count++;
    bucket_set(more, 0, bucket->tags[TABLE_LINK_INDEX], bucket_item(bucket, TABLE_LINK_INDEX),
               bucket_mark(bucket, TABLE_LINK_INDEX));
    bucket_set(bucket, TABLE_LINK_INDEX, 0, more, false);
    bucket->linked = 1;
}

static struct table_place chain_put(struct table *table, struct table_bucket *bucket, uint8_t tag,
                                    void *item, bool mark)
{
    uint64_t empties;
    while ((empties = bucket_empties(bucket)) == 0) {
        if (!bucket->linked) bucket_extend(table, bucket);
        bucket = bucket_next(bucket);
    }
    unsigned index = bucket_match_index(empties);
    bucket_set(bucket, index, tag, item, mark);
    return (struct table_place){bucket, index};
}

static struct table_place chain_find(struct table_bucket *bucket, uint8_t tag, const void *item)
{
    for (; bucket != NULL; bucket = bucket_next(bucket)) {
        for (uint64_t match = bucket_match(bucket, tag); match != 0; match &= match - 1) {
            unsigned index = bucket_match_index(match);
            if (bucket_item(bucket, index) == item) return (struct table_place){bucket, index};
        }
    }
    return (struct table_place){NULL, 0};
}

static void overflow_free(struct table *table, struct table_bucket *bucket)
{
    heap_give(table->heap, bucket, sizeof *bucket);
    table->overflow_count--;
}

/* [I2] Fill a hole of a chain with an item of its end. */
static void chain_close(struct table *table, struct table_bucket *first, struct table_place hole)
{
    if (!first->linked) return;
    struct table_bucket *last = first, *parent = first;
    for (; last->linked; last = bucket_next(last)) parent = last;
    if (hole.bucket != last) {
        unsigned from = bucket_match_index(~bucket_match(last, 0) & UINT64_C(0x8080808080808080));
        bucket_set(hole.bucket, hole.index, last->tags[from], bucket_item(last, from),
                   bucket_mark(last, from));
        bucket_set(last, from, 0, NULL, false);
    }
    if (bucket_count(last) > 1) return;
    unsigned only = bucket_match_index(~bucket_match(last, 0) & UINT64_C(0x8080808080808080));
    parent->linked = 0;
    bucket_set(parent, TABLE_LINK_INDEX, last->tags[only], bucket_item(last, only),
               bucket_mark(last, only));
    overflow_free(table, last);
}

/* --- segments -------------------------------------------------------------------------------- */

static void first_segment_resize(struct table *table, uint32_t capacity)
{
    uint32_t had = table->first_capacity;
    struct table_bucket *moved =
        heap_resize(table->heap, table->segments[0], had * sizeof *moved, capacity * sizeof *moved);
    if (capacity > had) memset(moved + had, 0, (capacity - had) * sizeof *moved);
    table->segments[0] = moved;
    table->first_capacity = capacity;
}

static void segments_grow(struct table *table)
{
    uint32_t had = table->segments_capacity, capacity = had == 0 ? 1 : had * 2;
    struct table_bucket **moved =
        heap_resize(table->heap, table->segments, had * sizeof(struct table_bucket *),
                    capacity * sizeof(struct table_bucket *));
    memset(moved + had, 0, (capacity - had) * sizeof(struct table_bucket *));
    table->segments = moved;
    table->segments_capacity = capacity;
}

/* Memory for bucket number `bucket`, where all before it have theirs. */
static void bucket_provide(struct table *table, uint64_t bucket)
{
    uint64_t segment = bucket / TABLE_SEGMENT_BUCKETS;
    if (segment >= table->segments_capacity) segments_grow(table);
    if (segment == 0) {
        while (bucket >= table->first_capacity) {
            first_segment_resize(table, table->first_capacity == 0 ? 1 : table->first_capacity * 2);
        }
    } else if (table->segments[segment] == NULL) {
        size_t bytes = TABLE_SEGMENT_BUCKETS * sizeof(struct table_bucket);
        table->segments[segment] = heap_take_zeroed(table->heap, bytes);
    }
}

/* Memory that is not needed any more after the last bucket went. */
static void bucket_withdraw(struct table *table)
{
    uint64_t count = table->buckets_count;
    if (count % TABLE_SEGMENT_BUCKETS == 0 && count > 0) {
        uint64_t segment = count / TABLE_SEGMENT_BUCKETS;
        size_t bytes = TABLE_SEGMENT_BUCKETS * sizeof(struct table_bucket);
        heap_give(table->heap, table->segments[segment], bytes);
        table->segments[segment] = NULL;
    } else if (count * 4 <= table->first_capacity) {
        first_segment_resize(table, table->first_capacity / 2);
    }
}

void table_release(struct table *table)
{
    for (uint64_t i = 0; i < table->buckets_count; i++) {
        struct table_bucket *more = bucket_next(table_bucket_at(table, i));
        for (struct table_bucket *next; more != NULL; more = next) {
            next = bucket_next(more);
            overflow_free(table, more);
        }
    }
    for (uint32_t i = 0; i < table->segments_capacity; i++) {
        size_t count = i == 0 ? table->first_capacity : TABLE_SEGMENT_BUCKETS;
        heap_give(table->heap, table->segments[i], count * sizeof(struct table_bucket));
    }
    heap_give(table->heap, table->segments,
              table->segments_capacity * sizeof(struct table_bucket *));
    uint32_t version = table->version_of_new;
    table_init(table, table->heap, table->kind, table->owner);
    table->version_of_new = version;
}

/* --- growing and shrinking ------------------------------------------------------------------- */

void table_prefetch_items(const struct table *table, uint64_t bucket)
{
    if (bucket >= table->buckets_count) return;
    const struct table_bucket *first = table_bucket_at(table, bucket);
    for (unsigned i = 0; i < TABLE_BUCKET_ITEMS; i++) {
        if (first->tags[i] != 0) prefetch_line(bucket_item(first, i));
    }
}

/* The next split wants the hashes of its items: they are on their way meanwhile. */
static void prefetch_next_split(const struct table *table)
{
    uint64_t next = table->buckets_count & table->level_mask;
    table_prefetch_items(table, next);
    prefetch_line(table_bucket_at(table, (next + 1) & table->level_mask));
}

/* Deal the items of a chain again. `old` is a copy of its first bucket. */
static void chain_deal(struct table *table, const struct table_bucket *old)
{
    const struct table_bucket *at = old;
    while (at != NULL) {
        for (unsigned i = 0; i < TABLE_BUCKET_ITEMS; i++) {
            if (at->tags[i] == 0) continue;
            void *item = bucket_item(at, i);
            uint64_t bucket = table_bucket_of(table, table->kind->hash(table, item));
            chain_put(table, table_bucket_at(table, bucket), at->tags[i], item, bucket_mark(at, i));
        }
        struct table_bucket *next = bucket_next(at);
        if (at != old) overflow_free(table, (struct table_bucket *)(uintptr_t)at);
        at = next;
    }
}

static void bucket_empty(struct table_bucket *bucket, uint32_t version)
{
    *bucket = (struct table_bucket){.version = version};
}

static void table_split(struct table *table)
{
    uint64_t from = table->buckets_count - (table->level_mask + 1);
    if (table->kind->before_move != NULL) table->kind->before_move(table, from);
    bucket_provide(table, table->buckets_count);
    struct table_bucket *bucket = table_bucket_at(table, from);
    struct table_bucket old = *bucket;
    bucket_empty(bucket, old.version);
    bucket_empty(table_bucket_at(table, table->buckets_count), old.version);
    table->buckets_count++;
    chain_deal(table, &old);
    if (table->buckets_count == 2 * (table->level_mask + 1)) { /* [I1] */
        table->level_mask = table->level_mask * 2 + 1;
    }
}

static void table_join(struct table *table)
{
    if (table->buckets_count == table->level_mask + 1) table->level_mask >>= 1; /* [I1] */
    uint64_t from = table->buckets_count - 1, to = from & table->level_mask;
    if (table->kind->before_move != NULL) {
        table->kind->before_move(table, from);
        table->kind->before_move(table, to);
    }
    struct table_bucket old = *table_bucket_at(table, from);
    bucket_empty(table_bucket_at(table, from), 0);
    table->buckets_count--;
    chain_deal(table, &old);
    bucket_withdraw(table);
}

static void table_first_bucket(struct table *table)
{
    bucket_provide(table, 0);
    table->buckets_count = 1;
    table->level_mask = 0;
    bucket_empty(table_bucket_at(table, 0), table->version_of_new);
}

void table_reserve(struct table *table, uint64_t count)
{
    uint64_t buckets = count * 10 / LOAD_TENTHS_MAX + 1;
    if (table->count > 0) {
        while (table->buckets_count < buckets) table_split(table);
        return;
    }
    for (uint64_t i = table->buckets_count; i < buckets; i++) {
        bucket_provide(table, i);
        table->buckets_count = i + 1;
        table_bucket_at(table, i)->version = table->version_of_new;
    }
    table->level_mask = (UINT64_C(1) << (63 - __builtin_clzll(table->buckets_count))) - 1;
}

/* --- items ----------------------------------------------------------------------------------- */

struct table_place table_insert(struct table *table, uint64_t hash, void *item)
{
    if (table->buckets_count == 0) table_first_bucket(table);
    table->count++;
    if (table->count * 10 > table->buckets_count * LOAD_TENTHS_MAX) {
        bool fits = table->buckets_count == 1 && table->count <= TABLE_BUCKET_ITEMS;
        if (!fits) {
            table_split(table);
            prefetch_next_split(table);
        }
    }
    struct table_bucket *bucket = table_bucket_at(table, table_bucket_of(table, hash));
    return chain_put(table, bucket, table_tag(hash), item, false);
}

void table_remove(struct table *table, uint64_t hash, const void *item)
{
    struct table_bucket *first = table_bucket_at(table, table_bucket_of(table, hash));
    struct table_place place = chain_find(first, table_tag(hash), item);
    ASSERT(place.bucket != NULL);
    bucket_set(place.bucket, place.index, 0, NULL, false);
    chain_close(table, first, place);
    table->count--;
    bool thin = table->count * 10 < table->buckets_count * LOAD_TENTHS_MIN;
    if (thin && table->buckets_count > 1) table_join(table);
    if (table->count == 0 && table->buckets_count == 1) table_release(table);
}

struct table_place table_replace(struct table *table, uint64_t hash, const void *old_item,
                                 void *new_item)
{
    struct table_bucket *first = table_bucket_at(table, table_bucket_of(table, hash));
    struct table_place place = chain_find(first, table_tag(hash), old_item);
    ASSERT(place.bucket != NULL);
    uint64_t bits = (uint64_t)(uintptr_t)new_item;
    memcpy(place.bucket->items[place.index], &bits, TABLE_POINTER_BYTES);
    return place;
}

bool table_drop_bucket(struct table *table, void (*visit)(void *context, void *item), void *context)
{
    if (table->buckets_count == 0) return false;
    uint64_t number = table->buckets_count - 1;
    if (table->kind->before_move != NULL) table->kind->before_move(table, number);
    if (number >= AHEAD) table_prefetch_items(table, number - AHEAD);
    struct table_bucket *first = table_bucket_at(table, number);
    struct table_walk walk = {.at = first};
    for (void *item; (item = table_chain_next(&walk)) != NULL; table->count--) visit(context, item);
    for (struct table_bucket *more = bucket_next(first), *next; more != NULL; more = next) {
        next = bucket_next(more);
        overflow_free(table, more);
    }
    bucket_empty(first, 0);
    if (number == 0) {
        table_release(table);
        return true;
    }
    if (table->buckets_count == table->level_mask + 1) table->level_mask >>= 1; /* [I1] */
    table->buckets_count = number;
    bucket_withdraw(table);
    return true;
}

/* --- walking --------------------------------------------------------------------------------- */

static uint64_t bits_reverse(uint64_t bits)
{
    bits = __builtin_bswap64(bits);
    bits = (bits >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (bits & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    bits = (bits >> 2 & UINT64_C(0x3333333333333333)) | (bits & UINT64_C(0x3333333333333333)) << 2;
    return (bits >> 1 & UINT64_C(0x5555555555555555)) | (bits & UINT64_C(0x5555555555555555)) << 1;
}

/*
 * A cursor is a point on the line of all reversed hashes: those before it are done. A bucket is an
 * interval of that line, at any size of the table; a step goes to the end of the interval that the
 * point is in.
 */
uint64_t table_scan(const struct table *table, uint64_t cursor, table_visit visit, void *context)
{
    if (table->count == 0) return 0;
    uint64_t bucket = table_bucket_of(table, cursor);
    struct table_walk walk = {.at = table_bucket_at(table, bucket)};
    for (void *item; (item = table_chain_next(&walk)) != NULL;) visit(context, item);
    uint64_t wide_mask = table->level_mask * 2 + 1, half = table->level_mask + 1;
    bool is_wide = bucket >= half || (bucket | half) < table->buckets_count;
    uint64_t mask = is_wide ? wide_mask : table->level_mask;
    return bits_reverse(bits_reverse(bucket | ~mask) + 1);
}

void *table_walk_next(const struct table *table, struct table_walk *walk)
{
    for (;;) {
        void *item = table_chain_next(walk);
        if (item != NULL) return item;
        if (walk->bucket >= table->buckets_count) return NULL;
        walk->at = table_bucket_at(table, walk->bucket++);
        walk->index = 0;
    }
}

static void *chain_item_at(const struct table_bucket *bucket, unsigned slot)
{
    for (; bucket != NULL && slot >= TABLE_BUCKET_ITEMS; slot -= TABLE_BUCKET_ITEMS) {
        bucket = bucket_next(bucket);
    }
    return bucket != NULL && bucket->tags[slot] != 0 ? bucket_item(bucket, slot) : NULL;
}

/* Slots by chance until one is taken: so all items are as likely as each other. */
void *table_random(const struct table *table, struct prng *prng)
{
    if (table->count == 0) return NULL;
    for (int tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
        const struct table_bucket *bucket =
            table_bucket_at(table, prng_below(prng, table->buckets_count));
        void *item = chain_item_at(bucket, (unsigned)prng_below(prng, RANDOM_SLOTS));
        if (item != NULL) return item;
    }
    struct table_walk walk = {.bucket = prng_below(prng, table->buckets_count)};
    void *item = table_walk_next(table, &walk);
    if (item != NULL) return item;
    walk = (struct table_walk){0};
    return table_walk_next(table, &walk);
}

uint64_t table_bytes(const struct table *table)
{
    uint64_t bytes = table->overflow_count * sizeof(struct table_bucket);
    for (uint32_t i = 0; i < table->segments_capacity; i++) {
        size_t count = i == 0 ? table->first_capacity : TABLE_SEGMENT_BUCKETS;
        if (table->segments[i] == NULL) continue;
        bytes += heap_rounded_bytes(count * sizeof(struct table_bucket));
    }
    size_t array = table->segments_capacity * sizeof(struct table_bucket *);
    return bytes + (array == 0 ? 0 : heap_rounded_bytes(array));
}

static uint64_t chain_check(const struct table *table, uint64_t number)
{
    uint64_t items = 0;
    const struct table_bucket *first = table_bucket_at(table, number);
    for (const struct table_bucket *at = first; at != NULL; at = bucket_next(at)) {
        unsigned count = bucket_count(at);
        if (at->linked) ASSERT(count == TABLE_LINK_INDEX); /* [I2] */
        if (!at->linked && at != first) ASSERT(count >= 2);
        for (unsigned i = 0; i < TABLE_BUCKET_ITEMS; i++) {
            if (at->tags[i] == 0) {
                ASSERT(!bucket_mark(at, i)); /* [I3] */
                continue;
            }
            uint64_t hash = table->kind->hash(table, bucket_item(at, i));
            ASSERT(at->tags[i] == table_tag(hash));
            ASSERT(table_bucket_of(table, hash) == number); /* [I1] */
        }
        items += count;
    }
    return items;
}

void table_check(const struct table *table)
{
    uint64_t items = 0, half = table->level_mask + 1;
    if (table->buckets_count == 0) {
        ASSERT(table->count == 0);
        return;
    }
    ASSERT((half & table->level_mask) == 0);
    ASSERT(table->buckets_count >= half); /* [I1] */
    ASSERT(table->buckets_count < 2 * half);
    for (uint64_t i = 0; i < table->buckets_count; i++) items += chain_check(table, i);
    ASSERT(items == table->count);
    if (table->buckets_count > table->first_capacity) { /* [I4] */
        ASSERT(table->first_capacity == TABLE_SEGMENT_BUCKETS);
    }
}
