/*
 * mr_master_sample.c -- sampled keys, and the splitters between partitions that they suggest: the
 * quantiles of the sorted sample (as in TeraSort), each different from the one before.
 */
#include <stdlib.h>

#include "core/mapreduce/mr_master_impl.h"

void mr_samples_store(struct mr_master *master, const struct mr_task_done *done)
{
    uint32_t count = (uint32_t)u64_min(done->samples_count, MR_SAMPLE_KEYS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct slice key = done->samples[i];
        key.len = u64_min(key.len, MR_SAMPLE_KEY_BYTES_MAX);
        master->samples[master->samples_count++] = arena_copy(master->arena, key);
    }
}

static int key_cmp(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

void mr_splitters_choose(struct mr_master *master)
{
    uint64_t count = master->samples_count, partitions = master->config.reducers;
    if (count == 0) return;
    qsort(master->samples, count, sizeof *master->samples, key_cmp);
    /* The smallest key splits nothing off: all keys would be at or behind it. */
    struct slice last = master->samples[0];
    uint64_t at = 0;
    for (uint64_t i = 1; i < partitions; i++) {
        at = u64_max(at, i * count / partitions);
        while (at < count && slice_cmp(master->samples[at], last) <= 0) at++;
        if (at == count) return; /* fewer different keys than partitions: the rest stay empty */
        last = master->samples[at];
        master->splitters[master->splitters_count++] = last;
    }
}
