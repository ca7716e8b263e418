/* worker.c -- see worker.h. */
#include <stdlib.h>

#include "work/job/worker.h"

struct worker_watch {
    struct task_watch watch; /* first: the function gets its address */
    struct pool_endpoint *endpoint;
    const struct mr_msg *run;
    struct buffer bytes;
};

static void answer(struct pool_endpoint *endpoint, const struct mr_msg *msg, struct buffer *bytes)
{
    buffer_clear(bytes);
    mr_msg_encode(msg, bytes);
    pool_answer(endpoint, buffer_slice(bytes));
}

static void tell_progress(struct task_watch *watch, const struct mr_counts *counts,
                          struct slice status)
{
    struct worker_watch *self = (struct worker_watch *)watch;
    struct mr_msg msg = {
        .kind = MR_TASK_PROGRESS,
        .task = self->run->task,
        .attempt = self->run->attempt,
        .progress = {*counts, status},
    };
    answer(self->endpoint, &msg, &self->bytes);
}

static void run_task(struct worker *worker, struct pool_endpoint *endpoint,
                     struct collector_memory *memory, const struct mr_msg *run, struct arena *arena)
{
    struct worker_watch watch = {{tell_progress}, endpoint, run, {0}};
    struct mr_msg msg = {.task = run->task, .attempt = run->attempt};
    struct fault *fault = ARENA_NEW(arena, struct fault);
    struct task task = {
        .job = worker->job,
        .store = worker->store,
        .scratch = worker->scratch,
        .memory = memory,
        .stop = worker->stop,
        .watch = &watch.watch,
        .arena = arena,
        .run = run,
        .done = &msg.done,
    };
    enum err err =
        run->run.kind == MR_REDUCE ? reduce_task_run(&task, fault) : map_task_run(&task, fault);
    msg.kind = MR_TASK_DONE;
    if (err != ERR_OK) {
        msg.kind = MR_TASK_FAILED;
        msg.failed = (struct mr_task_failed){fault->retry, err, slice_text(fault->text)};
    }
    answer(endpoint, &msg, &watch.bytes);
    buffer_free(&watch.bytes);
}

void worker_run(void *context, struct pool_endpoint *endpoint)
{
    struct worker *worker = context;
    struct buffer bytes = {0};
    struct collector_memory memory = {0};
    while (pool_receive(endpoint, &bytes)) {
        struct arena *arena = arena_new();
        struct fault *fault = ARENA_NEW(arena, struct fault);
        struct mr_msg msg;
        enum err err = mr_msg_decode(buffer_slice(&bytes), arena, &msg, fault);
        ASSERT(err == ERR_OK); /* it came from our own process */
        if (msg.kind == MR_RUN_TASK) run_task(worker, endpoint, &memory, &msg, arena);
        /* To stop is told by worker->stop; runs go with the stores, at the end of the job. */
        arena_free(arena);
    }
    collector_memory_free(&memory);
    buffer_free(&bytes);
}
