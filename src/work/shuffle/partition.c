/* partition.c -- see partition.h. */
#include <xxhash.h>

#include "work/shuffle/partition.h"

/* How many splitters are <= key. */
static uint32_t partition_by_range(const struct partitioner *partitioner, struct slice key)
{
    uint32_t low = 0, high = partitioner->splitters_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (slice_cmp(partitioner->splitters[middle], key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t partition_of(const struct partitioner *partitioner, struct slice key)
{
    if (partitioner->partitions == 1) return 0;
    if (partitioner->splitters != NULL) return partition_by_range(partitioner, key);
    uint64_t hash = XXH3_64bits(key.data, key.len);
    return (uint32_t)((hash >> 32) * partitioner->partitions >> 32);
}
