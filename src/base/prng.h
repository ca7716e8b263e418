/*
 * prng.h -- numbers by chance from a seed: SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.
 */
#pragma once

#include "base/base.h"

struct prng {
    uint64_t state;
};

static inline uint64_t prng_next(struct prng *prng)
{
    uint64_t mixed = prng->state += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
    return mixed ^ mixed >> 31;
}

/* 0 .. bound - 1; bound is 1 or more. */
static inline uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    return (uint64_t)((__uint128_t)prng_next(prng) * bound >> 64);
}
