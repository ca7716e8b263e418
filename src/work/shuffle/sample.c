/* sample.c -- see sample.h. */
#include <stdlib.h>

#include "base/prng.h"
#include "work/shuffle/sample.h"

struct sample {
    struct buffer *keys;
    size_t keys_max, key_bytes_max, count;
    uint64_t seen;
    struct prng prng;
};

struct sample *sample_new(size_t keys_max, size_t key_bytes_max, uint64_t seed)
{
    struct sample *sample = calloc(1, sizeof *sample);
    ASSERT(sample != NULL);
    *sample = (struct sample){.keys_max = keys_max, .key_bytes_max = key_bytes_max, .prng = {seed}};
    sample->keys = calloc(keys_max, sizeof *sample->keys);
    ASSERT(sample->keys != NULL);
    return sample;
}

void sample_add(struct sample *sample, struct slice key)
{
    size_t at = sample->count;
    if (sample->count < sample->keys_max) {
        sample->count++;
    } else {
        at = prng_below(&sample->prng, sample->seen + 1);
    }
    sample->seen++;
    if (at >= sample->keys_max) return;
    buffer_clear(&sample->keys[at]);
    buffer_append(&sample->keys[at], slice_of(key.data, u64_min(key.len, sample->key_bytes_max)));
}

size_t sample_count(const struct sample *sample)
{
    return sample->count;
}

struct slice sample_key(const struct sample *sample, size_t at)
{
    ASSERT(at < sample->count);
    return buffer_slice(&sample->keys[at]);
}

void sample_free(struct sample *sample)
{
    if (sample == NULL) return;
    for (size_t i = 0; i < sample->keys_max; i++) buffer_free(&sample->keys[i]);
    free(sample->keys);
    free(sample);
}
