/*
 * job.c -- starting a job, and driving its master. See job.h.
 *
 * Invariants
 *   J1  the master and the workers meet in bytes alone; stores are written by their worker and read
 *       by others only after the master, having had the map's answer, hands out its segments.
 *   J2  the output gets its name in one place, when the master says MR_DONE.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/clock.h"
#include "io/file.h"
#include "work/job/job_impl.h"
#include "work/job/place_check.h"
#include "work/map/map.h"
#include "work/reduce/reduce.h"

enum {
    /* Inputs are cut finer than asked for so that all workers have something to do until the end,
     * but not so fine that a task no longer sees its keys often enough to fold them; commands,
     * which do more for each byte, finer. */
    SPLITS_PER_WORKER = 8,
    SPLIT_BYTES_LEAST = 4 << 20,
    SPLIT_BYTES_LEAST_COMMAND = 256 << 10,
    SAMPLE_TASKS = 32,
};

static enum err plan_splits(struct job *job, struct fault *fault)
{
    const struct job_options *options = &job->options;
    struct plan_how how = {
        .splits_wanted = (uint64_t)options->workers * SPLITS_PER_WORKER,
        .split_bytes_least =
            map_is_child(&job->spec) ? SPLIT_BYTES_LEAST_COMMAND : SPLIT_BYTES_LEAST,
        .stops = options->stops,
    };
    return plan_new(job->arena, &job->spec, how, options->inputs, options->inputs_count, &job->plan,
                    fault);
}

static enum err make_master(struct job *job, struct fault *fault)
{
    struct mr_split *splits = ARENA_ARRAY(job->arena, struct mr_split, job->plan.count + 1);
    for (uint32_t i = 0; i < job->plan.count; i++) {
        struct buffer bytes = {0};
        split_encode(&job->plan.splits[i], &bytes);
        splits[i].descriptor = arena_copy(job->arena, buffer_slice(&bytes));
        buffer_clear(&bytes);
        split_label(&job->plan.splits[i], &bytes);
        splits[i].label = arena_copy(job->arena, buffer_slice(&bytes));
        splits[i].bytes = job->plan.splits[i].bytes;
        buffer_free(&bytes);
    }
    struct mr_config config = {
        .splits = splits,
        .splits_count = job->plan.count,
        .reducers = job->spec.reducers,
        .map_only = slice_eq(job->spec.reduce, SLICE("none")),
        .attempts_max = job->spec.attempts_max,
        .bad_records_max = job->spec.bad_records_max,
        .sample_tasks_max = job->spec.total_order ? SAMPLE_TASKS : 0,
    };
    enum err err = mr_config_check(&config, fault);
    if (err != ERR_OK) return err;
    job->master_arena = arena_new();
    job->master = mr_master_new(job->master_arena, &config);
    job->outbox = ARENA_NEW(job->arena, struct mr_outbox);
    job->progress = ARENA_NEW(job->arena, struct mr_progress);
    return ERR_OK;
}

static enum err make_workers(struct job *job, struct fault *fault)
{
    uint32_t count = job->options.workers;
    job->workers = ARENA_ARRAY(job->arena, struct worker, count);
    struct run_store **stores = ARENA_ARRAY(job->arena, struct run_store *, count);
    job->task_job = (struct task_job){
        .spec = &job->spec,
        .folder = publish_folder(job->publish),
        .tmp = job->options.tmp,
        .job_id = job->id,
        .share = memory_share_of(job->options.memory_bytes, count, job->spec.record_bytes_max,
                                 job->plan.has_windows),
        .hash_seed = (uint64_t)job->start.ns * 0x9e3779b97f4a7c15ULL,
        .splits = job->plan.count,
        .stores = stores,
        .workers = count,
    };
    const struct memory_share *share = &job->task_job.share;
    void **contexts = ARENA_ARRAY(job->arena, void *, count);
    for (uint32_t i = 0; i < count; i++) {
        struct worker *worker = &job->workers[i];
        worker->job = &job->task_job;
        worker->store = stores[i] = run_store_new(job->options.tmp, share->store, share->block);
        worker->scratch = run_store_new(job->options.tmp, 0, share->block);
        contexts[i] = worker;
        job->workers_count++;
        enum err err = process_stop_new(&worker->stop, fault);
        if (err != ERR_OK) return err;
        process_stop_set_guard(worker->stop, job->guard);
    }
    return pool_new(count, worker_run, contexts, &job->pool, fault);
}

/* Send what the master wants sent. To stop a task is told past the mailbox: the worker is busy. */
static void send_outbox(struct job *job)
{
    for (uint32_t i = 0; i < job->outbox->count; i++) {
        const struct mr_out *out = &job->outbox->msgs[i];
        if (out->msg.kind == MR_STOP_TASK) {
            process_stop_raise(job->workers[out->to.n].stop);
            continue;
        }
        buffer_clear(&job->bytes);
        mr_msg_encode(&out->msg, &job->bytes);
        pool_send(job->pool, out->to.n, buffer_slice(&job->bytes)); /* [J1] */
    }
}

static void step(struct job *job, struct mr_event event)
{
    event.now = clock_now();
    mr_master_step(job->master, &event, job->outbox);
    send_outbox(job);
    while (job->outbox->more) {
        mr_master_step(job->master, &(struct mr_event){.kind = MR_EV_POLL, .now = clock_now()},
                       job->outbox);
        send_outbox(job);
    }
}

static enum err open_job(struct job *job, struct fault *fault)
{
    struct publish_config config = {
        .output = job->options.output,
        .tmp = job->options.tmp,
        .id = job->id,
        .replace = job->options.force,
        .fsync = job->spec.fsync,
        .compress = job->spec.compress,
        .stops = job->options.stops,
    };
    enum err err = plan_splits(job, fault);
    if (err == ERR_OK) err = place_check(&job->options, &job->plan, job->arena, fault);
    if (err == ERR_OK) err = make_master(job, fault);
    if (err == ERR_OK) err = publish_new(job->arena, &config, &job->publish, fault);
    if (err == ERR_OK) err = guard_new(publish_folder(job->publish), &job->guard, fault);
    if (err == ERR_OK) err = publish_open(job->publish, fault);
    if (err == ERR_OK) err = make_workers(job, fault);
    return err;
}

enum err job_start(struct arena *arena, const struct job_options *options, struct job **out,
                   struct fault *fault)
{
    struct job *job = ARENA_NEW(arena, struct job);
    job->arena = arena;
    job->options = *options;
    job->spec = *options->spec;
    job->start = clock_now();
    (void)snprintf(job->id, sizeof job->id, "job_%s", clock_stamp().text);
    *out = job;
    enum err err = open_job(job, fault);
    if (err != ERR_OK) {
        job_free(job);
        *out = NULL;
        return err;
    }
    job->planned = clock_now();
    for (uint32_t i = 0; i < job->workers_count; i++) {
        step(job, (struct mr_event){.kind = MR_EV_WORKER_JOINED, .worker = {i}, .slots = 1});
    }
    return ERR_OK;
}

uint32_t job_parts(const struct job *job)
{
    return slice_eq(job->spec.reduce, SLICE("none")) ? job->plan.count : job->spec.reducers;
}

/* The master has come to its end: publish, or say why not. [J2] */
static void close_job(struct job *job)
{
    instant begin = clock_now();
    switch (mr_master_state(job->master)) {
    case MR_RUNNING: return;
    case MR_DONE:
        job->published = publish_finish(job->publish, job_parts(job), &job->fault) == ERR_OK;
        break;
    case MR_FAILED: job->fault = *mr_master_fault(job->master); break;
    case MR_CANCELLED: (void)fault_set(&job->fault, ERR_CANCELLED, "stopped"); break;
    }
    publish_abandon(job->publish);
    job->over = true;
    job->ended = clock_now();
    job->publish_time.ns = job->ended.ns - begin.ns;
}

bool job_turn(struct job *job, duration timeout_max)
{
    uint32_t worker;
    if (!job->over) close_job(job);
    if (job->over || !pool_receive_any(job->pool, timeout_max, &worker, &job->bytes)) {
        return job->over;
    }
    struct arena *arena = arena_new();
    struct mr_msg msg;
    struct fault *fault = ARENA_NEW(arena, struct fault);
    enum err err = mr_msg_decode(buffer_slice(&job->bytes), arena, &msg, fault);
    ASSERT(err == ERR_OK); /* it came from our own process */
    step(job, (struct mr_event){.kind = MR_EV_MSG, .worker = {worker}, .msg = &msg});
    arena_free(arena);
    close_job(job);
    return job->over;
}

void job_cancel(struct job *job)
{
    if (!job->over) step(job, (struct mr_event){.kind = MR_EV_CANCEL});
}

void job_free(struct job *job)
{
    if (job == NULL) return;
    for (uint32_t i = 0; i < job->workers_count; i++) {
        if (job->workers[i].stop != NULL) process_stop_raise(job->workers[i].stop);
    }
    pool_free(job->pool);
    for (uint32_t i = 0; i < job->workers_count; i++) {
        run_store_free(job->workers[i].store);
        run_store_free(job->workers[i].scratch);
        process_stop_free(job->workers[i].stop);
    }
    if (job->publish != NULL) publish_abandon(job->publish);
    guard_free(job->guard);
    arena_free(job->master_arena);
    buffer_free(&job->bytes);
}
