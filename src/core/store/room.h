/*
 * room.h -- what the values of one store share: their heap, the secret of their hashes, the limits
 * of their compact forms, and chance.
 */
#pragma once

#include "base/hash.h"
#include "base/heap.h"
#include "base/prng.h"

/* Limits of the compact forms and the like, as Redis names them in CONFIG; changed while running.
 */
struct store_limits {
    uint64_t hash_max_listpack_entries, hash_max_listpack_value;
    uint64_t set_max_intset_entries, set_max_listpack_entries, set_max_listpack_value;
    uint64_t zset_max_listpack_entries, zset_max_listpack_value;
    int64_t list_max_listpack_size; /* as in Redis: > 0 entries, -1 … -5: 4 … 64 KiB */
    uint64_t list_packed_threshold; /* a longer element has a node of its own */
    uint64_t caps_parts; /* lanes: a policy's cap is divided among so many stores. 0 is as 1 */
    uint64_t lfu_log_factor, lfu_decay_minutes; /* how fast an entry's frequency moves */
};

struct room {
    struct heap heap;
    struct hash_secret secret;
    struct store_limits limits;
    struct prng prng; /* for SPOP, RANDOMKEY, …; what it chose is logged, never that it chose */
};
