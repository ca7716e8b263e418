/*
 * mr_msg.h -- what the master and the workers of a MapReduce job tell each other, and its bytes.
 *
 * A worker answers every MR_RUN_TASK with one MR_TASK_DONE or MR_TASK_FAILED of the same task and
 * attempt, also after MR_STOP_TASK: then soon, with MR_TASK_DONE only if it had finished.
 * Map output stays with the worker until MR_DROP_RUNS or MR_JOB_OVER; that of an attempt that has
 * failed it forgets by itself.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "core/mapreduce/mr_report.h"

enum mr_msg_kind {
    /* master to worker */
    MR_RUN_TASK,
    MR_STOP_TASK,
    MR_DROP_RUNS, /* of this attempt at a map: nobody will read them */
    MR_JOB_OVER,  /* forget everything of the job; the last message */
    /* worker to master */
    MR_TASK_DONE,
    MR_TASK_FAILED,
    MR_TASK_PROGRESS,
};

struct mr_run_task {
    enum mr_kind kind;
    uint32_t part;                /* the split or the partition */
    uint32_t partitions;          /* of the job; 0: map only */
    uint64_t bad_records_allowed; /* that the job can still bear */
    struct slice split;           /* of sample and map: its descriptor, opaque here */
    /* Of a map in total order, ascending. A key belongs to the partition whose number is the count
     * of splitters that are <= the key. May be fewer than partitions - 1. */
    struct slice *splitters;
    uint32_t splitters_count;
    /* Of a reduce: all of its partition, by split, then as reported: merging in this order is
     * stable. */
    struct mr_segment *segments;
    uint32_t segments_count;
};

struct mr_task_done {
    struct mr_report report;
    struct mr_segment *segments; /* of a map; those without records need not be reported */
    uint32_t segments_count;
    struct slice *samples; /* of a sample, in any order, up to MR_SAMPLE_KEYS_MAX */
    uint32_t samples_count;
    uint64_t output_bytes, output_records; /* of a reduce, and of a map in a map-only job */
};

struct mr_task_failed {
    bool retry; /* trying again may help */
    enum err code;
    struct slice text;
};

struct mr_task_progress { /* so far, in this attempt */
    struct mr_counts counts;
    struct slice status; /* of the user code; empty: nothing new */
};

struct mr_msg {
    enum mr_msg_kind kind;
    mr_task_id task; /* of all but MR_JOB_OVER */
    mr_attempt attempt;
    union { /* stop, drop and over carry nothing more */
        struct mr_run_task run;
        struct mr_task_done done;
        struct mr_task_failed failed;
        struct mr_task_progress progress;
    };
};

/* Append the message's bytes. Texts, sampled keys and counters beyond their limits in mr_task.h are
 * cut; more segments than MR_SEGMENTS_MAX or a longer split are the caller's to refuse before. */
void mr_msg_encode(const struct mr_msg *msg, struct buffer *out);

/* ERR_CORRUPT: not a message. Arrays live in the arena, slices borrow from `bytes`; memory taken is
 * within a small multiple of `bytes`. */
MUST_USE enum err mr_msg_decode(struct slice bytes, struct arena *arena, struct mr_msg *msg,
                                struct fault *fault);
