/* sort.h -- what the parts of SORT share: its options, and the elements that it sorts. */
#pragma once

#include "base/arena.h"
#include "cmd/sort_pattern.h"

struct sort_options {
    bool descending, alphabetic, unsorted; /* unsorted: BY a pattern without a star */
    bool has_by, stores;
    struct sort_pattern by;
    struct slice destination;
    int64_t limit_start, limit_count; /* count negative: all */
    struct sort_pattern *gets;        /* in the arena */
    uint32_t gets_count;
};

struct sort_item {
    struct slice element;
    struct slice by; /* ALPHA: what it is sorted by */
    double score;    /* else */
    uint32_t index;  /* where it was: equal ones keep their order */
    bool has_by;     /* false: BY led to nothing */
};

/* The elements to be sorted, or those of a range that is not; all are borrowed from the store or
 * the arena. */
struct sort_vector {
    struct sort_item *items; /* from malloc; the caller frees them */
    uint64_t count;
    uint64_t first, wanted; /* what LIMIT leaves, once sorted */
};

/* `entry` NULL: no elements. `arena` keeps the texts of integers. */
void sort_load(const struct entry *entry, const struct sort_options *options, struct arena *arena,
               struct sort_vector *vector);
