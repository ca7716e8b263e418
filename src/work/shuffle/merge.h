/*
 * merge.h -- many sorted runs as one sorted stream of records, by a loser tree.
 *
 * Records come in byte order of their keys; equal keys in the order of the runs.
 */
#pragma once

#include "base/fault.h"

struct record {
    struct slice key, value;
};

struct merge; /* opaque */

/* The next record, borrowed until the next call. `*got` false: the end. */
MUST_USE enum err merge_next(struct merge *merge, struct record *record, bool *got,
                             struct fault *fault);
