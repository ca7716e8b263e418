/*
 * partition.h -- which partition a key belongs to: by its hash, or in total order by splitters.
 *
 * The same on every machine and in every run: XXH3 without a seed, scaled to the partitions.
 */
#pragma once

#include "base/base.h"

struct partitioner {
    uint32_t partitions;           /* 1 or more */
    const struct slice *splitters; /* ascending; NULL: by hash */
    uint32_t splitters_count;      /* up to partitions - 1 */
};

uint32_t partition_of(const struct partitioner *partitioner, struct slice key);
