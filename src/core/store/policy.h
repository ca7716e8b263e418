/*
 * policy.h -- consistency by key prefix: which mode a key is in, and the cap of its cache.
 *
 * The longest prefix wins. Policy 0 is the root (the empty prefix): strong until told otherwise.
 * Every store has the same policies; they change by a logged command (POLICY SET, POLICY DEL).
 * A policy's mode is changed only while no key is under it: what is on disk would no longer say
 * what is in memory.
 */
#pragma once

#include "base/fault.h"
#include "core/store/store.h"

enum {
    POLICY_COUNT_MAX = 256,
    POLICY_PREFIX_BYTES_MAX = 256,
};

enum policy_mode { POLICY_STRONG, POLICY_CACHE };
const char *policy_mode_text(enum policy_mode mode); /* "strong", "cache" */
enum evict_kind { EVICT_S3FIFO, EVICT_LRU, EVICT_LFU, EVICT_RANDOM, EVICT_TTL, EVICT_NONE };

struct policy {
    struct slice prefix;
    enum policy_mode mode;
    enum evict_kind evict;
    uint64_t memory_max_bytes; /* 0: no cap of its own, the node's counts */
    uint64_t ttl_seconds;      /* given to a key that is made without an expiry; 0: none */
    bool warm;                 /* a cache's keys follow the leadership of their shard: see warm.h */
    uint64_t used_bytes;       /* by the keys under it, while it is a cache policy, in all stores
                                  that share the room of this one */
    uint64_t keys_count;       /* the same */
};

uint32_t store_policy_of(const struct store *store, struct slice key); /* an index, 0 … count - 1 */
/* True while no policy but the root exists, so that every key has its mode. */
bool store_policy_is_uniform(const struct store *store);
enum policy_mode store_policy_mode(const struct store *store, uint32_t policy);
const struct policy *store_policy(const struct store *store, uint32_t policy);
uint32_t store_policy_count(const struct store *store);
/* The policy of exactly this prefix; false: there is none. */
bool store_policy_find(const struct store *store, struct slice prefix, uint32_t *policy);

/* Make or change; the text is copied. ERR_EXISTS: keys under it are in the other mode (the fault
 * names one of them and how many); ERR_LIMIT: too many policies, or too long a prefix. */
MUST_USE enum err store_policy_set(struct store *store, const struct policy *policy,
                                   struct fault *fault);
/* ERR_NOT_FOUND; ERR_EXISTS: its keys would fall under a policy of the other mode. */
MUST_USE enum err store_policy_delete(struct store *store, struct slice prefix,
                                      struct fault *fault);
