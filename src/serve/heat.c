/*
 * heat.c -- see heat.h.
 *
 *   [H1] `left` is 1 … HEAT_GAP * 2 - 1 between two operations, and `gap` what it was set to.
 *   [H2] a key has one place at most.
 *   [H3] `large` and `larger` are each sorted, the largest first.
 */
#include "serve/heat.h"

#include <stdlib.h>

#include "base/crc.h"
#include "base/prng.h"

#define NS_PER_S INT64_C(1000000000)

enum { SHIFT_MAX = 31, HALVINGS_MAX = 40 };

struct large {
    struct heat_key keys[HEAT_LARGE];
    uint32_t count;
};

struct heat {
    struct heat_countdown countdown;
    uint32_t gap;
    struct prng prng;
    instant since, ticked;
    uint64_t counted, rate;
    bool is_warm; /* some rate may not be 0 */
    uint32_t keys_count;
    struct heat_key keys[HEAT_KEYS];
    struct large last, now; /* of the last round, and of this one */
    struct heat_slot slots[KEY_SLOTS];
};

/* --- noting ---------------------------------------------------------------------------------- */

static void draw_gap(struct heat *heat)
{
    heat->gap = 1 + (uint32_t)prng_below(&heat->prng, HEAT_GAP * 2 - 1); /* [H1] */
    heat->countdown.left = heat->gap;
}

struct heat *heat_new(struct arena *arena, uint64_t seed)
{
    struct heat *heat = ARENA_NEW(arena, struct heat);
    heat->prng.state = seed;
    draw_gap(heat);
    return heat;
}

void heat_reset(struct heat *heat, instant now)
{
    struct prng prng = heat->prng;
    *heat = (struct heat){.prng = prng, .since = now, .ticked = now};
    draw_gap(heat);
}

void heat_pass(struct heat *heat)
{
    draw_gap(heat);
}

static uint64_t hash_of(uint32_t database, struct slice key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + database; /* FNV-1a; who collides is confused
                                                                 with another key, no more */
    for (size_t i = 0; i < key.len; i++) hash = (hash ^ key.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void name_key(struct heat_key *at, uint64_t hash, uint32_t database, struct slice key)
{
    at->hash = hash;
    at->database = database;
    at->slot = slot_of_key(key);
    at->len = (uint32_t)u64_min(key.len, HEAT_KEY_BYTES_MAX);
    at->cut = key.len > HEAT_KEY_BYTES_MAX;
    memcpy(at->text, key.data, at->len);
}

static uint64_t weight(const struct heat_key *key)
{
    return key->rate + key->counted;
}

static void note_key(struct heat *heat, uint32_t database, struct slice key, uint64_t by)
{
    uint64_t hash = hash_of(database, key);
    struct heat_key *least = NULL;
    for (uint32_t i = 0; i < heat->keys_count; i++) {
        struct heat_key *at = &heat->keys[i];
        if (at->hash == hash) { /* [H2] */
            at->counted += by;
            return;
        }
        if (least == NULL || weight(at) < weight(least)) least = at;
    }
    if (heat->keys_count < HEAT_KEYS) {
        struct heat_key *at = &heat->keys[heat->keys_count++];
        *at = (struct heat_key){.counted = by};
        name_key(at, hash, database, key);
        return;
    }
    ASSERT(least != NULL);
    least->error = weight(least); /* space saving: the new one inherits the count */
    least->counted += by;
    name_key(least, hash, database, key);
}

static void add(uint32_t *sum, uint64_t by)
{
    *sum = (uint32_t)u64_min((uint64_t)*sum + by, UINT32_MAX);
}

void heat_note(struct heat *heat, uint32_t database, struct slice key, size_t request_bytes)
{
    uint64_t by = heat->gap;
    struct heat_slot *slot = &heat->slots[slot_of_key(key)];
    add(&slot->counted, by);
    add(&slot->counted_bytes, by * u64_min(request_bytes, UINT32_MAX));
    heat->counted += by;
    heat->is_warm = true;
    note_key(heat, database, key, by);
    draw_gap(heat);
}

/* --- rates ----------------------------------------------------------------------------------- */

struct passing { /* time since the last tick */
    int64_t ns;
    unsigned halvings; /* of what was */
};

static uint64_t rate_after(uint64_t rate, uint64_t counted, const struct passing *passed)
{
    uint64_t fresh = (uint64_t)((__uint128_t)counted * NS_PER_S / (uint64_t)passed->ns);
    return (rate >> u64_min(passed->halvings, SHIFT_MAX)) + (fresh - fresh / 2);
}

static void tick_keys(struct heat *heat, const struct passing *passed)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < heat->keys_count; i++) {
        struct heat_key *key = &heat->keys[i];
        key->rate = rate_after(key->rate, key->counted, passed);
        key->error >>= u64_min(passed->halvings, SHIFT_MAX);
        key->counted = 0;
        if (key->rate > 0) heat->keys[kept++] = *key;
    }
    heat->keys_count = kept;
}

static void tick_slots(struct heat *heat, const struct passing *passed)
{
    for (uint32_t i = 0; i < KEY_SLOTS; i++) {
        struct heat_slot *slot = &heat->slots[i];
        if ((slot->rate | slot->counted) == 0) continue;
        uint64_t rate = rate_after(slot->rate, slot->counted, passed);
        uint64_t bytes = rate_after(slot->rate_bytes, slot->counted_bytes, passed);
        *slot = (struct heat_slot){.rate = (uint32_t)u64_min(rate, UINT32_MAX),
                                   .rate_bytes = (uint32_t)u64_min(bytes, UINT32_MAX)};
    }
}

instant heat_turn(struct heat *heat, instant now)
{
    struct passing passed = {.ns = now.ns - heat->ticked.ns};
    if (heat->since.ns == 0) heat->since = heat->ticked = now;
    if (!heat->is_warm) {
        heat->ticked = now;
        return (instant){INT64_MAX};
    }
    if (now.ns - heat->ticked.ns < NS_PER_S) return (instant){heat->ticked.ns + NS_PER_S};
    passed.halvings = (unsigned)u64_min((uint64_t)(passed.ns / NS_PER_S), HALVINGS_MAX);
    tick_keys(heat, &passed);
    tick_slots(heat, &passed);
    heat->rate = rate_after(heat->rate, heat->counted, &passed);
    heat->is_warm = heat->rate > 0;
    heat->counted = 0;
    heat->ticked = now;
    return (instant){now.ns + NS_PER_S};
}

/* --- large keys ------------------------------------------------------------------------------ */

/* Where it belongs; NULL: nowhere. */
static struct heat_key *large_place(struct large *large, uint64_t hash, uint64_t bytes)
{
    bool full = large->count == HEAT_LARGE;
    if (full && bytes <= large->keys[HEAT_LARGE - 1].bytes) return NULL;
    for (uint32_t i = 0; i < large->count; i++)
        if (large->keys[i].hash == hash) return NULL; /* a walk may meet a key twice */
    uint32_t at = full ? HEAT_LARGE - 1 : large->count++;
    for (; at > 0 && large->keys[at - 1].bytes < bytes; at--) large->keys[at] = large->keys[at - 1];
    return &large->keys[at]; /* [H3] */
}

void heat_look(struct heat *heat, uint32_t database, struct slice key, uint64_t bytes)
{
    bool small = heat->now.count == HEAT_LARGE && bytes <= heat->now.keys[HEAT_LARGE - 1].bytes;
    if (LIKELY(small)) return;
    uint64_t hash = hash_of(database, key);
    struct heat_key *place = large_place(&heat->now, hash, bytes);
    if (place == NULL) return;
    *place = (struct heat_key){.bytes = bytes};
    name_key(place, hash, database, key);
}

void heat_round(struct heat *heat)
{
    heat->last = heat->now;
    heat->now.count = 0;
}

/* --- readers --------------------------------------------------------------------------------- */

const struct heat_slot *heat_slots(const struct heat *heat)
{
    return heat->slots;
}

uint64_t heat_rate(const struct heat *heat)
{
    return heat->rate;
}

static int busier(const void *first, const void *second)
{
    const struct heat_key *a = first, *b = second;
    if (a->rate != b->rate) return a->rate > b->rate ? -1 : 1;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

uint32_t heat_busiest(const struct heat *heat, struct heat_key *keys, uint32_t most)
{
    struct heat_key sorted[HEAT_KEYS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < heat->keys_count; i++)
        if (heat->keys[i].rate > 0) sorted[count++] = heat->keys[i];
    if (count > 0) qsort(sorted, count, sizeof *sorted, busier);
    count = (uint32_t)u64_min(count, most);
    memcpy(keys, sorted, count * sizeof *keys);
    return count;
}

/* What this round has not met yet is as the last one found it. */
uint32_t heat_largest(const struct heat *heat, struct heat_key *keys, uint32_t most)
{
    struct large both = heat->now;
    for (uint32_t i = 0; i < heat->last.count; i++) {
        const struct heat_key *key = &heat->last.keys[i];
        struct heat_key *place = large_place(&both, key->hash, key->bytes);
        if (place != NULL) *place = *key;
    }
    uint32_t count = (uint32_t)u64_min(both.count, most);
    memcpy(keys, both.keys, count * sizeof *keys);
    return count;
}
