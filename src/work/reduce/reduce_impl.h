/*
 * reduce_impl.h -- what an operator of reduce.def is made of.
 */
#pragma once

#include "base/number.h"
#include "work/reduce/reduce.h"

struct group_operator;

struct group_type {
    /* A value came; group->count is how many came before it. */
    enum err (*value)(struct group_operator *group, struct slice value, struct fault *fault);
    /* The values are over; group->count says how many there were. NULL: nothing to do. */
    enum err (*end)(struct group_operator *group, struct fault *fault);
    /* See struct reduce_operator. NULL: all values will do. */
    enum err (*check)(struct slice value, struct fault *fault);
};

struct group_operator {
    const struct group_type *type;
    struct buffer key; /* of the group at hand */
    struct sink *out;
    bool combining;
    uint64_t count;
    uint32_t top_max;   /* N of top:N */
    struct buffer heap; /* struct number, the least in front: the greatest so far */
    struct buffer text; /* scratch for a number's text */
};

#define FOLD_TYPE(name)  extern const struct fold_type fold_##name##_type;
#define GROUP_TYPE(name) extern const struct group_type group_##name##_type;

#define REDUCE_NATIVE(name, kind, combines, argument, help) kind##_TYPE(name)
#define REDUCE_OTHER(name, kind, argument, help)
#include "work/reduce/reduce.def"
#undef REDUCE_NATIVE
#undef REDUCE_OTHER
#undef FOLD_TYPE
#undef GROUP_TYPE

/* Read a value as a number, or say that it is none: ERR_BAD_RECORD. */
MUST_USE enum err reduce_number(struct slice value, struct number *number, struct fault *fault);
