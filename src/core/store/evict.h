/*
 * evict.h -- what goes when a cache is full: s3fifo, lru, lfu, random, ttl, or nothing.
 *
 * A cap belongs to a policy (a key prefix, see policy.h) or to the whole store (`maxmemory`). The
 * order of eviction is approximate and cheap: s3fifo is Yang et al., "FIFO queues are all you need
 * for cache eviction" (SOSP 2023); lru, lfu and ttl look at samples and keep the best candidates,
 * as Redis does. Access is noted in the entry's 24 access bits by store_read.
 */
#pragma once

#include "core/store/policy.h"
#include "core/store/store.h"

/* Free keys of the policy until it is within its cap, at most `keys_max` of them; what goes is told
 * to the store's observer. False: still over, and nothing (more) may go. */
bool evict_policy(struct store *store, uint32_t policy, uint32_t keys_max);

/* The same for the whole store over `bytes_max`, from all keys that are in a cache policy and, with
 * `volatile_only` false, … see maxmemory-policy in the configuration. */
struct evict_request {
    uint64_t bytes_max;
    enum evict_kind kind;
    bool expiring_only; /* volatile-*: only keys with an expiry */
    bool cache_only;    /* only keys whose policy is cache: strong keys are never dropped */
    uint32_t samples;   /* maxmemory-samples */
    uint32_t keys_max;
};
bool evict_store(struct store *store, const struct evict_request *request);
