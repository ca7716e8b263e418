/* collector_impl.h -- the inside of the collector: taking pairs, and writing them as runs. */
#pragma once

#include "work/shuffle/collector.h"
#include "work/shuffle/fold_table.h"
#include "work/shuffle/sorter.h"

/* The sink of what a combiner makes: pairs, gathered and put into a sorter or into the run. */
struct pair_sink {
    struct sink sink; /* first: the functions get its address */
    struct collector *collector;
    struct buffer key, value;
};

struct collector {
    struct collector_config config;
    struct fold_table *table; /* of a fold or a set; else NULL */
    struct sorter *sorter;    /* NULL in a sample or map-only task */
    struct sorter *combined;  /* what a combiner command wrote; NULL without one */
    struct buffer joined;     /* a set's key */
    struct buffer plain;      /* the key in it */
    struct buffer state;      /* a fold's state, encoded */
    struct pair_sink pair_sink;
    struct run_part *parts;
    uint32_t parts_count, parts_capacity;
    uint64_t pairs, spills;
};

/* Empty the sorter into runs, combined on the way. */
MUST_USE enum err collector_flush_sorter(struct collector *collector, struct fault *fault);

/* Empty the table through the sorter into runs. */
MUST_USE enum err collector_flush_table(struct collector *collector, struct fault *fault);
