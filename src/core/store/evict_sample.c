/*
 * evict_sample.c -- eviction that looks at some keys and drops the best of them: lru, lfu, random,
 * ttl. As in Redis, the best that were seen but not yet dropped stay in a pool; unlike there, a
 * candidate that was used meanwhile leaves it.
 */
#include "core/store/evict_impl.h"

enum {
    SAMPLES_MAX = 64,
    BAG_TRIES = 8, /* looks for each sample wanted, among the ids of a policy */
    SWEEP_BUCKETS_MAX = 4096,
    TIME_MASK = (1 << ENTRY_TIME_BITS) - 1,
};

struct sample { /* what was found: entries, while nothing changes */
    struct entry *entries[SAMPLES_MAX];
    uint32_t slots[SAMPLES_MAX];
    uint32_t count, wanted;
};

static bool is_candidate(const struct evict_search *search, const struct entry *entry)
{
    return (!search->expiring_only || entry->expires) && (!search->cache_only || entry->cache);
}

/* Higher goes first. */
static uint64_t score_of(struct store *store, enum evict_kind kind, const struct entry *entry)
{
    uint64_t idle = (store->access_time - entry->time) & TIME_MASK;
    switch (kind) {
    case EVICT_LFU: return (uint64_t)(UINT8_MAX - entry_frequency(store, entry)) << 32 | idle;
    case EVICT_RANDOM: return prng_next(&store->notes_prng) >> 1;
    case EVICT_TTL: return entry->expires ? (uint64_t)(INT64_MAX - entry_expiry(entry)) : 0;
    case EVICT_S3FIFO:
    case EVICT_LRU:
    case EVICT_NONE: return idle;
    }
    UNREACHABLE("a kind of eviction");
}

/* --- looking --------------------------------------------------------------------------------- */

/* The keys of a policy, by chance among its ids. With s3fifo the order of ids must stay; else ids
 * of keys that are gone are taken out. */
static void sample_bag(struct store *store, const struct evict_search *search,
                       struct sample *sample)
{
    struct policy_state *state = search->state;
    bool is_ordered = state->policy.evict == EVICT_S3FIFO;
    for (uint32_t i = 0; i < sample->wanted * BAG_TRIES && sample->count < sample->wanted; i++) {
        uint64_t fresh = state->fresh.count, all = fresh + state->main.count;
        if (all == 0) return;
        uint64_t at = prng_below(&store->notes_prng, all);
        uint64_t *id =
            at < fresh ? hash_queue_at(&state->fresh, at) : hash_queue_at(&state->main, at - fresh);
        struct found found = evict_find(store, *id);
        if (found.entry == NULL && !is_ordered) {
            *id = *hash_queue_at(&state->fresh, 0);
            hash_queue_pop(&state->fresh, &store->shared->room.heap);
        }
        if (found.entry == NULL || !is_candidate(search, found.entry)) continue;
        sample->slots[sample->count] = found.database->slot;
        sample->entries[sample->count++] = found.entry;
    }
}

static void sample_chain(const struct evict_search *search, uint32_t slot,
                         struct table_bucket *bucket, struct sample *sample)
{
    struct table_walk walk = {.at = bucket};
    for (struct entry *entry; (entry = table_chain_next(&walk)) != NULL;) {
        bool mark = (walk.at->marks >> (walk.index - 1) & 1) != 0;
        if (search->expiring_only && !mark) continue; /* without touching the entry */
        prefetch_line(entry);
        sample->slots[sample->count] = slot;
        sample->entries[sample->count++] = entry;
        if (sample->count == sample->wanted) return;
    }
}

/* Keys are spread over buckets by chance, so the next buckets are as good as any. */
static void sample_sweep(struct store *store, const struct evict_search *search,
                         struct sample *sample)
{
    struct policies *policies = store->policies;
    for (uint32_t i = 0; i < SWEEP_BUCKETS_MAX && sample->count < sample->wanted; i++) {
        struct database *database = store->databases[policies->sweep_database];
        if (policies->sweep_bucket >= database->table.buckets_count) {
            policies->sweep_bucket = 0;
            policies->sweep_database = (policies->sweep_database + 1) % STORE_DATABASES;
            continue;
        }
        sample_chain(search, database->slot,
                     table_bucket_at(&database->table, policies->sweep_bucket++), sample);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sample->count; i++) {
        if (!is_candidate(search, sample->entries[i])) continue;
        sample->slots[kept] = sample->slots[i];
        sample->entries[kept++] = sample->entries[i];
    }
    sample->count = kept;
}

/* --- the pool -------------------------------------------------------------------------------- */

static void pool_add(struct evict_pool *pool, uint64_t id, uint64_t score)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < pool->count; i++) {
        if (pool->candidates[i].id == id) return;
        at += pool->candidates[i].score < score;
    }
    if (pool->count == EVICT_POOL_SIZE) {
        if (at == 0) return; /* all are better */
        at--;
        memmove(pool->candidates, pool->candidates + 1, at * sizeof *pool->candidates);
    } else {
        memmove(pool->candidates + at + 1, pool->candidates + at,
                (pool->count - at) * sizeof *pool->candidates);
        pool->count++;
    }
    pool->candidates[at] = (struct evict_candidate){id, score};
}

/* The best of the pool that is still what it was when it came there. */
static bool pool_take(struct store *store, const struct evict_search *search, struct found *found)
{
    struct evict_pool *pool = search->pool;
    while (pool->count > 0) {
        struct evict_candidate best = pool->candidates[--pool->count];
        *found = evict_find(store, best.id);
        if (found->entry == NULL || !is_candidate(search, found->entry)) continue;
        bool is_random = search->kind == EVICT_RANDOM;
        if (is_random || score_of(store, search->kind, found->entry) >= best.score) return true;
    }
    return false;
}

bool evict_sampled(struct store *store, const struct evict_search *search)
{
    struct sample sample = {.wanted = (uint32_t)u64_min(search->samples, SAMPLES_MAX)};
    if (search->pool->kind != search->kind) search->pool->count = 0;
    search->pool->kind = search->kind;
    if (search->state != NULL) {
        sample_bag(store, search, &sample);
    } else {
        sample_sweep(store, search, &sample);
    }
    for (uint32_t i = 0; i < sample.count; i++) {
        uint64_t id = evict_id_of(entry_hash(store, sample.entries[i]), sample.slots[i]);
        pool_add(search->pool, id, score_of(store, search->kind, sample.entries[i]));
    }
    struct found found;
    if (!pool_take(store, search, &found)) return false;
    evict_drop(store, &found);
    return true;
}
