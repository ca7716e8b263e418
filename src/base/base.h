/*
 * base.h -- the words that every file shares: slices, assertions, ids and times.
 *
 * A slice is borrowed bytes: never owned, never NUL-terminated. A function that takes one may keep
 * it only until it returns, unless its name ends in _take or its header says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *data;
    size_t len;
};

typedef struct {
    int64_t ns;
} instant; /* on a monotonic clock */

typedef struct {
    int64_t ns;
} duration;

typedef struct {
    uint32_t n; /* 0: nobody */
} node_id;      /* of one process in a cluster */

#define NODE_NONE ((node_id){0})

static inline bool node_eq(node_id a, node_id b)
{
    return a.n == b.n;
}

typedef struct {
    uint32_t n;
} shard_id; /* of one part of the key space, and the Raft group that keeps it */

enum {
    KEY_SLOTS = 16384, /* Redis Cluster's */
    SHARDS_MAX = KEY_SLOTS,
    NODES_MAX = 128 /* of one cluster */
};
#define SHARD_ROOT ((shard_id){SHARDS_MAX}) /* the cluster's own data: no slot is in it */

static inline bool shard_eq(shard_id a, shard_id b)
{
    return a.n == b.n;
}

/* Neighbouring slots are in one shard, neighbouring shards in one lane: on each node by the number
 * of its own lanes. */
static inline shard_id shard_of_slot(uint32_t slot, uint32_t shards_count)
{
    return (shard_id){(uint32_t)((uint64_t)slot * shards_count / KEY_SLOTS)};
}
/* The first of a shard's slots; of one behind the last, KEY_SLOTS. */
static inline uint32_t shard_first_slot(shard_id shard, uint32_t shards_count)
{
    return (uint32_t)(((uint64_t)shard.n * KEY_SLOTS + shards_count - 1) / shards_count);
}
static inline uint32_t shard_last_slot(shard_id shard, uint32_t shards_count)
{
    return shard_first_slot((shard_id){shard.n + 1}, shards_count) - 1;
}
static inline uint32_t shard_lane(shard_id shard, uint32_t shards_count, uint32_t lanes_count)
{
    if (shard_eq(shard, SHARD_ROOT)) return 0;
    return (uint32_t)((uint64_t)shard.n * lanes_count / shards_count);
}

/* The first shard of a lane, if it has any. */
static inline shard_id lane_first_shard(uint32_t lane, uint32_t shards_count, uint32_t lanes_count)
{
    return (shard_id){(uint32_t)(((uint64_t)lane * shards_count + lanes_count - 1) / lanes_count)};
}

/* May lane i of a node with so many meet shards in lane j of another: do their parts of the whole
 * overlap? Each lane has at least one such in each node, lane 0 lane 0. */
static inline bool lanes_meet(uint32_t i, uint32_t i_count, uint32_t j, uint32_t j_count)
{
    return (uint64_t)i * j_count < ((uint64_t)j + 1) * i_count &&
           (uint64_t)j * i_count < ((uint64_t)i + 1) * j_count;
}

#define SLICE(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define MUST_USE       __attribute__((warn_unused_result))
#define PRINTF(f, a)   __attribute__((format(printf, f, a)))
#define NORETURN       __attribute__((noreturn))
#define LIKELY(cond)   __builtin_expect(!!(cond), 1)
#define UNLIKELY(cond) __builtin_expect(!!(cond), 0)

/* Never compiled out. One condition each: a failure then names what was wrong. */
#define ASSERT(cond) (LIKELY(cond) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__))
/* What cannot be here: "a record format", behind a switch that returns for all of them. */
#define UNREACHABLE(what) assert_failed(what, __FILE__, __LINE__)

NORETURN void assert_failed(const char *condition, const char *file, int line);

static inline struct slice slice_of(const void *data, size_t len)
{
    return (struct slice){(const uint8_t *)data, len};
}

static inline struct slice slice_text(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Byte order; a prefix sorts before what it starts. */
static inline int slice_cmp(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_starts_with(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len && slice_eq(slice_of(text.data, prefix.len), prefix);
}

static inline struct slice slice_from(struct slice text, size_t start)
{
    ASSERT(start <= text.len);
    if (start == 0) return text; /* an empty slice may have no data to point into */
    return slice_of(text.data + start, text.len - start);
}

static inline bool slice_ends_with(struct slice text, struct slice end)
{
    return text.len >= end.len && slice_eq(slice_from(text, text.len - end.len), end);
}

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}
