/* random.h -- chance for property tests: splitmix64, from a fixed seed, so that a failure repeats.
 */
#pragma once

#include "base/base.h"

struct random {
    uint64_t state;
};

static inline uint64_t random_u64(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline uint64_t random_below(struct random *random, uint64_t bound)
{
    return random_u64(random) % bound;
}

/* Of any magnitude: as many small ones as large ones. */
static inline uint64_t random_magnitude(struct random *random)
{
    return random_u64(random) >> random_below(random, 64);
}
