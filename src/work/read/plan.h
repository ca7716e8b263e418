/*
 * plan.h -- from what a person named to splits: which bytes of which files one map task reads.
 *
 * Inputs are files, folders (read recursively, in byte order of their names, hidden files and
 * `_SUCCESS` passed over), globs, and "-" for standard input. Large plain files are cut every
 * split_bytes (at the next record's start: the reader sees to that); compressed files, pipes and
 * standard input stay whole; small files are packed, in order, into splits of up to split_bytes.
 *
 * Links to files are followed; a folder behind a link is entered when it is named, not when a walk
 * meets it. A pipe or device is read when it is named, and passed over in folders and globs. What
 * is named twice is read twice, except standard input.
 *
 * A large csv file is read once while planning: whether a line end is inside of quotes can only be
 * told from the file's start. Its pieces are then exact: each starts with a record.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "core/mapreduce/job_spec.h"

enum {
    SPLIT_PIECES_MAX = 1024,    /* files packed into one split */
    PLAN_SPLITS_MAX = 16 << 20, /* of one job */
};

struct piece {
    struct slice path;      /* "-": standard input */
    uint64_t offset, bytes; /* of the plain file; a whole file has offset 0 and `whole` */
    bool whole;
    bool last; /* no later piece of this file: `bytes` reaches its end */
};

struct split {
    struct piece *pieces;
    uint32_t count;
    uint64_t bytes; /* as stored */
};

struct plan {
    struct split *splits;
    uint32_t count;
    uint64_t bytes, files;
    bool has_windows; /* an input may have to be decompressed in a large window */
};

/* Cut finer than the spec's split_bytes, into about `splits_wanted` splits, where that makes none
 * of them smaller than `split_bytes_least`. Zeroed: as the spec says. */
struct plan_grain {
    uint64_t splits_wanted, split_bytes_least;
};

MUST_USE enum err plan_new(struct arena *arena, const struct job_spec *spec,
                           struct plan_grain grain, const struct slice *inputs,
                           uint32_t inputs_count, struct plan *plan, struct fault *fault);

/* A split as bytes, for the message that hands it to a worker; and back. Decoding refuses what is
 * not a split (ERR_CORRUPT). Slices of the decoded one borrow from `bytes`. */
void split_encode(const struct split *split, struct buffer *out);
MUST_USE enum err split_decode(struct slice bytes, struct arena *arena, struct split *split,
                               struct fault *fault);

/* "access.log, bytes 0 to 67108864" or "a.txt and 41 more files, from b/": for messages. */
void split_label(const struct split *split, struct buffer *out);
