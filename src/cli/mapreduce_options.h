/*
 * mapreduce_options.h -- the command line of `tutti mapreduce` as a job to run.
 *
 * Reads the words, TMPDIR, and what the machine has; opens no file. A wrong word is ERR_USAGE with
 * a text that says what was wrong and what is allowed.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "core/mapreduce/job_spec.h"

enum {
    WORKERS_MAX = 1024,
    REDUCERS_MAX = 10000, /* part-09999 */
    ATTEMPTS_MAX = 100,
    ATTEMPTS_DEFAULT = 3,
};
enum {
    SPLIT_BYTES_MIN = 64,
    SPLIT_BYTES_DEFAULT = 64 << 20,
    RECORD_BYTES_DEFAULT = 64 << 20,
    RECORD_BYTES_MAX = 1 << 30, /* of what is sorted, no more fits into a block of a run */
    MEMORY_BYTES_MIN = 1 << 20,
    WORKER_BYTES_MIN = 64 << 10, /* of the memory, for each worker */
    MEMORY_SHARE_DEFAULT = 4,    /* of the machine's memory, one part in so many */
};

struct mapreduce_options {
    struct job_spec spec;
    struct slice *inputs;
    uint32_t inputs_count;
    const char *output; /* a folder; "-": standard output */
    const char *tmp;
    uint32_t workers;
    uint64_t memory_bytes;
    bool force, json, quiet;
    bool help;             /* help was asked for: nothing else is filled */
    struct slice warnings; /* whole lines for the person: what had no meaning here */
};

/* `argv[0]` is the first word after `mapreduce`. Everything lives in the arena or in `argv`. */
MUST_USE enum err mapreduce_options_parse(struct arena *arena, int argc, char **argv,
                                          struct mapreduce_options *options, struct fault *fault);
