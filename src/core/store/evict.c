/* evict.c -- how long, and from where, keys are evicted. See evict.h. */
#include "core/store/evict_impl.h"

enum {
    POLICY_SAMPLES = 16,
    TRASH_STEPS = 16, /* memory that is being freed already goes before any key does */
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

uint64_t evict_cap_bytes(const struct store *store, uint32_t policy)
{
    uint64_t all = store->policies->states[policy].policy.memory_max_bytes;
    uint64_t parts = u64_max(store->room.limits.caps_parts, 1);
    return all / parts + (all % parts != 0);
}

bool evict_policy(struct store *store, uint32_t policy, uint32_t keys_max)
{
    struct policy_state *state = &store->policies->states[policy];
    ASSERT(policy < store->policies->count);
    uint64_t bytes_max = evict_cap_bytes(store, policy);
    if (bytes_max == 0 || state->policy.mode != POLICY_CACHE) return true;
    bool is_uniform = store_policy_is_uniform(store);
    for (uint32_t i = 0; i < keys_max; i++) {
        if (policy_used_bytes(store, policy) <= bytes_max) return true;
        if (trash_helped(store)) continue;
        if (!evict_from_policy(store, state, false, is_uniform)) return false;
    }
    return true;
}

/* The cache policy whose keys take the most, and may go. NULL: there is none. */
static struct policy_state *fullest_policy(struct store *store)
{
    struct policy_state *fullest = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < store->policies->count; i++) {
        struct policy_state *state = &store->policies->states[i];
        const struct policy *policy = &state->policy;
        if (policy->mode != POLICY_CACHE || policy->evict == EVICT_NONE) continue;
        uint64_t used = policy_used_bytes(store, i);
        if (policy->keys_count == 0 || (fullest != NULL && used <= most)) continue;
        fullest = state;
        most = used;
    }
    return fullest;
}

static bool evict_from_store(struct store *store, const struct evict_request *request)
{
    bool is_uniform = store_policy_is_uniform(store);
    struct policy_state *root = &store->policies->states[0];
    if (request->cache_only && !store->accounts) return false;
    if (request->cache_only && !is_uniform) {
        struct policy_state *state = fullest_policy(store);
        return state != NULL && evict_from_policy(store, state, request->expiring_only, false);
    }
    if (request->kind == EVICT_S3FIFO && store->accounts) {
        return evict_from_policy(store, root, request->expiring_only, is_uniform);
    }
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

bool evict_store(struct store *store, const struct evict_request *request)
{
    for (uint32_t i = 0; i < request->keys_max; i++) {
        if (store->room.heap.used_bytes <= request->bytes_max) return true;
        if (trash_helped(store)) continue;
        if (request->kind == EVICT_NONE || !evict_from_store(store, request)) return false;
    }
    return true;
}
