/*
 * reduce_child.h -- a reduce or combine whose operator is a command or a plug-in.
 *
 * It is handed sorted pairs, equal keys together, and gives them on as `key TAB value` lines, or as
 * frames to a plug-in's host. What comes out goes to a writer as it is, or to a sink as pairs.
 */
#pragma once

#include "work/child/child_run.h"

struct reduce_child_config {
    const struct job_spec *spec; /* borrowed until reduce_child_free */
    struct slice command;        /* spec->reduce or spec->combine; borrowed as long */
    const struct task_environment *task;
    struct writer *writer;           /* gets what comes out; or NULL, and … */
    struct sink *sink;               /* … it goes here, taken apart at the first TAB */
    const struct process_stop *stop; /* NULL: nothing stops it */
    const char *host;                /* program that hosts plug-ins; NULL: this one */
};

struct reduce_child; /* opaque; reduce_child_free frees it */

MUST_USE enum err reduce_child_start(const struct reduce_child_config *config,
                                     struct reduce_child **reduce, struct fault *fault);
MUST_USE enum err reduce_child_put(struct reduce_child *reduce, struct slice key,
                                   struct slice value, struct fault *fault);
/* All pairs are put: the rest comes out, and the child must have ended well. */
MUST_USE enum err reduce_child_finish(struct reduce_child *reduce, struct fault *fault);

uint64_t reduce_child_records_out(const struct reduce_child *reduce); /* lines or pairs */
const struct child *reduce_child_child(const struct reduce_child *reduce);
void reduce_child_free(struct reduce_child *reduce); /* NULL is allowed; kills what still runs */
