/* run_impl.h -- what the writer and the reader of runs share: the store's inside. */
#pragma once

#include "base/buffer.h"
#include "io/file.h"
#include "work/shuffle/run.h"
#include "work/shuffle/run_block.h"

struct run {
    bool in_memory;
    uint64_t start; /* in the store's memory, or in its file */
    uint64_t bytes;
    uint32_t block_bytes_max; /* the largest block's records */
};

struct run_store {
    const char *folder;
    size_t block_bytes;
    struct file file; /* fd -1 until something is spilled */
    uint64_t file_len;
    uint64_t spilled_bytes; /* written, also what was given up since */
    uint8_t *memory;
    size_t memory_len, memory_capacity;
    struct run *runs;
    uint64_t runs_count, runs_capacity;

    struct run open;        /* the one being written */
    struct buffer block;    /* head and records of the block being filled */
    struct buffer out;      /* whole blocks on their way to the file */
    struct run_part *parts; /* of the open run; those that have ended */
    uint32_t parts_count, parts_capacity;
    uint64_t part_start; /* offset of the open part in the run */
    uint64_t part_records;
};
