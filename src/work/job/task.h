/*
 * task.h -- one attempt at one task: what a worker does between MR_RUN_TASK and its answer.
 *
 * A worker knows the job (the same for all), has stores of its own, and runs one task at a time.
 */
#pragma once

#include "base/arena.h"
#include "core/mapreduce/mr_msg.h"
#include "io/process.h"
#include "work/output/part.h"
#include "work/shuffle/collector.h"
#include "work/shuffle/run.h"

/* How the memory of the job is dealt. All in bytes, for each worker. */
struct memory_share {
    size_t store;  /* finished runs */
    size_t reader; /* chunks of input */
    size_t work;   /* a map's tables and buffers; a reduce's merging and ordering */
    size_t block;  /* of a run */
    size_t record_max;
    size_t window_max; /* to decompress an input in */
};

struct task_job { /* set once, before the first task, and the same for all workers of a process */
    const struct job_spec *spec;
    const char *folder; /* that part files are written in */
    const char *tmp;
    const char *job_id;
    struct memory_share share;
    uint64_t hash_seed;
    uint32_t splits;
    struct run_store *const *stores; /* of each worker: segments name them by worker id */
    uint32_t workers;
};

/* Told from time to time how far the task is. */
struct task_watch {
    void (*progress)(struct task_watch *watch, const struct mr_counts *counts, struct slice status);
};

struct task {
    const struct task_job *job;
    struct run_store *store;         /* of this worker: a map's runs */
    struct run_store *scratch;       /* of this worker: a reduce's */
    struct collector_memory *memory; /* of this worker: a map's */
    const struct process_stop *stop;
    struct task_watch *watch;
    struct arena *arena;       /* for this attempt */
    const struct mr_msg *run;  /* MR_RUN_TASK */
    struct mr_task_done *done; /* to be filled; its arrays live in the arena */
};

/* ERR_CANCELLED: `stop` was raised. On any error nothing of the attempt is left. `fault->retry`
 * says whether another attempt may help. */
MUST_USE enum err map_task_run(struct task *task, struct fault *fault); /* maps and samples */
MUST_USE enum err reduce_task_run(struct task *task, struct fault *fault);

/* Shared by both. */
struct child;
struct task_environment;
void task_environment_fill(const struct task *task, struct task_environment *environment);
void task_counters_take(struct task *task, const struct child *child);
MUST_USE enum err task_stopped(const struct task *task, struct fault *fault);
MUST_USE enum err task_part_new(const struct task *task, struct part **part, struct fault *fault);
