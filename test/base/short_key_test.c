/* short_key_test.c -- keys as two words: read padded or exactly, ordered and hashed. */
#include <stdlib.h>

#include "base/short_key.h"
#include "test/random.h"
#include "test/rows.h"

Test(short_key, padded_is_exact)
{
    struct random random = {2};
    for (size_t round = 0; round < 2000; round++) {
        uint8_t bytes[2 * SHORT_KEY_BYTES_MAX];
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)random_u64(&random);
        struct slice key = slice_of(bytes + round % 16, round % (SHORT_KEY_BYTES_MAX + 1));
        struct short_key padded = short_key_padded(key), exact = short_key_exact(key);
        cr_assert_eq(padded.low, exact.low, "%zu bytes", key.len);
        cr_assert_eq(padded.high, exact.high, "%zu bytes", key.len);
        uint8_t words[SHORT_KEY_BYTES_MAX] = {0};
        memcpy(words, key.data, key.len);
        cr_assert(memcmp(&exact, words, sizeof words) == 0, "the words are the bytes, then zeros");
    }
}

Test(short_key, exact_reads_no_more_than_the_key)
{
    for (size_t len = 0; len <= SHORT_KEY_BYTES_MAX; len++) {
        uint8_t *bytes = malloc(len + 1); /* the address sanitizer watches its end */
        memset(bytes, 0xff, len + 1);
        struct short_key key = short_key_exact(slice_of(bytes + 1, len));
        cr_expect_eq(key.low == 0, len == 0);
        cr_expect_eq((size_t)__builtin_popcountll(key.low) + (size_t)__builtin_popcountll(key.high),
                     8 * len);
        free(bytes);
    }
    cr_expect_eq(short_key_exact((struct slice){0}).low, 0, "an empty key needs no memory");
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

Test(short_key, prefixes_order_as_bytes_do)
{
    struct random random = {3};
    for (size_t round = 0; round < 20000; round++) {
        uint8_t bytes[2][12];
        struct slice keys[2], cut[2];
        for (size_t k = 0; k < 2; k++) {
            keys[k] = slice_of(bytes[k], random_below(&random, sizeof bytes[k] + 1));
            for (size_t i = 0; i < sizeof bytes[k]; i++) {
                static const uint8_t few[] = {0, 1, 0x7f, 0x80, 0xff};
                bytes[k][i] = few[random_below(&random, COUNT_OF(few))];
            }
            cut[k] = slice_of(keys[k].data, u64_min(keys[k].len, 8));
        }
        uint64_t a = key_prefix(keys[0]), b = key_prefix(keys[1]);
        int order = slice_cmp(cut[0], cut[1]);
        if (a != b) cr_assert_eq(sign(order), a < b ? -1 : 1);
        if (order == 0) cr_assert_eq(a, b, "equal beginnings, equal prefixes");
    }
    cr_expect_eq(key_prefix(SLICE("ab")), 0x6162000000000000);
    cr_expect_eq(key_prefix((struct slice){0}), 0);
}

Test(short_key, no_keys_can_be_made_to_collide)
{
    /* Keys that undo one of the words which are mixed in would all have one hash. */
    static const uint64_t words[] = {0, 0x9e3779b97f4a7c15, ~0ULL, 1ULL << 63};
    static const size_t lens[] = {8, 9, 16};
    enum { KEYS = 1000, SLOTS = 64, SAME_MAX = 4 * KEYS / SLOTS };
    for (size_t w = 0; w < COUNT_OF(words) * COUNT_OF(lens); w++) {
        size_t len = lens[w % COUNT_OF(lens)], same_low = 0, same_high = 0;
        uint64_t undoes = words[w / COUNT_OF(lens)] ^ len;
        for (uint64_t i = 0; i < KEYS; i++) {
            uint64_t other = i * 0x100000001b3;
            same_low += short_key_hash((struct short_key){undoes, other}, len, 77) % SLOTS == 0;
            same_high += short_key_hash((struct short_key){other, undoes}, len, 77) % SLOTS == 0;
        }
        cr_expect(same_low < SAME_MAX, "low word %zu, %zu bytes: %zu", w, len, same_low);
        cr_expect(same_high < SAME_MAX, "high word %zu, %zu bytes: %zu", w, len, same_high);
    }
}

Test(short_key, seed_and_length_matter)
{
    struct short_key zeros = {0, 0};
    cr_expect(short_key_hash(zeros, 1, 5) != short_key_hash(zeros, 2, 5), "\"\\0\" and \"\\0\\0\"");
    cr_expect(short_key_hash(zeros, 1, 5) != short_key_hash(zeros, 1, 6), "another seed");
}
