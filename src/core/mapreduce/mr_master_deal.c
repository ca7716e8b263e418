/*
 * mr_master_deal.c -- what workers are told: derived from the state alone, so that a full outbox
 * loses nothing; the next step goes on. The invariants are in mr_master.c.
 */
#include "core/mapreduce/mr_master_impl.h"

struct mr_msg *mr_out_push(struct mr_outbox *out, worker_id to, enum mr_msg_kind kind,
                           mr_task_id task, mr_attempt attempt)
{
    ASSERT(out->count < MR_OUT_MSGS_MAX);
    struct mr_out *slot = &out->msgs[out->count++];
    *slot = (struct mr_out){.to = to, .msg = {.kind = kind, .task = task, .attempt = attempt}};
    return &slot->msg;
}

static bool out_is_full(const struct mr_outbox *out)
{
    return out->count == MR_OUT_MSGS_MAX;
}

static void deal_stops(struct mr_master *master, struct mr_outbox *out)
{
    for (uint32_t i = 0; master->stops_due > 0 && !out_is_full(out); i++) {
        ASSERT(i < master->live_count);
        struct mr_live *live = &master->live[i];
        if (live->stop != MR_STOP_DUE) continue;
        live->stop = MR_STOP_SENT;
        master->stops_due--;
        mr_attempt attempt = {master->tasks[live->task].attempts};
        mr_out_push(out, live->worker, MR_STOP_TASK, (mr_task_id){live->task}, attempt);
    }
}

/* The last words. Final when all have been said. */
static void deal_over(struct mr_master *master, struct mr_outbox *out)
{
    for (uint32_t i = 0; i < master->workers_count; i++) {
        struct mr_worker *worker = &master->workers[i];
        if (worker->over_sent) continue;
        if (out_is_full(out)) return;
        worker->over_sent = true;
        mr_out_push(out, worker->id, MR_JOB_OVER, (mr_task_id){0}, (mr_attempt){0});
    }
    master->final = true; /* [I8] */
}

/* May this worker have a task that failed here before? Rather not: while another has a slot free,
 * that one takes it; and the last attempt waits for another worker, when there is one. */
static bool may_retry_here(const struct mr_master *master, const struct mr_task *task,
                           const struct mr_worker *worker)
{
    uint32_t free_here = worker->slots - worker->used;
    if (master->slots - master->slots_used > free_here) return false;
    bool last = task->failures + 1 == master->config.attempts_max;
    return !last || master->slots == worker->slots;
}

static struct mr_task *task_in_order(const struct mr_master *master, enum mr_kind kind, uint32_t at)
{
    uint32_t number = kind == MR_REDUCE ? master->reduce_order[at] : at;
    return &master->tasks[master->phases[kind].first + number];
}

static struct mr_task *next_task(struct mr_master *master, enum mr_kind kind,
                                 const struct mr_worker *worker)
{
    struct mr_phase *phase = &master->phases[kind];
    while (phase->scan < phase->tasks &&
           task_in_order(master, kind, phase->scan)->state != MR_READY) {
        phase->scan++;
    }
    struct mr_task *again = NULL; /* the first that failed here, if nothing else is left */
    for (uint32_t at = phase->scan; at < phase->tasks; at++) {
        struct mr_task *task = task_in_order(master, kind, at);
        if (task->state != MR_READY) continue;
        bool failed_here = task->has_failed && worker_eq(task->failed_on, worker->id);
        if (!failed_here) return task;
        if (again == NULL && may_retry_here(master, task, worker)) again = task;
    }
    return again;
}

static void send_run(struct mr_master *master, const struct mr_task *task, worker_id to,
                     struct mr_outbox *out)
{
    mr_task_id id = {(uint32_t)(task - master->tasks)};
    struct mr_msg *msg = mr_out_push(out, to, MR_RUN_TASK, id, (mr_attempt){task->attempts});
    ASSERT(master->bad_records <= master->config.bad_records_max);
    msg->run.kind = task->kind;
    msg->run.part = task->part;
    msg->run.partitions = master->config.reducers;
    msg->run.bad_records_allowed = master->config.bad_records_max - master->bad_records;
    switch (task->kind) {
    case MR_MAP:
        msg->run.splitters = master->splitters;
        msg->run.splitters_count = master->splitters_count;
        msg->run.split = master->config.splits[task->part].descriptor;
        break;
    case MR_SAMPLE: msg->run.split = master->config.splits[task->part].descriptor; break;
    case MR_REDUCE: mr_segments_gather(master, task->part, &msg->run); break;
    }
}

/* Workers in turn, a task each, until none has a slot free that it can use. */
static void deal_tasks(struct mr_master *master, struct mr_outbox *out)
{
    enum mr_kind kind = mr_phase_now(master); /* [I4] */
    const uint32_t *ready = &master->phases[kind].in_state[MR_READY];
    uint32_t passed = 0; /* workers since the last that got a task */
    while (*ready > 0 && passed < master->workers_count && !out_is_full(out)) {
        if (master->slots_used == master->slots || master->live_count == MR_LIVE_MAX) return;
        struct mr_worker *worker = &master->workers[master->turn % master->workers_count];
        master->turn = (master->turn + 1) % master->workers_count;
        bool free_slot = worker->used < worker->slots; /* [I2] */
        struct mr_task *task = free_slot ? next_task(master, kind, worker) : NULL;
        passed++;
        if (task == NULL) continue;
        mr_live_begin(master, task, worker);
        send_run(master, task, worker->id, out);
        passed = 0;
    }
}

void mr_deal(struct mr_master *master, struct mr_outbox *out)
{
    deal_stops(master, out);
    if (master->verdict == MR_RUNNING) {
        deal_tasks(master, out);
    } else if (master->live_count == 0) {
        deal_over(master, out);
    }
    out->more = out_is_full(out) && !master->final;
}
