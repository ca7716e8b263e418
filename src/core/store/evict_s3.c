/*
 * evict_s3.c -- S3-FIFO (Yang et al., SOSP 2023): new keys wait in a small queue, of a tenth; those
 * used again meanwhile move to the main queue, the others go, and are remembered for a while:
 * coming back, they begin in the main queue. There a key that was used goes round again.
 */
#include "core/store/evict_impl.h"

enum {
    FRESH_SHARE = 10,        /* the small queue has one in so many */
    FRESH_FREQUENCY_MIN = 1, /* used so often, a key moves to the main queue. The paper has 2; with
                                1 the hit ratio is better on Zipf, with scans and while it shifts */
    VICTIM_TRIES_MAX = 4096, /* then whatever comes goes */
    STALE_COUNT_MIN = 1024,
};

/* Each key that comes also looks at the heads of queues that are mostly of keys that are gone. */
static void queue_turn(struct store *store, struct hash_queue *queue, bool is_main)
{
    struct heap *heap = &store->shared->room.heap;
    for (int i = 0; i < 2 && queue->count > 0; i++) {
        uint64_t id = hash_queue_pop(queue, heap);
        const struct entry *entry = evict_find(store, id).entry;
        if (entry != NULL && entry->s3_main == is_main) hash_queue_push(queue, heap, id);
    }
}

void evict_key_added(struct store *store, struct policy_state *state, struct found *found)
{
    struct heap *heap = &store->shared->room.heap;
    bool is_s3 = state->policy.evict == EVICT_S3FIFO;
    if (!is_s3 && store_policy_is_uniform(store)) return; /* evict_sweep finds them */
    uint64_t queued = state->fresh.count + state->main.count;
    if (UNLIKELY(queued > 2 * state->keys_count + STALE_COUNT_MIN)) {
        queue_turn(store, &state->fresh, false);
        queue_turn(store, &state->main, true);
    }
    uint64_t id = evict_id_of(found->hash, found->database->slot);
    bool is_back = is_s3 && hash_ghost_take(&state->ghost, id);
    found->entry->s3_main = is_back;
    hash_queue_push(is_back ? &state->main : &state->fresh, heap, id);
}

/* The next of a queue: it goes, or it is kept in the main queue. */
static bool fresh_goes(struct store *store, struct policy_state *state, uint64_t id,
                       struct entry *entry)
{
    struct heap *heap = &store->shared->room.heap;
    if (entry->s3_frequency < FRESH_FREQUENCY_MIN) {
        uint64_t queued = state->fresh.count + state->main.count;
        hash_ghost_push(&state->ghost, heap, id, queued);
        return true;
    }
    entry->s3_main = 1;
    entry->s3_frequency = 0;
    hash_queue_push(&state->main, heap, id);
    return false;
}

static bool main_goes(struct store *store, struct policy_state *state, uint64_t id,
                      struct entry *entry)
{
    if (entry->s3_frequency == 0) return true;
    entry->s3_frequency = (entry->s3_frequency - 1u) & 3u;
    hash_queue_push(&state->main, &store->shared->room.heap, id);
    return false;
}

bool evict_s3(struct store *store, struct policy_state *state)
{
    struct heap *heap = &store->shared->room.heap;
    for (uint64_t tries = 0;; tries++) {
        uint64_t queued = state->fresh.count + state->main.count;
        if (queued == 0) return false;
        bool is_fresh = state->fresh.count * FRESH_SHARE >= queued || state->main.count == 0;
        uint64_t id = hash_queue_pop(is_fresh ? &state->fresh : &state->main, heap);
        struct found found = evict_find(store, id);
        if (found.entry == NULL || found.entry->s3_main == is_fresh) continue; /* it was another */
        bool goes = is_fresh ? fresh_goes(store, state, id, found.entry)
                             : main_goes(store, state, id, found.entry);
        if (!goes && tries < VICTIM_TRIES_MAX) continue;
        evict_drop(store, &found);
        return true;
    }
}
