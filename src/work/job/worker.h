/*
 * worker.h -- one worker of a job: takes messages of the master off its mailbox, runs the tasks
 * they name, and answers. It knows nothing of the master but its messages.
 */
#pragma once

#include "work/job/task.h"
#include "work/pool/pool.h"

struct worker {
    const struct task_job *job;
    struct run_store *store, *scratch;
    struct process_stop *stop; /* raised by whoever wants the task at hand to end */
};

/* A pool_body; the context is a struct worker. */
void worker_run(void *context, struct pool_endpoint *endpoint);
