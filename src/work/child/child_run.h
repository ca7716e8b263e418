/*
 * child_run.h -- a child together with where its output goes: fed in slices, finished in one call.
 */
#pragma once

#include "work/child/child_output.h"
#include "work/child/environment.h"

struct child_run_config {
    const struct job_spec *spec; /* borrowed until the run is freed */
    struct slice command;        /* "cmd:…" or "so:…"; borrowed as long */
    enum child_stage stage;
    const struct task_environment *task; /* needed for the start only */
    struct child_target target;
    const struct process_stop *stop; /* NULL: nothing stops it */
    const char *host;                /* program that hosts plug-ins; NULL: this one */
};

struct child_run { /* zeroed: not started */
    struct child *child;
    enum child_framing framing;
    struct child_output output;
};

MUST_USE enum err child_run_start(const struct child_run_config *config, struct child_run *run,
                                  struct fault *fault);
MUST_USE enum err child_run_feed(struct child_run *run, struct slice input, struct fault *fault);
MUST_USE enum err child_run_feed_file(struct child_run *run, struct file *file, uint64_t *offset,
                                      uint64_t *bytes, struct fault *fault);

/* No more input: the rest of the output is passed on, and the child must have ended well. */
MUST_USE enum err child_run_finish(struct child_run *run, struct fault *fault);

void child_run_free(struct child_run *run); /* twice, or never started, is fine */
