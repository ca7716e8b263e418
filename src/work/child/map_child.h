/*
 * map_child.h -- a map task whose operator is a command or a plug-in.
 *
 * A command gets the split's records as the files have them, one record a line, each with an LF
 * behind it: one is added where a file's last line has none, so that `while read` sees it and files
 * do not run together. Records of FORMAT_FIXED come without anything between them. A plug-in gets
 * each record by itself, without its line end.
 * A command that stops reading before the end and ends well has done its work.
 */
#pragma once

#include "work/child/child_run.h"
#include "work/read/reader.h"

struct map_child_config {
    const struct job_spec *spec; /* spec->map is the command; borrowed until map_child_free */
    struct reader *reader;       /* borrowed as long */
    const struct task_environment *task;
    struct collector *collector; /* gets the pairs; or NULL, and … */
    struct writer *writer;       /* … what comes out goes here: a job without a reduce */
    struct bad_records *bad;
    const struct process_stop *stop; /* NULL: nothing stops it */
    const char *host;                /* program that hosts plug-ins; NULL: this one */
};

struct map_child_counts {
    uint64_t bytes_in;    /* handed to the child: for progress */
    uint64_t records_in;  /* 0 where the input was spliced past us: `spliced` */
    uint64_t records_out; /* pairs or lines */
    bool spliced;
};

struct map_child; /* opaque; map_child_free frees it */

MUST_USE enum err map_child_start(const struct map_child_config *config, struct map_child **map,
                                  struct fault *fault);

/* Do one more block's worth. `*done`: all is read, fed and passed on, and the child ended well. */
MUST_USE enum err map_child_step(struct map_child *map, bool *done, struct fault *fault);

struct map_child_counts map_child_counts(const struct map_child *map);
const struct child *map_child_child(const struct map_child *map); /* its counters and status */
void map_child_free(struct map_child *map); /* NULL is allowed; kills what still runs */
