/* mr_world_fixture.c -- see mr_world_fixture.h. */
#include <criterion/criterion.h>

#include "test/core/mapreduce/mr_world_fixture.h"

/* Which partitions a map feeds, and with how many segments: 0, 1 or 2; the same at each attempt. */
static uint32_t feeds(uint32_t map, uint32_t partition)
{
    return (map * 7 + partition * 5 + map * partition) % 3;
}

static void queue_push(struct world *world, struct world_queue *queue, const struct mr_msg *msg)
{
    cr_assert(queue->count < WORLD_QUEUE_MAX, "more messages than anyone may have under way");
    struct buffer bytes = {0};
    mr_msg_encode(msg, &bytes);
    struct slice copy = arena_copy(world->arena, buffer_slice(&bytes));
    buffer_free(&bytes);
    queue->letters[(queue->head + queue->count++) % WORLD_QUEUE_MAX].bytes = copy;
}

static struct slice queue_pop(struct world_queue *queue)
{
    struct slice bytes = queue->letters[queue->head].bytes;
    queue->head = (queue->head + 1) % WORLD_QUEUE_MAX;
    queue->count--;
    return bytes;
}

static struct mr_msg decode(struct world *world, struct slice bytes)
{
    struct mr_msg msg;
    struct fault fault = {0};
    enum err err = mr_msg_decode(bytes, world->arena, &msg, &fault);
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    return msg;
}

static void digest_bytes(struct world *world, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        world->digest = (world->digest ^ bytes.data[i]) * 1099511628211u;
    }
}

static void take_outbox(struct world *world)
{
    for (uint32_t i = 0; i < world->outbox.count; i++) {
        const struct mr_out *out = &world->outbox.msgs[i];
        struct world_worker *worker = &world->workers[out->to.n];
        cr_expect(worker->joined, "a message to a worker that is not there");
        queue_push(world, &worker->in, &out->msg);
        uint32_t last = (worker->in.head + worker->in.count - 1) % WORLD_QUEUE_MAX;
        digest_bytes(world, worker->in.letters[last].bytes);
    }
}

static void step(struct world *world, struct mr_event event)
{
    enum { POLLS_MAX = 100 };
    bool ended = world->state != MR_RUNNING;
    world->now.ns++;
    event.now = world->now;
    for (uint32_t polls = 0; polls < POLLS_MAX; polls++) {
        mr_master_step(world->master, &event, &world->outbox);
        mr_master_check(world->master);
        if (ended) cr_expect_eq(world->outbox.count, 0, "a message after the end");
        if (ended) cr_expect_eq(world->outbox.state, world->state, "another end");
        world->state = world->outbox.state;
        take_outbox(world);
        if (!world->outbox.more) return;
        event = (struct mr_event){.kind = MR_EV_POLL, .now = world->now};
    }
    cr_assert(false, "there is always more");
}

static void to_master(struct world *world, uint32_t from, struct slice bytes)
{
    struct mr_msg msg = decode(world, bytes);
    world->old[world->old_count++ % WORLD_OLD_MAX].from = from;
    world->old[(world->old_count - 1) % WORLD_OLD_MAX].bytes = bytes;
    step(world, (struct mr_event){.kind = MR_EV_MSG, .worker = {from}, .msg = &msg});
}

/* --- workers --- */

static void forget_runs(struct world *world, uint32_t worker, const struct mr_msg *only)
{
    for (uint32_t i = 0; i < world->runs_count; i++) {
        struct world_run *run = &world->runs[i];
        if (run->worker != worker) continue;
        if (only == NULL || (run->task.n == only->task.n && run->attempt.n == only->attempt.n)) {
            run->kept = false;
        }
    }
}

/* Exactly one run of each map that feeds the partition, maps in order, its segments in order. */
static void judge_reduce(struct world *world, const struct mr_run_task *run)
{
    uint32_t at = 0;
    for (uint32_t map = 0; map < world->config.splits_count; map++) {
        for (uint32_t sequence = 0; sequence < feeds(map, run->part); sequence++, at++) {
            cr_assert(at < run->segments_count, "a segment is missing");
            const struct mr_segment *segment = &run->segments[at];
            const struct world_run *source = &world->runs[segment->run.n];
            cr_expect_eq(segment->partition, run->part);
            cr_expect_eq(source->map, map, "out of order, or not from this map");
            cr_expect_eq(segment->worker.n, source->worker);
            cr_expect_eq(segment->offset, sequence);
            cr_expect_eq(segment->run.n, run->segments[at - sequence].run.n, "two attempts mixed");
        }
    }
    cr_expect_eq(at, run->segments_count, "a segment too many");
}

static void judge_map(struct world *world, const struct mr_run_task *run)
{
    cr_expect(slice_eq(run->split, world->config.splits[run->part].descriptor));
    cr_expect(run->splitters_count < u64_max(1, world->config.reducers));
    for (uint32_t i = 1; i < run->splitters_count; i++) {
        cr_expect(slice_cmp(run->splitters[i - 1], run->splitters[i]) < 0);
    }
}

static void worker_begin(struct world *world, struct world_worker *worker, const struct mr_msg *msg)
{
    cr_assert(worker->jobs_count < worker->slots, "more than its slots");
    struct world_job *job = &worker->jobs[worker->jobs_count++];
    *job = (struct world_job){msg->run, msg->task, msg->attempt, false};
    if (msg->attempt.n > world->attempt_max) world->attempt_max = msg->attempt.n;
    switch (msg->run.kind) {
    case MR_SAMPLE: break;
    case MR_MAP: judge_map(world, &msg->run); break;
    case MR_REDUCE: judge_reduce(world, &msg->run); break;
    }
}

static void worker_hear(struct world *world, uint32_t number)
{
    struct world_worker *worker = &world->workers[number];
    struct mr_msg msg = decode(world, queue_pop(&worker->in));
    switch (msg.kind) {
    case MR_RUN_TASK: worker_begin(world, worker, &msg); break;
    case MR_STOP_TASK:
        for (uint32_t i = 0; i < worker->jobs_count; i++) {
            if (worker->jobs[i].task.n == msg.task.n) worker->jobs[i].stop = true;
        }
        break;
    case MR_DROP_RUNS: forget_runs(world, number, &msg); break;
    case MR_JOB_OVER:
        cr_expect_eq(worker->jobs_count, 0, "over, and still at work");
        forget_runs(world, number, NULL);
        break;
    case MR_TASK_DONE:
    case MR_TASK_FAILED:
    case MR_TASK_PROGRESS: cr_assert(false, "the master speaks as a worker");
    }
}

static bool can_read(const struct world *world, const struct world_job *job)
{
    for (uint32_t i = 0; i < job->run.segments_count; i++) {
        if (!world->runs[job->run.segments[i].run.n].kept) return false;
    }
    return true;
}

static void fill_map_done(struct world *world, uint32_t number, const struct world_job *job,
                          struct mr_task_done *done)
{
    static const uint32_t sequences = 2;
    cr_assert(world->runs_count < WORLD_RUNS_MAX);
    uint64_t id = world->runs_count++;
    world->runs[id] = (struct world_run){job->run.part, number, job->task, job->attempt, true};
    done->segments = ARENA_ARRAY(world->arena, struct mr_segment, sequences * WORLD_PARTITIONS_MAX);
    for (uint32_t sequence = 0; sequence < sequences; sequence++) {
        for (uint32_t partition = 0; partition < job->run.partitions; partition++) {
            if (sequence >= feeds(job->run.part, partition)) continue;
            done->segments[done->segments_count++] = (struct mr_segment){
                .partition = partition, .run = {id}, .offset = sequence, .bytes = partition};
        }
    }
}

static void fill_done(struct world *world, uint32_t number, const struct world_job *job,
                      struct mr_msg *msg)
{
    static struct mr_counter once = {.amount = 1};
    struct mr_task_done *done = &msg->done;
    msg->kind = MR_TASK_DONE;
    switch (job->run.kind) {
    case MR_SAMPLE:
        done->samples_count = random_below(&world->random, 6);
        done->samples = ARENA_ARRAY(world->arena, struct slice, done->samples_count);
        for (uint32_t i = 0; i < done->samples_count; i++) {
            uint8_t key = (uint8_t)random_below(&world->random, 8);
            done->samples[i] = arena_copy(world->arena, slice_of(&key, 1));
        }
        return;
    case MR_MAP:
        if (job->run.partitions > 0) fill_map_done(world, number, job, done);
        done->report.counters = &once;
        done->report.counters_count = 1;
        break;
    case MR_REDUCE: world->reduced[job->run.part] = true; break;
    }
    if (job->run.partitions == 0 || job->run.kind == MR_REDUCE) done->output_records = 1;
}

static void worker_answer(struct world *world, uint32_t number)
{
    struct world_worker *worker = &world->workers[number];
    uint32_t at = random_below(&world->random, worker->jobs_count);
    struct world_job job = worker->jobs[at];
    struct mr_msg msg = {.kind = MR_TASK_PROGRESS, .task = job.task, .attempt = job.attempt};
    if (!job.stop && random_chance(&world->random, 30)) {
        msg.progress.counts.bytes_read = random_below(&world->random, 100);
        queue_push(world, &worker->out, &msg);
        return;
    }
    worker->jobs[at] = worker->jobs[--worker->jobs_count];
    bool unlucky = random_chance(&world->random, world->fail_percent);
    bool stopped = job.stop && random_chance(&world->random, 70);
    if (!unlucky && !stopped && can_read(world, &job)) {
        fill_done(world, number, &job, &msg);
    } else {
        msg.kind = MR_TASK_FAILED;
        bool retry = !unlucky || random_chance(&world->random, 95);
        msg.failed = (struct mr_task_failed){retry, ERR_CHILD_FAILED, SLICE("bad luck")};
    }
    queue_push(world, &worker->out, &msg);
}

static void worker_join(struct world *world, uint32_t number)
{
    struct world_worker *worker = &world->workers[number];
    *worker = (struct world_worker){.joined = true};
    worker->slots = 1 + random_below(&world->random, WORLD_SLOTS_MAX);
    step(world, (struct mr_event){
                    .kind = MR_EV_WORKER_JOINED, .worker = {number}, .slots = worker->slots});
}

static void worker_gone(struct world *world, uint32_t number)
{
    world->workers[number].joined = false;
    forget_runs(world, number, NULL);
    step(world, (struct mr_event){.kind = MR_EV_WORKER_GONE, .worker = {number}});
}

/* --- the world --- */

static void random_config(struct world *world)
{
    struct random *random = &world->random;
    static const uint8_t names[WORLD_SPLITS_MAX + 1] = "abcdefgh";
    struct mr_split *splits = ARENA_ARRAY(world->arena, struct mr_split, WORLD_SPLITS_MAX);
    for (uint32_t i = 0; i < WORLD_SPLITS_MAX; i++) {
        splits[i] = (struct mr_split){slice_of(names + i, 1), slice_of(names + i, 1), 100};
    }
    world->config = (struct mr_config){
        .splits = splits,
        .splits_count = random_below(random, WORLD_SPLITS_MAX + 1),
        .reducers = 1 + random_below(random, WORLD_PARTITIONS_MAX),
        .map_only = random_chance(random, 20),
        .attempts_max = 1 + random_below(random, 8),
        .sample_tasks_max = random_chance(random, 30) ? random_below(random, 4) : 0,
    };
}

struct world *world_new(uint64_t seed)
{
    struct arena *arena = arena_new();
    struct world *world = ARENA_NEW(arena, struct world);
    world->arena = arena;
    world->master_arena = arena_new();
    world->random = random_of(seed);
    random_config(world);
    world->fail_percent = random_below(&world->random, 25);
    world->gone_percent = random_below(&world->random, 8);
    world->cancel_percent = random_chance(&world->random, 10) ? 1 : 0;
    world->master = mr_master_new(world->master_arena, &world->config);
    return world;
}

void world_free(struct world *world)
{
    arena_free(world->master_arena);
    arena_free(world->arena);
}

static void send_again(struct world *world)
{
    if (world->old_count == 0) return;
    uint32_t at = random_below(&world->random, (uint32_t)u64_min(world->old_count, WORLD_OLD_MAX));
    to_master(world, world->old[at].from, world->old[at].bytes);
}

void world_act(struct world *world)
{
    uint32_t number = random_below(&world->random, WORLD_WORKERS_MAX);
    struct world_worker *worker = &world->workers[number];
    if (random_chance(&world->random, world->cancel_percent)) {
        world->cancelled = true;
        step(world, (struct mr_event){.kind = MR_EV_CANCEL});
    }
    if (random_chance(&world->random, 5)) send_again(world);
    if (!worker->joined) {
        /* What it had sent before it was declared gone may still come in. */
        if (worker->out.count > 0 && random_chance(&world->random, 30)) {
            to_master(world, number, queue_pop(&worker->out));
        }
        if (random_chance(&world->random, 20)) worker_join(world, number);
        return;
    }
    if (random_chance(&world->random, world->gone_percent)) {
        worker_gone(world, number);
        return;
    }
    if (worker->in.count > 0 && random_chance(&world->random, 60)) worker_hear(world, number);
    if (worker->jobs_count > 0 && random_chance(&world->random, 50)) worker_answer(world, number);
    if (worker->out.count > 0 && random_chance(&world->random, 70)) {
        to_master(world, number, queue_pop(&worker->out));
    }
}

void world_calm(struct world *world)
{
    world->fail_percent = 0;
    world->gone_percent = 0;
    world->cancel_percent = 0;
    if (!world->workers[0].joined) worker_join(world, 0);
}
