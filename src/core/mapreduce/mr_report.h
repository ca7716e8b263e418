/*
 * mr_report.h -- what is counted: by a worker over one task, by the master over the job.
 */
#pragma once

#include "core/mapreduce/mr_task.h"

/* Sums stop at the largest number instead of turning over. */
struct mr_counts {
    uint64_t bytes_read; /* of the split as stored; for a reduce, of its segments */
    uint64_t records_in; /* into the operator */
    uint64_t records_out;
    uint64_t keys_out; /* distinct ones; of a reduce */
    uint64_t spills;
    uint64_t bad_records; /* passed over */
};

struct mr_counter { /* of the user: Hadoop Streaming's reporter:counter */
    struct slice group, name;
    int64_t amount;
};

struct mr_report { /* on one attempt that succeeded */
    struct mr_counts counts;
    struct slice first_bad; /* the first bad record, for a person; may be empty */
    struct mr_counter *counters;
    uint32_t counters_count;
    uint64_t counters_dropped; /* that the worker could not keep */
};

struct mr_phase_progress {
    uint32_t tasks, running, done;
    uint64_t bytes_total;    /* to read: of the splits, of the segments; 0 while not known */
    struct mr_counts counts; /* of finished tasks and of those at work, each task once */
    bool begun, ended;
    instant begin, end; /* the first task handed out; the last one done */
};

struct mr_slowest {
    bool any;
    enum mr_kind kind;
    duration time;
    char label[MR_LABEL_BYTES_MAX + 1];
};

struct mr_progress {
    struct mr_phase_progress phases[MR_KINDS]; /* by enum mr_kind */
    uint64_t output_bytes, output_records;     /* of finished parts */
    uint64_t bad_records;                      /* of finished tasks */
    char first_bad[MR_TEXT_BYTES_MAX + 1];
    char status[MR_STATUS_BYTES_MAX + 1]; /* the last that a task's user code reported */
    struct mr_slowest slowest;
    uint64_t attempts_failed;
    uint64_t tasks_lost;       /* with their worker, at work or finished */
    uint64_t messages_ignored; /* stale, doubled, or from a worker we do not know */
    uint64_t counters_dropped;
    uint32_t workers, slots;
};

static inline uint64_t mr_sum(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}
