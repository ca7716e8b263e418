/*
 * merge.h -- many sorted parts as one sorted stream of records, by a loser tree.
 *
 * Records come in byte order of their keys; equal keys in the order of the parts given. When there
 * are more parts than memory can read at one time, neighbours are first merged into longer runs.
 */
#pragma once

#include "io/process.h"
#include "work/reduce/reduce.h"
#include "work/shuffle/run.h"

struct merge; /* opaque; merge_free frees it */

struct merge_part {
    const struct run_store *store;
    uint64_t run, offset, bytes;
};

/* How equal keys become one already while merging. */
enum merge_mode {
    MERGE_ALL,  /* they do not */
    MERGE_FOLD, /* their values are states, to be merged */
    MERGE_SET,  /* one of them is enough; there are no values */
};

struct merge_config {
    const struct merge_part *parts; /* borrowed for the call */
    size_t parts_count;
    size_t memory_bytes;       /* for reading; at least two parts are read at a time */
    struct run_store *scratch; /* where longer runs go; ours alone while we merge */
    enum merge_mode mode;
    const struct fold_type *fold;    /* of MERGE_FOLD */
    const struct process_stop *stop; /* ends it with ERR_CANCELLED; may be NULL */
};

MUST_USE enum err merge_new(const struct merge_config *config, struct merge **merge,
                            struct fault *fault);

/* The next record, borrowed until the next call. `*got` false: the end. Equal keys come one by one
 * in every mode: see merge_next_folded. */
MUST_USE enum err merge_next(struct merge *merge, struct record *record, bool *got,
                             struct fault *fault);

/* The next key with all its states merged (of MERGE_FOLD), or once (of MERGE_SET; `state` is not
 * touched). `*key` is borrowed until the next call. Not to be mixed with merge_next. */
MUST_USE enum err merge_next_folded(struct merge *merge, struct slice *key, void *state, bool *got,
                                    struct fault *fault);
uint64_t merge_records(const struct merge *merge); /* read so far */
void merge_free(struct merge *merge);
