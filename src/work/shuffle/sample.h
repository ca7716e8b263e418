/*
 * sample.h -- a fair sample of the keys that pass by (reservoir sampling, Vitter's algorithm R).
 */
#pragma once

#include "base/buffer.h"

struct sample; /* opaque; sample_free frees it */

/* Keeps up to `keys_max` keys, of each at most the first `key_bytes_max` bytes. */
struct sample *sample_new(size_t keys_max, size_t key_bytes_max, uint64_t seed);
void sample_add(struct sample *sample, struct slice key);
size_t sample_count(const struct sample *sample);
struct slice sample_key(const struct sample *sample, size_t at); /* borrowed */
void sample_free(struct sample *sample);
