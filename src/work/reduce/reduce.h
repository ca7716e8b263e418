/*
 * reduce.h -- reduce operators. The rows are in reduce/reduce.def. There are three kinds:
 *
 *   fold   a state of fixed size a key, folded in a hash table on the map side already: count, sum,
 *          min, max, mean
 *   group  sees a key, then its values in order, then the end: list, first, top:N, sort, distinct.
 *          One whose output may be fed to it again `combines` on the map side
 *   child  a command or plug-in
 *
 * `none` is no operator at all: map only. Order of values: by split, then as they were emitted;
 * for `distinct` by their bytes.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "core/mapreduce/job_spec.h"
#include "work/operator.h"
#include "work/output/sink.h"

enum reduce_kind { REDUCE_NONE, REDUCE_FOLD, REDUCE_GROUP, REDUCE_CHILD };

enum { FOLD_STATE_BYTES_MAX = 64 };

struct fold_type {
    bool counts;        /* the state is one u64: how many values; what they are does not matter */
    size_t state_bytes; /* a multiple of 8; up to FOLD_STATE_BYTES_MAX */
    /* Make the state of one value / add one. ERR_BAD_RECORD: not a number; the state is as it was.
     */
    enum err (*start)(void *state, struct slice value, struct fault *fault);
    enum err (*add)(void *state, struct slice value, struct fault *fault);
    void (*merge)(void *state, const void *other); /* commutative and associative */
    void (*encode)(const void *state, struct buffer *out);
    MUST_USE bool (*decode)(struct slice bytes, void *state); /* false: not a state */
    void (*format)(const void *state, struct buffer *out);    /* the text a person reads */
};

struct group_operator; /* opaque: lives in the arena */

struct reduce_operator {
    enum reduce_kind kind;
    const struct fold_type *fold; /* of REDUCE_FOLD */
    struct group_operator *group; /* of REDUCE_GROUP */
    bool group_combines;
    /* Can the operator read this value? ERR_BAD_RECORD: no. Asked of each value when it is emitted,
     * where its record is known. NULL: it can read all; and a fold says so itself. */
    enum err (*value_check)(struct slice value, struct fault *fault);
    bool values_sorted; /* wants the values of a key in byte order, each once: distinct */
};

/* Parse spec->reduce. ERR_USAGE with a text that shows the right form. A group operator holds
 * memory until group_free, and is used by one thread at a time. */
MUST_USE enum err reduce_new(struct arena *arena, const struct job_spec *spec,
                             struct reduce_operator *reduce, struct fault *fault);

/* Is it of values that are numbers, so that keys alone give it nothing to work on? */
bool reduce_wants_numbers(const struct reduce_operator *reduce);

/* A group: begin, any number of values, end. `combining`: its output goes to be reduced again.
 * ERR_BAD_RECORD from group_value: the value is not a number, and was not taken. */
MUST_USE enum err group_begin(struct group_operator *group, struct slice key, bool combining,
                              struct sink *out, struct fault *fault);
MUST_USE enum err group_value(struct group_operator *group, struct slice value,
                              struct fault *fault);
MUST_USE enum err group_end(struct group_operator *group, struct fault *fault);
void group_free(struct group_operator *group); /* NULL is allowed */
