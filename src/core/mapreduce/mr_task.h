/*
 * mr_task.h -- the words of a MapReduce job that master and workers share: ids, kinds of tasks,
 * segments of map output, limits.
 *
 * A job is up to three phases of tasks, and a phase is named by the kind of its tasks. Tasks are
 * numbered through: the samples first, then the maps, then the reduces; `part` counts from 0 within
 * a kind: the split of a sample or map, the partition of a reduce.
 */
#pragma once

#include "base/base.h"

typedef struct {
    uint32_t n;
} worker_id;

typedef struct {
    uint32_t n;
} mr_task_id;

typedef struct {
    uint32_t n; /* of one task, from 1; never used twice */
} mr_attempt;

typedef struct {
    uint64_t n; /* chosen by the worker that holds the run */
} mr_run_id;

enum mr_kind {
    MR_SAMPLE, /* run the map operator over a small part of a split, return some of its keys */
    MR_MAP,    /* run the map operator over a split; segments, or in a map-only job a part file */
    MR_REDUCE, /* merge the segments of a partition, reduce them to a part file */
};

enum { MR_KINDS = 3 };

/* Limits. What is a text is cut to its limit by the encoder; what is more than that is refused. */
enum {
    MR_SPLITS_MAX = 1 << 20,
    MR_PARTITIONS_MAX = 1 << 16,
    MR_WORKERS_MAX = 4096,
    MR_SLOTS_MAX = 1024,       /* of one worker; more are not used */
    MR_LIVE_MAX = 1 << 16,     /* attempts at work at one time, over all workers */
    MR_LOSSES_MAX = 16,        /* times that one task may be lost with its worker */
    MR_ATTEMPTS_MAX = 1000,    /* times that one task may fail */
    MR_SEGMENTS_MAX = 1 << 23, /* in one job, and so in one message */
    MR_SAMPLE_TASKS_MAX = 256,
    MR_SAMPLE_KEYS_MAX = 1024,      /* of one sample task */
    MR_SAMPLE_KEY_BYTES_MAX = 1024, /* longer keys are cut: what is left still splits */
    MR_COUNTERS_MAX = 256,          /* user counters, of one report and of the job */
    MR_NAME_BYTES_MAX = 256,        /* of a counter's group or name */
    MR_STATUS_BYTES_MAX = 256,
    MR_LABEL_BYTES_MAX = 256,
    MR_TEXT_BYTES_MAX = 6144,     /* why a task failed */
    MR_SPLIT_BYTES_MAX = 1 << 26, /* the descriptor of a split */
};

/* The sorted records of one partition in one run: what a reduce reads, and where it is. */
struct mr_segment {
    worker_id worker; /* holds it; the master puts the reporting worker here */
    uint32_t partition;
    mr_run_id run;
    uint64_t offset, bytes;
    uint64_t records;
};

static inline bool worker_eq(worker_id a, worker_id b)
{
    return a.n == b.n;
}
