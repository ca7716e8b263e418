/* prng_test.c -- numbers by chance: the published sequence, and bounds that are kept fairly. */
#include "base/prng.h"
#include "test/rows.h"

Test(prng, is_splitmix64)
{
    struct prng prng = {1234567};
    static const uint64_t want[] = {6457827717110365317u, 3203168211198807973u,
                                    9817491932198370423u, 4593380528125082431u,
                                    16408922859458223821u};
    for (size_t i = 0; i < COUNT_OF(want); i++) cr_expect_eq(prng_next(&prng), want[i]);
}

Test(prng, below_is_below_and_fair)
{
    struct prng prng = {7};
    enum { SIDES = 6, ROLLS = 60000 };
    size_t seen[SIDES] = {0};
    for (size_t i = 0; i < ROLLS; i++) {
        uint64_t roll = prng_below(&prng, SIDES);
        cr_assert(roll < SIDES);
        seen[roll]++;
    }
    for (size_t i = 0; i < SIDES; i++) {
        cr_expect(seen[i] > ROLLS / SIDES / 10 * 9 && seen[i] < ROLLS / SIDES / 10 * 11);
    }
    for (size_t i = 0; i < 100; i++) cr_assert_eq(prng_below(&prng, 1), 0);
    for (size_t i = 0; i < 100; i++) (void)prng_below(&prng, UINT64_MAX);
}
