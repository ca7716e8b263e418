/*
 * short_key.h -- keys of up to 16 bytes as two words, zero-padded: compared and hashed without a
 * loop. Together with the length they are the key.
 */
#pragma once

#include "base/base.h"

enum { SHORT_KEY_BYTES_MAX = 16 };

struct short_key {
    uint64_t low, high; /* bytes 0..7 and 8..15, the first byte lowest */
};

static inline uint64_t load_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t load_u64_big_endian(const uint8_t *at)
{
    return __builtin_bswap64(load_u64(at));
}

/* The first 8 bytes as a number that orders as the bytes do; what is missing counts as zeros. */
static inline uint64_t key_prefix(struct slice key)
{
    if (LIKELY(key.len >= 8)) return load_u64_big_endian(key.data);
    uint64_t value = 0;
    for (size_t i = 0; i < key.len; i++) value |= (uint64_t)key.data[i] << (56 - 8 * i);
    return value;
}

/* `key.len` is at most 16, and 16 bytes may be read, whatever the length. */
static inline struct short_key short_key_padded(struct slice key)
{
    uint64_t low = load_u64(key.data), high = load_u64(key.data + 8);
    unsigned bits = (unsigned)key.len * 8;
    uint64_t low_mask = bits >= 64 ? ~0ULL : (1ULL << bits) - 1;
    uint64_t high_mask = bits >= 128 ? ~0ULL : bits <= 64 ? 0 : (1ULL << (bits - 64)) - 1;
    return (struct short_key){low & low_mask, high & high_mask};
}

/* The same, and only `key.len` bytes are read. */
static inline struct short_key short_key_exact(struct slice key)
{
    uint8_t bytes[SHORT_KEY_BYTES_MAX] = {0};
    if (key.len != 0) memcpy(bytes, key.data, key.len);
    return (struct short_key){load_u64(bytes), load_u64(bytes + 8)};
}

/* 64 x 64 bits multiplied and folded: the mixing step of wyhash. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Both words meet bits of the seed, so that no key can turn one into zero, whose product with the
 * other is zero whatever that is. */
static inline uint64_t short_key_hash(struct short_key key, size_t len, uint64_t seed)
{
    uint64_t other_seed = seed * 0xbf58476d1ce4e5b9ULL ^ 0x9e3779b97f4a7c15ULL;
    return hash_mix(key.low ^ seed, key.high ^ len ^ other_seed);
}
