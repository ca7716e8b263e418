/*
 * hash.h -- keys to 64 bits, such that a stranger who does not know the secret cannot make many
 * keys meet: XXH3 (Collet) with a secret of its own.
 */
#pragma once

#include "base/base.h"

enum { HASH_SECRET_BYTES = 192 };

struct hash_secret {
    uint8_t bytes[HASH_SECRET_BYTES];
};

/* The same seed gives the same secret. */
void hash_secret_fill(struct hash_secret *secret, uint64_t seed);
uint64_t hash_bytes(const struct hash_secret *secret, struct slice bytes);

/* Digests of 20 bytes, not for secrets: mixed so that the order does not count, or so that it does.
 * Zeroed is a digest of nothing. */
enum { DIGEST_BYTES = 20 };
void digest_add(uint8_t digest[DIGEST_BYTES], struct slice bytes);   /* order does not count */
void digest_chain(uint8_t digest[DIGEST_BYTES], struct slice bytes); /* order counts */
