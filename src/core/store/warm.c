/*
 * warm.c -- see warm.h.
 *
 * What stays true:
 *   [W1] A key that is taken is absent, and nobody has asked to change it here since this store's
 *        time of serving began: not with another value, nor by a write that found nothing. So it
 *        has the last value that it was given anywhere, or it would not be taken.
 *   [W2] A key is taken only under a policy that is a warm cache here.
 *   [W3] What is taken keeps to its policy's cap: when that is reached no more is.
 *   [W4] Memory of what leaves is no policy's: it is counted for its room alone.
 */
#include "core/store/warm.h"

#include "core/store/evict.h"
#include "core/store/store_impl.h"

enum {
    NOTED_CAPACITY_MIN = 64, /* a power of two */
    EVICT_KEYS_A_KEY = 64,
    GIVE_KEYS_MAX = 4096, /* looked at in one go */
};

/* --- who leads no more ----------------------------------------------------------------------- */

struct leaving_key { /* in warm_leaving.keys, the next to go last */
    struct entry *entry;
    uint32_t database;
};

struct taking {
    const struct store *store;
    struct warm_leaving *leaving;
};

static bool is_warm(const struct store *store, struct slice key)
{
    const struct policy *policy = store_policy(store, store_policy_of(store, key));
    return policy->mode == POLICY_CACHE && policy->warm; /* [W2] */
}

static bool take_warm(void *context, uint32_t database, struct entry *entry)
{
    const struct taking *taking = context;
    const struct store *store = taking->store;
    if (!is_warm(store, entry_key(entry)) || entry_is_expired(store, entry)) return false;
    if (entry_bytes(store, entry) > WARM_VALUE_BYTES_MAX) return false;
    const struct leaving_key key = {entry, database};
    buffer_append(&taking->leaving->keys, slice_of(&key, sizeof key));
    return true;
}

bool warm_leave(struct store *store, struct warm_leaving *leaving)
{
    *leaving = (struct warm_leaving){0};
    if (!warm_is_wanted(store)) {
        store_drop_cache(store);
        return false;
    }
    policy_account_nobody(store->shared);
    leaving->store = store_new(&(struct store_config){.beside = store});
    struct taking taking = {store, leaving};
    store_take_cache(store, take_warm, &taking);
    if (leaving->keys.len == 0) warm_leaving_end(leaving);
    return leaving->store != NULL;
}

bool warm_leaving_is_empty(const struct warm_leaving *leaving)
{
    return leaving->keys.len == 0;
}

static struct leaving_key next_key(struct warm_leaving *leaving)
{
    struct leaving_key key;
    ASSERT(leaving->keys.len >= sizeof key);
    leaving->keys.len -= sizeof key;
    memcpy(&key, leaving->keys.data + leaving->keys.len, sizeof key);
    policy_account_key(leaving->store, entry_key(key.entry)); /* [W4] */
    return key;
}

uint32_t warm_leaving_give(struct warm_leaving *leaving, int64_t now_ms, size_t bytes,
                           struct buffer *out)
{
    size_t until = out->len + bytes;
    uint32_t count = 0;
    for (uint32_t i = 0; i < GIVE_KEYS_MAX && leaving->keys.len > 0 && out->len < until; i++) {
        struct leaving_key key = next_key(leaving);
        bool is_over = key.entry->expires && entry_expiry(key.entry) <= now_ms;
        if (!is_over) {
            buffer_clear(&leaving->scratch);
            entry_encode(key.database, key.entry, &leaving->scratch);
            put_sized(out, buffer_slice(&leaving->scratch));
            count++;
        }
        entry_give(leaving->store, key.entry);
    }
    return count;
}

bool warm_leaving_shed(struct warm_leaving *leaving, uint32_t steps)
{
    for (; steps > 0 && leaving->keys.len > 0; steps--) {
        struct leaving_key key = next_key(leaving);
        entry_give(leaving->store, key.entry);
    }
    if (leaving->keys.len > 0) return true;
    return steps == 0 || trash_work(leaving->store, &steps);
}

void warm_leaving_end(struct warm_leaving *leaving)
{
    if (leaving->store == NULL) return;
    while (warm_leaving_shed(leaving, UINT32_MAX)) { /* ends: each round frees */
    }
    store_free(leaving->store);
    buffer_free(&leaving->keys);
    buffer_free(&leaving->scratch);
    leaving->store = NULL;
}

/* --- who leads now --------------------------------------------------------------------------- */

bool warm_is_wanted(const struct store *store)
{
    for (uint32_t i = 0; store->accounts && i < store_policy_count(store); i++) {
        const struct policy *policy = store_policy(store, i);
        if (policy->mode == POLICY_CACHE && policy->warm) return true;
    }
    return false;
}

/* A table of hashes, 0 where there is none; open addressing, at most half of it used. */
static uint64_t noted_capacity(const struct warm_coming *coming)
{
    return coming->noted.len / sizeof(uint64_t); /* a power of two */
}

static void noted_make(struct warm_coming *coming, uint64_t capacity)
{
    size_t bytes = capacity * sizeof(uint64_t);
    coming->noted = (struct buffer){0};
    memset(buffer_reserve(&coming->noted, bytes), 0, bytes);
    coming->noted.len = bytes;
}

void warm_coming_begin(struct warm_coming *coming, struct store *store)
{
    *coming = (struct warm_coming){.store = store};
    noted_make(coming, NOTED_CAPACITY_MIN);
}

void warm_coming_end(struct warm_coming *coming)
{
    buffer_free(&coming->noted);
    coming->store = NULL;
}

/* Where the hash is, or would be. */
static uint64_t *noted_place(const struct warm_coming *coming, uint64_t hash)
{
    uint64_t *slots = (uint64_t *)(void *)coming->noted.data;
    uint64_t mask = noted_capacity(coming) - 1, at = hash & mask;
    ASSERT(slots != NULL);
    while (slots[at] != 0 && slots[at] != hash) at = (at + 1) & mask; /* ends: half are 0 */
    return &slots[at];
}

/* Databases are not told apart: that is on the safe side. */
static uint64_t noted_hash(const struct warm_coming *coming, struct slice key)
{
    uint64_t hash = hash_bytes(&coming->store->shared->room.secret, key);
    return hash == 0 ? 1 : hash;
}

static void noted_grow(struct warm_coming *coming)
{
    struct buffer before = coming->noted;
    const uint64_t *slots = (const uint64_t *)(const void *)before.data;
    uint64_t capacity = noted_capacity(coming);
    noted_make(coming, capacity * 2);
    for (uint64_t i = 0; i < capacity; i++) {
        if (slots[i] != 0) *noted_place(coming, slots[i]) = slots[i];
    }
    buffer_free(&before);
}

bool warm_coming_note(struct warm_coming *coming, struct slice key)
{
    uint64_t hash = noted_hash(coming, key), *place = noted_place(coming, hash);
    if (*place == hash) return true;
    if (coming->noted_count == WARM_NOTED_MAX) return false;
    *place = hash;
    coming->noted_count++;
    if (coming->noted_count * (uint64_t)2 > noted_capacity(coming)) noted_grow(coming);
    return true;
}

enum warm_taken warm_coming_take(struct warm_coming *coming, struct slice record,
                                 uint32_t *database, struct slice *key)
{
    struct store *store = coming->store;
    struct cursor in = cursor_of(record);
    if (!entry_encoded_key(record, database, key)) return WARM_DAMAGED;
    if (!is_warm(store, *key)) return WARM_PASSED; /* [W2] */
    uint64_t hash = noted_hash(coming, *key);
    bool is_known = *noted_place(coming, hash) == hash || store_look(store, *database, *key);
    if (is_known) return WARM_PASSED; /* [W1] */
    uint32_t policy = store_policy_of(store, *key);
    if (evict_policy_is_full(store, policy)) return WARM_FULL; /* [W3] */
    if (!store_decode_entry(store, &in) || cursor_left(&in) > 0) return WARM_DAMAGED;
    (void)evict_policy(store, policy, EVICT_KEYS_A_KEY);
    return WARM_TAKEN;
}
