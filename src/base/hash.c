/* hash.c -- see hash.h. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

_Static_assert(HASH_SECRET_BYTES == XXH3_SECRET_DEFAULT_SIZE, "what XXH3 derives from a seed");

void hash_secret_fill(struct hash_secret *secret, uint64_t seed)
{
    XXH3_generateSecret_fromSeed(secret->bytes, seed);
}

uint64_t hash_bytes(const struct hash_secret *secret, struct slice bytes)
{
    return XXH3_64bits_withSecret(bytes.data, bytes.len, secret->bytes, HASH_SECRET_BYTES);
}

struct parts { /* of a digest */
    uint64_t low, middle;
    uint32_t high;
};

enum { DIGEST_HIGH_SEED = 20 };

static struct parts parts_of(struct slice bytes)
{
    XXH128_hash_t wide = XXH3_128bits(bytes.data, bytes.len);
    uint64_t more = XXH3_64bits_withSeed(bytes.data, bytes.len, DIGEST_HIGH_SEED);
    return (struct parts){wide.low64, wide.high64, (uint32_t)(more >> 32)};
}

static void parts_write(const struct parts *parts, uint8_t digest[DIGEST_BYTES])
{
    memcpy(digest, &parts->low, 8);
    memcpy(digest + 8, &parts->middle, 8);
    memcpy(digest + 16, &parts->high, 4);
}

/* Sums, not exclusive or: the same bytes twice are not the same as never. */
void digest_add(uint8_t digest[DIGEST_BYTES], struct slice bytes)
{
    struct parts sum;
    memcpy(&sum.low, digest, 8);
    memcpy(&sum.middle, digest + 8, 8);
    memcpy(&sum.high, digest + 16, 4);
    struct parts more = parts_of(bytes);
    sum.low += more.low;
    sum.middle += more.middle;
    sum.high += more.high;
    parts_write(&sum, digest);
}

void digest_chain(uint8_t digest[DIGEST_BYTES], struct slice bytes)
{
    uint8_t both[2 * DIGEST_BYTES];
    memcpy(both, digest, DIGEST_BYTES);
    struct parts more = parts_of(bytes);
    parts_write(&more, both + DIGEST_BYTES);
    struct parts chained = parts_of(slice_of(both, sizeof both));
    parts_write(&chained, digest);
}
