/* random.h -- chance for property tests: base/prng.h, from a fixed seed, so that a failure repeats.
 */
#pragma once

#include "base/prng.h"

struct random {
    uint64_t state;
};

static inline uint64_t random_u64(struct random *random)
{
    struct prng prng = {random->state};
    uint64_t value = prng_next(&prng);
    random->state = prng.state;
    return value;
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
