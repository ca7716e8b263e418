/*
 * job.h -- one MapReduce job on this machine, from inputs to published output.
 *
 * The job plans its splits, starts worker threads, and lets the master (core/mapreduce) deal tasks
 * to them. The caller's thread drives the master: it calls job_turn until the job is over.
 * The output is written beside its final name and gets it only when everything succeeded; nothing
 * is left behind otherwise. A process of its own sees to that where this one cannot: where it is
 * killed, or leaves without waiting for the job to be over.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "core/mapreduce/job_spec.h"
#include "core/mapreduce/mr_report.h"
#include "io/signals.h"

struct job_options {
    const struct job_spec *spec;
    const struct slice *inputs;
    uint32_t inputs_count;
    const char *output; /* a folder that does not exist yet, or "-": standard output */
    const char *tmp;    /* the folder for what does not fit into memory */
    uint32_t workers;
    uint64_t memory_bytes; /* for buffers and tables, over all workers */
    bool force;            /* an output folder that exists is replaced */
    /* Looked at while job_turn itself waits, for who reads the output: one that has come ends the
     * job, and is left for the caller to take. NULL: nothing does. */
    const struct signals *stops;
};

enum job_phase { JOB_PLAN, JOB_SAMPLE, JOB_MAP, JOB_REDUCE, JOB_PUBLISH };

struct job_progress {
    enum job_phase phase;
    bool map_only;                /* there is no reduce */
    double map_done, reduce_done; /* 0 .. 1 */
    uint64_t bytes_read, bytes_total;
    uint64_t records_in, records_out, keys_out, bytes_out;
    uint64_t spills, spilled_bytes, bad_records;
    uint64_t tasks_done, tasks_total, attempts_failed;
    struct slice status; /* of the user's command; borrowed until the next call on the job */
    duration elapsed;
};

struct job_summary {
    struct job_progress final;
    duration plan, sample, map, reduce, publish, cpu;
    uint64_t peak_rss_bytes;
    struct slice slowest_label; /* empty: no task ran */
    duration slowest;
    uint64_t files;
    uint32_t splits, workers, parts;
    const struct mr_counter *counters; /* of the user's commands */
    uint32_t counters_count;
    struct slice first_bad_record; /* empty: none */
    const char *output;
};

struct job; /* opaque: lives in the arena; job_free ends its threads */

/* Plan and start. Fails on missing inputs, an output that exists, a limit. */
MUST_USE enum err job_start(struct arena *arena, const struct job_options *options,
                            struct job **job, struct fault *fault);

/* Wait for something to happen, at most `timeout_max`, and act on it. True: the job is over. */
bool job_turn(struct job *job, duration timeout_max);
void job_cancel(struct job *job); /* stops soon: job_turn until it is over */
void job_progress_read(struct job *job, struct job_progress *progress);

/* Once over. The summary borrows from the job. */
MUST_USE enum err job_result(struct job *job, struct job_summary *summary, struct fault *fault);
void job_free(struct job *job); /* NULL is allowed */
