/*
 * child.h -- a command or plug-in at work for one task: bytes in, bytes out, stderr watched.
 *
 * Exchange is one call, so that neither side can wait for the other for ever: it gives the child as
 * much of the input as it takes and collects what the child has written meanwhile.
 * The child runs in a process group of its own; child_free ends the whole group and reaps it.
 * stderr: lines `reporter:counter:GROUP,NAME,AMOUNT` and `reporter:status:TEXT` are taken out and
 * kept; of the rest the last 4 KiB are kept for messages.
 */
#pragma once

#include "base/arena.h"
#include "core/mapreduce/job_spec.h"
#include "io/file.h"
#include "io/process.h"
#include "work/child/reporter.h"

struct child; /* opaque; child_free frees it */

struct child_config {
    const char *const *argv;    /* NULL-ended; argv[0] is a path, or found in PATH */
    const struct env_pair *env; /* added to our own environment */
    uint32_t env_count;
    struct slice label; /* the command as the person wrote it, for messages; copied */
    const struct process_stop
        *stop; /* ends every wait below with ERR_CANCELLED; NULL: nothing does */
};

/* The rest of the config is not needed after the return. A program that cannot be started is an
 * error of the system's kind: ERR_NOT_FOUND, ERR_PERMISSION. */
MUST_USE enum err child_start(const struct child_config *config, struct child **child,
                              struct fault *fault);

/* Feed from `*input` (moving it forward) and append to `output`, until the input is used up or
 * `output` holds `output_max` bytes. A child that has closed its stdin swallows the rest silently,
 * as `head` in a pipe does. */
MUST_USE enum err child_exchange(struct child *child, struct slice *input, struct buffer *output,
                                 size_t output_max, struct fault *fault);

/* The same from a range of a file, spliced in without copying where the system can; `*offset` and
 * `*bytes` move along. */
MUST_USE enum err child_exchange_file(struct child *child, struct file *file, uint64_t *offset,
                                      uint64_t *bytes, struct buffer *output, size_t output_max,
                                      struct fault *fault);

/* False: it has closed its stdin, and what else it is fed is lost. */
bool child_takes_input(const struct child *child);

/* No more input. Call until `*done`: appends what is still written, up to `output_max` bytes in
 * `output`, waits for the exit, and turns a status other than 0 into ERR_CHILD_FAILED (retry set)
 * with the status or signal and the stderr. */
MUST_USE enum err child_finish(struct child *child, struct buffer *output, size_t output_max,
                               bool *done, struct fault *fault);

/* What the child reported so far. Borrowed until the next call on the child. */
const struct child_counter *child_counters(const struct child *child, uint32_t *count);
struct slice child_status(const struct child *child);

void child_free(struct child *child); /* NULL is allowed; kills what still runs */
