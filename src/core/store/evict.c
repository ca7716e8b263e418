/* evict.c -- how long, and from where, keys are evicted. See evict.h. */
#include "core/store/evict_impl.h"

enum {
    POLICY_SAMPLES = 16,
    TRASH_STEPS = 16,    /* memory that is being freed already goes before any key does */
    STORES_COMPARED = 8, /* of those that share a room: that with the most keys loses one */
};

struct id_wanted {
    const struct store *store;
    uint64_t id;
    uint32_t slot;
};

static inline bool entry_has_id(const void *item, const void *context)
{
    const struct id_wanted *wanted = context;
    return evict_id_of(entry_hash(wanted->store, item), wanted->slot) == wanted->id;
}

struct found evict_find(struct store *store, uint64_t id)
{
    uint32_t slot = id >> EVICT_ID_SHIFT & (STORE_DATABASES - 1);
    struct id_wanted wanted = {store, id, slot};
    struct found found = {.database = store->slots[slot], .hash = id};
    found.entry = table_find(&found.database->table, id, entry_has_id, &wanted, &found.place);
    return found;
}

void evict_drop(struct store *store, struct found *found)
{
    uint32_t number = 0;
    while (store->databases[number] != found->database) number++;
    store_found_again(store, number, found->entry, found);
    bool is_expired = entry_is_expired(store, found->entry);
    store_tell(store, is_expired ? STORE_DROP_EXPIRED : STORE_DROP_EVICTED, found);
    store_remove(store, found);
}

/* Drop one key of a policy in the policy's own way. */
static bool evict_from_policy(struct store *store, struct policy_state *state, bool expiring_only,
                              bool is_uniform)
{
    enum evict_kind kind = state->policy.evict;
    if (kind == EVICT_NONE) return false;
    if (kind == EVICT_S3FIFO && !expiring_only) return evict_s3(store, state);
    bool has_ids = kind == EVICT_S3FIFO || !is_uniform;
    struct evict_search search = {
        .state = has_ids ? state : NULL,
        .pool = &state->pool,
        .kind = kind,
        .expiring_only = expiring_only,
        .cache_only = true,
        .samples = POLICY_SAMPLES,
    };
    return evict_sampled(store, &search);
}

static bool trash_helped(struct store *store)
{
    if (store->trash.objects_count == 0 && store->trash.databases == NULL) return false;
    uint32_t steps = TRASH_STEPS;
    (void)trash_work(store, &steps);
    return true;
}

/* Of the policy's cap, what this store may hold; 0: it has no cap. */
static uint64_t cap_bytes(const struct store *store, uint32_t policy)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    uint64_t all = store->policies->states[policy].policy.memory_max_bytes;
    uint64_t parts = u64_max(store->shared->room.limits.caps_parts, 1);
    return all / parts + (all % parts != 0);
}

/* --- whose keys ------------------------------------------------------------------------------ */

/* What this store has under the same prefix; NULL: no such policy. */
static struct policy_state *state_of(struct store *store, uint32_t guess,
                                     const struct policy_total *total)
{
    struct policies *policies = store->policies;
    uint32_t index = guess;
    if (index < policies->count && policies->states[index].total == total) {
        return &policies->states[index];
    }
    struct slice prefix = slice_of(total->prefix, total->prefix_len);
    return store_policy_find(store, prefix, &index) ? &policies->states[index] : NULL;
}

/* What a store could lose: of a policy, or (`total` NULL) of all its keys. */
static uint64_t keys_to_lose(struct store *store, uint32_t guess, const struct policy_total *total)
{
    if (total != NULL) {
        const struct policy_state *state = state_of(store, guess, total);
        return state == NULL ? 0 : state->keys_count;
    }
    uint64_t count = 0;
    for (uint32_t i = 0; i < STORE_DATABASES; i++) count += store->databases[i]->table.count;
    return count;
}

/* Of the next few stores of the room that with the most keys; if none has any, the next that has
 * one. NULL: there is none. */
static struct store *next_to_lose(struct shared *shared, uint32_t guess,
                                  const struct policy_total *total)
{
    struct store *fullest = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < shared->stores_count; i++) {
        if (i >= STORES_COMPARED && fullest != NULL) break;
        shared->evict_store = (shared->evict_store + 1) % shared->stores_count;
        struct store *store = shared->stores[shared->evict_store];
        uint64_t count = keys_to_lose(store, guess, total);
        if (count <= most) continue;
        fullest = store;
        most = count;
    }
    return fullest;
}

typedef bool (*evict_one)(struct store *store, void *context);

/* Drop one key of the store whose turn it is; where it has none that may go, of any other. */
static bool evict_somewhere(struct store *store, uint32_t guess, const struct policy_total *total,
                            evict_one evict, void *context)
{
    struct shared *shared = store->shared;
    if (shared->stores_count == 1) return evict(store, context);
    struct store *chosen = next_to_lose(shared, guess, total);
    if (chosen == NULL) return false;
    if (evict(chosen, context)) return true;
    for (uint32_t i = 0; i < shared->stores_count; i++) {
        if (evict(shared->stores[i], context)) return true;
    }
    return false;
}

struct policy_wanted {
    uint32_t guess; /* its number where it was asked for */
    const struct policy_total *total;
    bool expiring_only;
};

static bool evict_of_policy(struct store *store, void *context)
{
    const struct policy_wanted *wanted = context;
    struct policy_state *state = state_of(store, wanted->guess, wanted->total);
    if (state == NULL || state->policy.mode != POLICY_CACHE) return false;
    if (trash_helped(store)) return true;
    return evict_from_policy(store, state, wanted->expiring_only, store_policy_is_uniform(store));
}

bool evict_policy(struct store *store, uint32_t policy, uint32_t keys_max)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    struct policy_state *state = &store->policies->states[policy];
    ASSERT(policy < store->policies->count);
    uint64_t bytes_max = cap_bytes(store, policy);
    if (bytes_max == 0 || state->policy.mode != POLICY_CACHE) return true;
    struct policy_wanted wanted = {policy, state->total, false};
    for (uint32_t i = 0; i < keys_max; i++) {
        if (policy_used_bytes(store, policy) <= bytes_max) return true;
        if (trash_helped(store)) continue;
        if (!evict_somewhere(store, policy, state->total, evict_of_policy, &wanted)) return false;
    }
    return true;
}

bool evict_policy_is_full(const struct store *store, uint32_t policy)
{
    uint64_t bytes_max = cap_bytes(store, policy);
    return bytes_max > 0 && policy_used_bytes(store, policy) >= bytes_max;
}

/* The cache policy whose keys take the most, and may go. False: there is none. */
static bool fullest_policy(struct store *store, uint32_t *fullest)
{
    uint64_t most = 0;
    bool any = false;
    for (uint32_t i = 0; i < store->policies->count; i++) {
        const struct policy_state *state = &store->policies->states[i];
        if (state->policy.mode != POLICY_CACHE || state->policy.evict == EVICT_NONE) continue;
        uint64_t used = policy_used_bytes(store, i);
        if (state->total->keys_count == 0 || (any && used <= most)) continue;
        any = true;
        *fullest = i;
        most = used;
    }
    return any;
}

static bool evict_of_all(struct store *store, void *context)
{
    const struct evict_request *request = context;
    if (trash_helped(store)) return true;
    if (request->kind == EVICT_LFU) store->notes_frequency = true;
    struct evict_search search = {
        .pool = &store->policies->pool,
        .kind = request->kind,
        .expiring_only = request->expiring_only,
        .cache_only = request->cache_only,
        .samples = request->samples == 0 ? POLICY_SAMPLES : request->samples,
    };
    return evict_sampled(store, &search);
}

static bool evict_from_store(struct store *store, const struct evict_request *request)
{
    uint32_t policy = 0; /* the root */
    if (request->cache_only && !store->accounts) return false;
    bool by_policy = request->kind == EVICT_S3FIFO && store->accounts;
    if (request->cache_only && !store_policy_is_uniform(store)) {
        if (!fullest_policy(store, &policy)) return false;
        by_policy = true;
    }
    const struct policy_total *total = store->policies->states[policy].total;
    struct policy_wanted wanted = {policy, total, request->expiring_only};
    if (by_policy) return evict_somewhere(store, policy, total, evict_of_policy, &wanted);
    struct evict_request copy = *request;
    return evict_somewhere(store, policy, NULL, evict_of_all, &copy);
}

bool evict_store(struct store *store, const struct evict_request *request)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    for (uint32_t i = 0; i < request->keys_max; i++) {
        if (store->shared->room.heap.used_bytes <= request->bytes_max) return true;
        if (trash_helped(store)) continue;
        if (request->kind == EVICT_NONE || !evict_from_store(store, request)) return false;
    }
    return true;
}
