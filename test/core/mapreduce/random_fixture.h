/* random_fixture.h -- chance from a seed, for property tests: xorshift64*. */
#pragma once

#include "base/base.h"

struct random {
    uint64_t state; /* never 0 */
};

static inline struct random random_of(uint64_t seed)
{
    return (struct random){seed * 2654435761u + 88172645463325252u};
}

static inline uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 2685821657736338717u;
}

static inline uint32_t random_below(struct random *random, uint32_t bound)
{
    return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}

static inline bool random_chance(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}
