/*
 * fold_table.c -- see fold_table.h.
 *
 * Invariants
 *   T1  a slot with tag 0 is empty; else tag is the key's length + 1.
 *   T2  at most FILL_NUMERATOR / FILL_DENOMINATOR of the slots are in use, so that probing ends.
 *   T3  what slots point to lies in `store`, which is only appended to until the table is cleared.
 */
#include <stdlib.h>
#include <xxhash.h>

#include "base/short_key.h"
#include "io/memory.h"
#include "work/shuffle/fold_table.h"

enum {
    SLOTS_MIN = 64,
    FILL_NUMERATOR = 5,
    FILL_DENOMINATOR = 8,
    STORE_ALIGN = 8,
    STORE_BYTES_MIN = 4096,
    SLOTS_AHEAD = 16, /* whose long keys are fetched while the slots are read out in order */
    SPARSE = 8,       /* one slot in so many used: the table is too large for its keys */
};

struct slot {
    uint64_t low;  /* a short key, or the hash of a long one */
    uint64_t high; /* a short key, or the address of a long one in the store */
    uint32_t tag;  /* [T1] */
    uint32_t unused;
    uint64_t state; /* itself, or its address in the store when longer than 8 bytes */
};

struct fold_table {
    const struct fold_type *fold;
    uint64_t seed;
    struct slot *slots;
    size_t slots_count, slots_max; /* powers of two */
    size_t used, used_max;
    uint8_t *store; /* long keys and long states */
    size_t store_len, store_capacity;
};

struct probe {
    uint64_t hash;
    struct short_key key; /* as in the slot; `high` is not compared for a long key */
    uint32_t tag;
};

static void slots_allocate(struct fold_table *table, size_t count)
{
    table->slots = memory_map(count * sizeof *table->slots);
    table->slots_count = count;
    table->used_max = count / FILL_DENOMINATOR * FILL_NUMERATOR; /* [T2] */
}

struct fold_table *fold_table_new(const struct fold_type *fold, size_t memory_bytes, uint64_t seed)
{
    struct fold_table *table = calloc(1, sizeof *table);
    ASSERT(table != NULL);
    table->fold = fold;
    table->seed = seed;
    table->store_capacity = u64_max(memory_bytes / 2, STORE_BYTES_MIN);
    table->store = memory_map(table->store_capacity);
    /* While it grows, the old slots and the new ones, twice as many, are there together. */
    size_t slots_room = memory_bytes / 2 / sizeof *table->slots * 2 / 3;
    table->slots_max = SLOTS_MIN;
    while (table->slots_max * 2 <= slots_room) table->slots_max *= 2;
    slots_allocate(table, SLOTS_MIN);
    return table;
}

void fold_table_free(struct fold_table *table)
{
    if (table == NULL) return;
    memory_unmap(table->slots, table->slots_count * sizeof *table->slots);
    memory_unmap(table->store, table->store_capacity);
    free(table);
}

static inline struct slice slot_long_key(const struct slot *slot)
{
    return slice_of((const uint8_t *)(uintptr_t)slot->high, slot->tag - 1);
}

static inline bool tag_is_short(uint32_t tag)
{
    return tag <= SHORT_KEY_BYTES_MAX + 1;
}

static inline uint64_t slot_hash(const struct fold_table *table, const struct slot *slot)
{
    if (!tag_is_short(slot->tag)) return slot->low;
    return short_key_hash((struct short_key){slot->low, slot->high}, slot->tag - 1, table->seed);
}

static void grow(struct fold_table *table)
{
    struct slot *old = table->slots;
    size_t old_count = table->slots_count;
    slots_allocate(table, old_count * 2);
    size_t mask = table->slots_count - 1;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].tag == 0) continue;
        size_t at = slot_hash(table, &old[i]) & mask;
        while (table->slots[at].tag != 0) at = (at + 1) & mask;
        table->slots[at] = old[i];
    }
    memory_unmap(old, old_count * sizeof *old);
}

/* Room for one more key with `store_bytes` behind it? Grows the slots when they are the reason. */
static bool make_room(struct fold_table *table, size_t store_bytes)
{
    if (table->store_capacity - table->store_len < store_bytes) return false;
    if (table->used < table->used_max) return true;
    if (table->slots_count == table->slots_max) return false;
    grow(table);
    return true;
}

static inline struct probe probe_long(const struct fold_table *table, struct slice key)
{
    uint64_t hash = XXH3_64bits_withSeed(key.data, key.len, table->seed);
    return (struct probe){hash, {hash, 0}, (uint32_t)key.len + 1};
}

static inline struct probe probe_short(const struct fold_table *table, struct short_key key,
                                       size_t len)
{
    return (struct probe){short_key_hash(key, len, table->seed), key, (uint32_t)len + 1};
}

/* The slot of the key, or the empty one where it belongs. */
static inline struct slot *find(const struct fold_table *table, const struct probe *probe,
                                const uint8_t *key)
{
    size_t mask = table->slots_count - 1;
    for (size_t at = probe->hash & mask;; at = (at + 1) & mask) {
        struct slot *slot = &table->slots[at];
        if (slot->tag == 0) return slot;
        if (slot->tag != probe->tag || slot->low != probe->key.low) continue;
        if (tag_is_short(probe->tag) ? slot->high == probe->key.high
                                     : memcmp(slot_long_key(slot).data, key, probe->tag - 1) == 0) {
            return slot;
        }
    }
}

static size_t store_need(const struct fold_table *table, struct slice key)
{
    size_t state = table->fold == NULL || table->fold->state_bytes <= sizeof(uint64_t)
                       ? 0
                       : table->fold->state_bytes;
    size_t bytes = key.len > SHORT_KEY_BYTES_MAX ? key.len : 0;
    return state + ((bytes + STORE_ALIGN - 1) & ~(size_t)(STORE_ALIGN - 1));
}

static uint8_t *store_take(struct fold_table *table, size_t bytes)
{
    uint8_t *at = table->store + table->store_len;
    table->store_len += (bytes + STORE_ALIGN - 1) & ~(size_t)(STORE_ALIGN - 1);
    ASSERT(table->store_len <= table->store_capacity);
    return at;
}

/* An empty slot becomes the key's. The caller has made room. */
static void occupy(struct fold_table *table, struct slot *slot, const struct probe *probe,
                   struct slice key)
{
    slot->tag = probe->tag;
    slot->low = probe->key.low;
    slot->high = probe->key.high;
    slot->state = 0;
    if (!tag_is_short(probe->tag)) {
        uint8_t *copy = store_take(table, key.len); /* [T3] */
        memcpy(copy, key.data, key.len);
        slot->high = (uint64_t)(uintptr_t)copy;
    }
    table->used++;
}

static enum err full_or_too_long(const struct fold_table *table, struct slice key, bool *full,
                                 struct fault *fault)
{
    *full = true;
    if (table->used > 0) return ERR_OK;
    return fault_set(fault, ERR_TOO_LONG,
                     "a key of %zu bytes does not fit into the memory of a worker; raise --memory",
                     key.len);
}

enum err fold_table_add(struct fold_table *table, struct slice key, struct slice value, bool *full,
                        struct fault *fault)
{
    *full = false;
    struct probe probe = key.len <= SHORT_KEY_BYTES_MAX
                             ? probe_short(table, short_key_exact(key), key.len)
                             : probe_long(table, key);
    struct slot *slot = find(table, &probe, key.data);
    if (slot->tag != 0) {
        if (table->fold == NULL) return ERR_OK;
        bool is_inline = table->fold->state_bytes <= sizeof slot->state;
        void *state = is_inline ? (void *)&slot->state : (void *)(uintptr_t)slot->state;
        return table->fold->add(state, value, fault);
    }
    if (!make_room(table, store_need(table, key))) {
        return full_or_too_long(table, key, full, fault);
    }
    uint64_t first[FOLD_STATE_BYTES_MAX / sizeof(uint64_t)] = {0};
    enum err err = table->fold == NULL ? ERR_OK : table->fold->start(first, value, fault);
    if (err != ERR_OK) return err;
    slot = find(table, &probe, key.data); /* it may have grown */
    occupy(table, slot, &probe, key);
    slot->state = first[0];
    if (table->fold != NULL && table->fold->state_bytes > sizeof slot->state) {
        uint8_t *state = store_take(table, table->fold->state_bytes);
        memcpy(state, first, table->fold->state_bytes);
        slot->state = (uint64_t)(uintptr_t)state;
    }
    return ERR_OK;
}

enum { BATCH_MAX = 256 };

static inline void probe_batch(const struct fold_table *table, const struct slice *keys,
                               size_t count, struct probe *probes)
{
    size_t mask = table->slots_count - 1;
    for (size_t i = 0; i < count; i++) {
        probes[i] = LIKELY(keys[i].len <= SHORT_KEY_BYTES_MAX)
                        ? probe_short(table, short_key_padded(keys[i]), keys[i].len)
                        : probe_long(table, keys[i]);
        __builtin_prefetch(&table->slots[probes[i].hash & mask], 1);
    }
}

size_t fold_table_count(struct fold_table *table, const struct slice *keys, size_t count)
{
    struct probe probes[BATCH_MAX];
    for (size_t done = 0; done < count;) {
        size_t batch = u64_min(count - done, BATCH_MAX);
        probe_batch(table, keys + done, batch, probes);
        for (size_t i = 0; i < batch; i++, done++) {
            struct slot *slot = find(table, &probes[i], keys[done].data);
            if (UNLIKELY(slot->tag == 0)) {
                if (!make_room(table, store_need(table, keys[done]))) return done;
                slot = find(table, &probes[i], keys[done].data);
                occupy(table, slot, &probes[i], keys[done]);
            }
            slot->state++;
        }
    }
    return count;
}

bool fold_table_next(const struct fold_table *table, size_t *at, struct slice *key,
                     const void **state)
{
    while (*at < table->slots_count && table->slots[*at].tag == 0) (*at)++;
    if (*at == table->slots_count) return false;
    const struct slot *ahead = &table->slots[u64_min(*at + SLOTS_AHEAD, table->slots_count - 1)];
    if (!tag_is_short(ahead->tag)) __builtin_prefetch(slot_long_key(ahead).data);
    const struct slot *slot = &table->slots[(*at)++];
    *key = tag_is_short(slot->tag) ? slice_of(slot, slot->tag - 1) : slot_long_key(slot);
    bool is_inline = table->fold != NULL && table->fold->state_bytes <= sizeof slot->state;
    *state = is_inline ? (const void *)&slot->state : (const void *)(uintptr_t)slot->state;
    return true;
}

/* Slots that stay from one filling to the next cost time to clear: only as many as were of use. */
static void slots_shrink(struct fold_table *table)
{
    size_t count = table->slots_count;
    while (count > SLOTS_MIN && table->used < count / SPARSE) count /= 2;
    if (count == table->slots_count) return;
    memory_unmap(table->slots, table->slots_count * sizeof *table->slots);
    slots_allocate(table, count);
}

void fold_table_clear(struct fold_table *table)
{
    if (table->used == 0) return;
    slots_shrink(table);
    memset(table->slots, 0, table->slots_count * sizeof *table->slots);
    table->used = table->store_len = 0;
}
