/*
 * pair.h -- what an operator finds in one record.
 */
#pragma once

#include "base/base.h"

enum map_verdict {
    MAP_PAIR, /* a pair was found */
    MAP_SKIP, /* none, and nothing is wrong */
    MAP_BAD,  /* the record cannot be read; `why` says why */
};

/* Zeroed before the first call for a record. Slices borrow from the record, or from the operator's
 * scratch memory until its next call. */
struct map_pair {
    struct slice key, value;
    const char *why;  /* lives as long as the operator */
    bool more;        /* call again for this record */
    size_t next;      /* where the next match is sought */
    bool after_empty; /* the match that ended there was empty */
};
