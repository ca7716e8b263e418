/*
 * publish.h -- where a job's parts are written, and how they become its output: all or nothing.
 *
 * A folder is written beside its final name (".NAME.tutti-ID") and renamed; standard output gets
 * the parts, one after the other, out of a folder in `tmp`. The folder goes in any case.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "core/mapreduce/job_spec.h"
#include "io/signals.h"

struct publish_config {
    const char *output; /* "-": standard output */
    const char *tmp;
    const char *id;
    bool replace, fsync;
    enum compression compress;
    const struct signals *stops; /* see job_options */
};

struct publish; /* opaque: lives in the arena */

/* Names the folder. ERR_EXISTS: the output is there already and is not to be replaced. */
MUST_USE enum err publish_new(struct arena *arena, const struct publish_config *config,
                              struct publish **publish, struct fault *fault);
/* Makes the folder. Who guards it has begun to before: it is never there unguarded. */
MUST_USE enum err publish_open(struct publish *publish, struct fault *fault);
const char *publish_folder(const struct publish *publish);

/* All parts are committed. Last thing: `_SUCCESS`, then the name. ERR_CLOSED: who read our standard
 * output has gone. ERR_CANCELLED: a stop came while it was not read. */
MUST_USE enum err publish_finish(struct publish *publish, uint32_t parts, struct fault *fault);
void publish_abandon(struct publish *publish); /* after finish there is nothing left to do */
