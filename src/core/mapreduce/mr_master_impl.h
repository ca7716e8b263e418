/*
 * mr_master_impl.h -- the inside of the master, for its .c files alone. See mr_master.h for what it
 * does and mr_master.c for what stays true.
 */
#pragma once

#include "core/mapreduce/mr_master.h"

enum mr_task_state { MR_READY, MR_LIVE, MR_FINISHED };

enum { MR_TASK_STATES = 3 };

struct mr_task {
    enum mr_kind kind;
    uint32_t part;
    enum mr_task_state state;
    uint32_t live;     /* of MR_LIVE: where in mr_master.live */
    uint32_t attempts; /* started so far, and so the number of the last */
    uint32_t failures, losses;
    bool has_failed;
    worker_id failed_on; /* the last time */
    bool counted;        /* its report is in the sums, and once is enough */
    /* Of a finished map: who holds its output, and what that is, by partition. */
    worker_id holder;
    struct mr_segment *segments;
    uint32_t segments_count, segments_capacity;
};

enum mr_stop { MR_STOP_NOT, MR_STOP_DUE, MR_STOP_SENT };

struct mr_live { /* an attempt that some worker has not answered yet */
    uint32_t task;
    worker_id worker;
    instant begin;
    enum mr_stop stop;
    struct mr_counts counts; /* as last reported */
};

struct mr_worker {
    worker_id id;
    uint32_t slots, used;
    bool over_sent;
};

struct mr_phase {
    uint32_t first, tasks; /* in mr_master.tasks */
    uint32_t in_state[MR_TASK_STATES];
    uint32_t scan; /* nothing is ready before this position of its order */
    uint64_t bytes_total;
    struct mr_counts counts; /* of finished tasks */
    bool begun;
    instant begin, end;
};

struct mr_partition {
    uint64_t bytes;
    uint32_t segments;
    uint32_t cursor; /* scratch of mr_segments_store */
    bool lost;       /* scratch of mr_on_gone: some of it is */
};

struct mr_master {
    struct arena *arena;
    struct mr_config config; /* `splits` is our copy; `reducers` 0 when map only */
    instant now;
    enum mr_state verdict; /* MR_RUNNING: not settled */
    bool final;
    struct fault fault;

    struct mr_task *tasks;
    uint32_t tasks_count;
    struct mr_phase phases[MR_KINDS];
    struct mr_partition *partitions;
    uint32_t *reduce_order; /* partitions, in the order to begin */

    struct mr_live *live;
    uint32_t live_count, stops_due;
    struct mr_worker *workers; /* by id */
    uint32_t workers_count, slots, slots_used;
    uint32_t turn; /* the worker to look at next */

    struct slice *samples, *splitters;
    uint32_t samples_count, splitters_count;

    uint64_t segments_count;     /* of all finished maps */
    struct mr_segment *gathered; /* what this step's messages to reduces point to */
    uint32_t gathered_count, gathered_capacity;

    struct mr_counter *counters;
    uint32_t counters_count;
    struct mr_slowest slowest;
    uint64_t output_bytes, output_records, bad_records;
    uint64_t attempts_failed, tasks_lost, messages_ignored, counters_dropped;
    char first_bad[MR_TEXT_BYTES_MAX + 1];
    char status[MR_STATUS_BYTES_MAX + 1];
};

enum { MR_TASK_LABEL_MAX = MR_LABEL_BYTES_MAX + 32 };

/* mr_master_task.c: the state of tasks, and how a job comes to fail. */
bool mr_phase_is_finished(const struct mr_phase *phase);
enum mr_kind mr_phase_now(const struct mr_master *master);
void mr_task_move(struct mr_master *master, struct mr_task *task, enum mr_task_state to);
void mr_fail(struct mr_master *master, enum err code, const char *format, ...) PRINTF(3, 4);
void mr_task_label(const struct mr_master *master, const struct mr_task *task,
                   char label[MR_TASK_LABEL_MAX]);

/* mr_master_worker.c: who works for us, and on what. */
struct mr_worker *mr_worker_find(const struct mr_master *master, worker_id id);
void mr_on_joined(struct mr_master *master, worker_id id, uint32_t slots);
void mr_on_gone(struct mr_master *master, worker_id id);
void mr_live_begin(struct mr_master *master, struct mr_task *task, struct mr_worker *worker);
void mr_live_end(struct mr_master *master, struct mr_task *task, enum mr_task_state to);
void mr_live_stop(struct mr_master *master, struct mr_live *live);

/* mr_master_answer.c: what workers say. */
void mr_on_msg(struct mr_master *master, worker_id from, const struct mr_msg *msg,
               struct mr_outbox *out);

/* mr_master_deal.c: what workers are told. */
struct mr_msg *mr_out_push(struct mr_outbox *out, worker_id to, enum mr_msg_kind kind,
                           mr_task_id task, mr_attempt attempt);
void mr_deal(struct mr_master *master, struct mr_outbox *out);

/* mr_master_segments.c: map output, and which reduce reads it. */
void mr_segments_store(struct mr_master *master, struct mr_task *map,
                       const struct mr_task_done *done);
void mr_segments_forget(struct mr_master *master, struct mr_task *map);
void mr_segments_gather(struct mr_master *master, uint32_t partition, struct mr_run_task *run);
void mr_partitions_order(struct mr_master *master);

/* mr_master_sample.c: where to part the keys of a total order. */
void mr_samples_store(struct mr_master *master, const struct mr_task_done *done);
void mr_splitters_choose(struct mr_master *master);

/* mr_master_count.c: sums over tasks. */
void mr_count_done(struct mr_master *master, struct mr_task *task, const struct mr_task_done *done,
                   duration time);
void mr_text_keep(char *to, size_t max, struct slice text);
