/* evict_impl.h -- what the .c files of eviction share. */
#pragma once

#include "core/store/policy_impl.h"

struct found evict_find(struct store *store, uint64_t id); /* its entry is NULL: it is gone */
void evict_drop(struct store *store, struct found *found);

/* Drop one key; false: there is none. */
bool evict_s3(struct store *store, struct policy_state *state);

/* Where candidates are looked for, and which are any. */
struct evict_search {
    struct policy_state *state; /* its keys; NULL: all of the store */
    struct evict_pool *pool;
    enum evict_kind kind;
    bool expiring_only, cache_only;
    uint32_t samples;
};
bool evict_sampled(struct store *store, const struct evict_search *search);
