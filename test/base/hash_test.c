/* hash_test.c -- hashes with a secret, and digests. */
#include "base/hash.h"
#include "test/rows.h"

Test(hash, depends_on_the_seed_and_on_every_byte)
{
    static struct hash_secret first, again, other;
    hash_secret_fill(&first, 1);
    hash_secret_fill(&again, 1);
    hash_secret_fill(&other, 2);
    uint8_t bytes[600];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
    for (size_t len = 0; len < sizeof bytes; len++) {
        struct slice text = slice_of(bytes, len);
        uint64_t hash = hash_bytes(&first, text);
        cr_assert_eq(hash, hash_bytes(&again, text));
        cr_assert_neq(hash, hash_bytes(&other, text));
        if (len == 0) continue;
        bytes[len / 2] ^= 1;
        cr_assert_neq(hash, hash_bytes(&first, text), "length %zu", len);
        bytes[len / 2] ^= 1;
    }
}

Test(hash, digest_added_forgets_the_order_and_chained_keeps_it)
{
    uint8_t ab[DIGEST_BYTES] = {0}, ba[DIGEST_BYTES] = {0}, aab[DIGEST_BYTES] = {0};
    uint8_t then_ab[DIGEST_BYTES] = {0}, then_ba[DIGEST_BYTES] = {0};
    digest_add(ab, SLICE("a")), digest_add(ab, SLICE("b"));
    digest_add(ba, SLICE("b")), digest_add(ba, SLICE("a"));
    digest_add(aab, SLICE("a")), digest_add(aab, SLICE("a")), digest_add(aab, SLICE("b"));
    digest_chain(then_ab, SLICE("a")), digest_chain(then_ab, SLICE("b"));
    digest_chain(then_ba, SLICE("b")), digest_chain(then_ba, SLICE("a"));
    cr_expect(memcmp(ab, ba, DIGEST_BYTES) == 0);
    cr_expect(memcmp(ab, aab, DIGEST_BYTES) != 0);
    cr_expect(memcmp(then_ab, then_ba, DIGEST_BYTES) != 0);
}
