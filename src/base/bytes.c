/* bytes.c -- see bytes.h. */
#include "base/bytes.h"

enum {
    LANES = 64,
    ROUNDS_MAX = 255, /* of one-byte counters, before they could overflow */
};
/* Counted in one-byte lanes, which the compiler turns into vectors. */
static uint64_t count_in_rounds(const uint8_t *data, size_t rounds, uint8_t byte)
{
    uint8_t lanes[LANES] = {0};
    for (size_t round = 0; round < rounds; round++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] = (uint8_t)(lanes[lane] + (data[round * LANES + lane] == byte));
        }
    }
    uint64_t count = 0;
    for (size_t lane = 0; lane < LANES; lane++) count += lanes[lane];
    return count;
}

uint64_t bytes_count(struct slice bytes, uint8_t byte)
{
    uint64_t count = 0;
    while (bytes.len >= LANES) {
        size_t rounds = u64_min(bytes.len / LANES, ROUNDS_MAX);
        count += count_in_rounds(bytes.data, rounds, byte);
        bytes = slice_from(bytes, rounds * LANES);
    }
    for (size_t i = 0; i < bytes.len; i++) count += bytes.data[i] == byte;
    return count;
}
