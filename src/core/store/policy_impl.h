/*
 * policy_impl.h -- the inside of policies, for policy.c and evict*.c: what each remembers of its
 * keys. See policy.c for what stays true.
 */
#pragma once

#include "core/store/evict.h"
#include "core/store/hash_queue.h"
#include "core/store/policy.h"
#include "core/store/store_impl.h"

enum { EVICT_POOL_SIZE = 16 };

struct evict_candidate { /* a key that was the best to go when it was looked at */
    uint64_t id;         /* see evict_id_of */
    uint64_t score;      /* higher goes first */
};

struct evict_pool {
    struct evict_candidate candidates[EVICT_POOL_SIZE]; /* the best last */
    uint32_t count;
    enum evict_kind kind; /* that the scores are of */
};

/* Of a cache policy: ids of its keys. `fresh` holds those of S3-FIFO's small queue, and with other
 * kinds all of them, in no order; some are of keys that are gone by now. */
struct policy_state {
    struct policy policy; /* the prefix is owned */
    struct policy_total *total;
    uint64_t used_bytes, keys_count; /* this store's part of the total */
    struct hash_queue fresh, main;
    struct hash_ghost ghost;
    struct evict_pool pool;
};

enum { POLICY_NONE = UINT32_MAX, POLICY_SLOTS = 1024 };

struct policies {
    struct policy_state *states;
    uint32_t count, capacity;
    /* Finding: for each length that some prefix has, longest first, its hash among the slots. */
    uint32_t lengths_count;
    uint16_t lengths[POLICY_COUNT_MAX];
    uint16_t slots[POLICY_SLOTS]; /* index + 1; 0: empty. Open addressing */
    /* Eviction from the whole store. */
    struct evict_pool pool;
    uint32_t sweep_database;
    uint64_t sweep_bucket;
};

/* A key's hash with the slot of its database in four bits that neither tag nor bucket is made of
 * (as long as there are fewer than 2^52 buckets). */
enum { EVICT_ID_SHIFT = 52 };

static inline uint64_t evict_id_of(uint64_t hash, uint32_t slot)
{
    return (hash & ~(UINT64_C(15) << EVICT_ID_SHIFT)) | (uint64_t)slot << EVICT_ID_SHIFT;
}

/* Queue a key that came under a cache policy. */
void evict_key_added(struct store *store, struct policy_state *state, struct found *found);
/* By the keys of all stores that share the room. */
uint64_t policy_used_bytes(const struct store *store, uint32_t policy);
