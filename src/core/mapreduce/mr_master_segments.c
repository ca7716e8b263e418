/*
 * mr_master_segments.c -- the output of finished maps: kept by map and in it by partition, and
 * gathered across maps for a reduce. The invariants are in mr_master.c.
 *
 * Room only grows, by doubling, so that what a rerun leaves behind in the arena stays below what is
 * in use.
 */
#include <stdlib.h>

#include "core/mapreduce/mr_master_impl.h"

static uint32_t capacity_for(uint64_t count)
{
    uint32_t capacity = 1;
    while (capacity < count) capacity *= 2; /* count <= MR_SEGMENTS_MAX */
    return capacity;
}

/* A counting sort: by partition, and within one as reported. */
static void segments_place(struct mr_master *master, struct mr_task *map,
                           const struct mr_segment *segments, uint32_t count)
{
    struct mr_partition *partitions = master->partitions;
    for (uint32_t i = 0; i < master->config.reducers; i++) partitions[i].cursor = 0;
    for (uint32_t i = 0; i < count; i++) partitions[segments[i].partition].cursor++;
    uint32_t start = 0;
    for (uint32_t i = 0; i < master->config.reducers; i++) {
        uint32_t size = partitions[i].cursor;
        partitions[i].cursor = start;
        start += size;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct mr_segment *place = &map->segments[partitions[segments[i].partition].cursor++];
        *place = segments[i]; /* [I10] */
        place->worker = map->holder;
    }
}

void mr_segments_store(struct mr_master *master, struct mr_task *map,
                       const struct mr_task_done *done)
{
    uint32_t count = done->segments_count;
    if (master->segments_count + count > MR_SEGMENTS_MAX) { /* [I10] */
        mr_fail(master, ERR_LIMIT,
                "the maps made more than %d pieces for the reduces: ask for larger splits, fewer "
                "reducers or more memory",
                MR_SEGMENTS_MAX);
        return;
    }
    if (count > map->segments_capacity) {
        map->segments_capacity = capacity_for(count);
        map->segments = ARENA_ARRAY(master->arena, struct mr_segment, map->segments_capacity);
    }
    segments_place(master, map, done->segments, count);
    map->segments_count = count;
    master->segments_count += count;
}

void mr_segments_forget(struct mr_master *master, struct mr_task *map)
{
    master->segments_count -= map->segments_count;
    map->segments_count = 0;
}

static void partitions_sum(struct mr_master *master)
{
    const struct mr_phase *maps = &master->phases[MR_MAP];
    struct mr_partition *partitions = master->partitions;
    for (uint32_t i = 0; i < master->config.reducers; i++) {
        partitions[i].bytes = 0;
        partitions[i].segments = 0;
    }
    for (uint32_t i = 0; i < maps->tasks; i++) {
        const struct mr_task *map = &master->tasks[maps->first + i];
        for (uint32_t at = 0; at < map->segments_count; at++) {
            struct mr_partition *partition = &partitions[map->segments[at].partition];
            partition->bytes = mr_sum(partition->bytes, map->segments[at].bytes);
            partition->segments++;
        }
    }
}

static int partition_cmp(const void *a, const void *b, void *partitions)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct mr_partition *all = partitions;
    if (all[left].bytes != all[right].bytes) return all[left].bytes > all[right].bytes ? -1 : 1;
    return (left > right) - (left < right);
}

/* All maps are finished: what each partition holds, and the largest first. */
void mr_partitions_order(struct mr_master *master)
{
    uint32_t count = master->config.reducers;
    partitions_sum(master);
    qsort_r(master->reduce_order, count, sizeof *master->reduce_order, partition_cmp,
            master->partitions);
    struct mr_phase *reduces = &master->phases[MR_REDUCE];
    reduces->scan = 0;
    reduces->bytes_total = 0;
    for (uint32_t i = 0; i < count; i++) {
        reduces->bytes_total = mr_sum(reduces->bytes_total, master->partitions[i].bytes);
    }
}

/* The first of a map's segments in `partition`, or where it would be. */
static uint32_t segments_find(const struct mr_task *map, uint32_t partition)
{
    uint32_t low = 0, high = map->segments_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (map->segments[middle].partition < partition) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Room that earlier messages of this step do not point to. A block that is left for a larger one
 * stays in the arena, and readable until the next step. */
static struct mr_segment *gathered_reserve(struct mr_master *master, uint32_t count)
{
    if (master->gathered_capacity - master->gathered_count < count) {
        uint32_t doubled = 2 * master->gathered_capacity;
        master->gathered_capacity = capacity_for(u64_max(count, doubled));
        master->gathered = ARENA_ARRAY(master->arena, struct mr_segment, master->gathered_capacity);
        master->gathered_count = 0;
    }
    struct mr_segment *at = &master->gathered[master->gathered_count];
    master->gathered_count += count;
    return at;
}

void mr_segments_gather(struct mr_master *master, uint32_t partition, struct mr_run_task *run)
{
    uint32_t count = master->partitions[partition].segments;
    const struct mr_phase *maps = &master->phases[MR_MAP];
    run->segments = gathered_reserve(master, count);
    for (uint32_t i = 0; i < maps->tasks; i++) {
        const struct mr_task *map = &master->tasks[maps->first + i];
        uint32_t at = segments_find(map, partition);
        for (; at < map->segments_count && map->segments[at].partition == partition; at++) {
            run->segments[run->segments_count++] = map->segments[at];
        }
    }
    ASSERT(run->segments_count == count);
}
