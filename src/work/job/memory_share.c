/* memory_share.c -- how a job's memory is dealt. See task.h for what each share is for. */
#include "work/job/job_impl.h"

enum {
    /* What is not counted (the program itself, its stacks, lists of files) gets the rest of the 64
     * MiB that a job may take beyond its budget. */
    WINDOWS_BYTES_UNCOUNTED = 40 << 20,
    WINDOW_BYTES_MAX = 128 << 20,
    READER_BYTES_MIN = 16 * 1024,
    READER_BYTES_MAX = 512 * 1024,
    BLOCK_BYTES_MIN = 2 * 1024,
    BLOCK_BYTES_MAX = 64 * 1024,
    BLOCKS_IN_WORK = 128, /* so that many runs can be merged at one time, two buffers each */
    RECORD_BYTES_LEAST = 64 * 1024,
};

static uint64_t between(uint64_t low, uint64_t value, uint64_t high)
{
    return u64_max(low, u64_min(value, high));
}

struct memory_share memory_share_of(uint64_t memory_bytes, uint32_t workers,
                                    uint64_t record_bytes_max, bool has_windows)
{
    uint64_t each = memory_bytes / workers;
    uint64_t uncounted = WINDOWS_BYTES_UNCOUNTED / workers;
    uint64_t window = between(uncounted, each / 8 * 3, WINDOW_BYTES_MAX);
    uint64_t counted = has_windows && window > uncounted ? window - uncounted : 0;
    uint64_t work = (each - counted) / 8 * 5;
    uint64_t reader = between(READER_BYTES_MIN, work / 16, READER_BYTES_MAX);
    return (struct memory_share){
        .store = (each - counted) / 8 * 3,
        .reader = reader,
        .work = work - u64_min(reader, work / 2),
        .block = between(BLOCK_BYTES_MIN, work / BLOCKS_IN_WORK, BLOCK_BYTES_MAX),
        .record_max = u64_min(record_bytes_max, u64_max(work / 4, RECORD_BYTES_LEAST)),
        .window_max = window,
    };
}
