/*
 * evict.h -- what goes when a cache is full: s3fifo, lru, lfu, random, ttl, or nothing.
 *
 * A cap belongs to a policy (a key prefix, see policy.h) or to the whole store (`maxmemory`). The
 * order of eviction is approximate and cheap: s3fifo is Yang et al., "FIFO queues are all you need
 * for cache eviction" (SOSP 2023); lru, lfu and ttl look at samples and keep the best candidates,
 * as Redis does. Each entry has a time and two counters, noted by store_read.
 */
#pragma once

#include "core/store/policy.h"
#include "core/store/store.h"

/* Free keys of the policy (of all stores that share the room: those with the most lose first) until
 * it is within its cap, at most about `keys_max` of them; what goes is told to the store's
 * observer. False: it is over, and nothing more may go. True may mean that it is still over, and
 * the next call goes on. */
bool evict_policy(struct store *store, uint32_t policy, uint32_t keys_max);

/* Has the policy a cap, and its keys take all of it? */
bool evict_policy_is_full(const struct store *store, uint32_t policy);

/* As evict_policy, for the whole store while it takes more than `bytes_max`: what maxmemory-policy
 * says. Where several policies exist, the fullest cache loses keys, in its own way; where the root
 * is all there is, they go in the way of `kind`. */
struct evict_request {
    uint64_t bytes_max;
    enum evict_kind kind; /* with s3fifo, the root's own way */
    bool expiring_only;   /* volatile-*: only keys with an expiry */
    bool cache_only;      /* only keys whose policy is cache: strong keys are never dropped */
    uint32_t samples;     /* maxmemory-samples */
    uint32_t keys_max;
};
bool evict_store(struct store *store, const struct evict_request *request);
