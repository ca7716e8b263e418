/*
 * mr_master.h -- the master of one MapReduce job: a pure, deterministic machine that deals tasks to
 * workers and sees the job through their failures.
 *
 * Samples (for total order) come first, then the maps, in split order; reduces begin when all maps
 * are done, the largest partition first. A worker with a free slot gets the next task; a task that
 * failed goes to another worker where one is free. A failed attempt is tried again up to
 * attempts_max; a task lost with its worker does not count as failed, but only MR_LOSSES_MAX times.
 * A finished map whose segments are lost runs again if a partition that is not reduced yet needs
 * it, and the reduces at work on such partitions are stopped and begin anew. Finished samples,
 * reduces and map-only maps are never lost: what they made is not kept by the worker.
 *
 * The end: when the job has failed, was cancelled or has all it needs, what still runs is told to
 * stop; when the last attempt has been answered or its worker is gone, all workers get MR_JOB_OVER
 * and the state is final. After that no message leaves, and events change nothing.
 *
 * The driver, in order: step with an event; send the outbox's messages, in order for each worker;
 * while `more` is set, step with MR_EV_POLL and send again; look at `state`. A job that has nothing
 * to do ends with its first event. Messages from workers are decoded first; a worker that sends
 * bytes which cannot be decoded, or that stays silent too long, is the driver's to declare gone. A
 * worker that comes back after that is a new one, whatever its id. A job whose workers are all gone
 * waits for new ones: the driver decides for how long, and cancels.
 *
 * What the driver passes in is borrowed for the call. Memory: bounded by the limits in mr_task.h.
 */
#pragma once

#include "base/arena.h"
#include "core/mapreduce/mr_msg.h"

struct mr_split {
    struct slice descriptor; /* for the worker; up to MR_SPLIT_BYTES_MAX */
    struct slice label;      /* for a person; cut to MR_LABEL_BYTES_MAX */
    uint64_t bytes;          /* 0: nothing, or a stream that can be read only once: not sampled */
};

struct mr_config {
    const struct mr_split *splits; /* copied */
    uint32_t splits_count;
    uint32_t reducers; /* partitions, 1 or more; in a map-only job not used */
    bool map_only;
    uint32_t attempts_max;     /* 1 or more */
    uint64_t bad_records_max;  /* tolerated in the whole job */
    uint32_t sample_tasks_max; /* 0: no sampling. Not used where there is one partition or none */
};

enum mr_event_kind {
    MR_EV_POLL, /* nothing happened: hand out what is due */
    MR_EV_WORKER_JOINED,
    MR_EV_WORKER_GONE,
    MR_EV_MSG,
    MR_EV_CANCEL,
};

struct mr_event {
    enum mr_event_kind kind;
    instant now;      /* never earlier than before */
    worker_id worker; /* of joined, gone and msg */
    uint32_t slots;   /* of joined: tasks that it can run at one time */
    const struct mr_msg *msg;
};

enum mr_state { MR_RUNNING, MR_DONE, MR_FAILED, MR_CANCELLED };

enum { MR_OUT_MSGS_MAX = 64 };

struct mr_out {
    worker_id to;
    struct mr_msg msg;
};

struct mr_outbox {
    struct mr_out msgs[MR_OUT_MSGS_MAX]; /* what they point to lives until the next step */
    uint32_t count;
    bool more; /* it is full: send, then step with MR_EV_POLL */
    enum mr_state state;
    enum mr_kind phase;
};

struct mr_master; /* opaque: lives in the arena, dies with it */

/* Is it a job that fits into the limits of mr_task.h? ERR_LIMIT or ERR_USAGE, for a person. */
MUST_USE enum err mr_config_check(const struct mr_config *config, struct fault *fault);

/* `config` has passed mr_config_check. The arena is the master's alone. */
struct mr_master *mr_master_new(struct arena *arena, const struct mr_config *config);
void mr_master_step(struct mr_master *master, const struct mr_event *event, struct mr_outbox *out);
void mr_master_check(const struct mr_master *master); /* asserts every invariant */

/* Readers. */
enum mr_state mr_master_state(const struct mr_master *master);
/* Why the job fails, from the moment this is settled; code ERR_OK before, and if it does not. */
const struct fault *mr_master_fault(const struct mr_master *master);
void mr_master_progress(const struct mr_master *master, struct mr_progress *progress);
/* The user's counters over all tasks that succeeded, in order of first report. Borrowed until the
 * next step. */
const struct mr_counter *mr_master_counters(const struct mr_master *master, uint32_t *count);
