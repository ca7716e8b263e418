/*
 * collector.h -- where a map task's pairs go.
 *
 * In a job with reducers they are folded in a hash table where the reduce operator allows it,
 * sorted, combined, parted, and written as runs when memory is full and at the end. In a map-only
 * job they are written as lines. In a sample task some keys are kept.
 */
#pragma once

#include "work/output/writer.h"
#include "work/reduce/reduce.h"
#include "work/shuffle/partition.h"
#include "work/shuffle/run.h"
#include "work/shuffle/sample.h"

struct collector; /* opaque; collector_free frees it */

/* Runs a combiner command over the sorted pairs of one partition: all of them are put, then `end`
 * is called, and what the command wrote goes to `out`. NULL functions: there is none. */
struct combiner {
    enum err (*begin)(struct combiner *combiner, uint32_t partition, struct sink *out,
                      struct fault *fault);
    enum err (*put)(struct combiner *combiner, struct slice key, struct slice value,
                    struct fault *fault);
    enum err (*end)(struct combiner *combiner, struct fault *fault);
};

/* The tables and buffers of a collector, kept from one task to the next of the same job, so that
 * their memory is asked of the system once. Zeroed: nothing yet. */
struct fold_table;
struct sorter;
struct collector_memory {
    struct fold_table *table;
    struct sorter *sorter, *combined;
};

void collector_memory_free(struct collector_memory *memory); /* twice is fine */

struct collector_config {
    /* One of the three: */
    struct sample *sample;   /* a sample task */
    struct writer *writer;   /* map only */
    struct run_store *store; /* a job with reducers */

    const struct reduce_operator *reduce;
    struct partitioner partitioner;  /* its splitters are borrowed for the collector's life */
    struct combiner *combiner;       /* may be NULL */
    struct collector_memory *memory; /* borrowed for the collector's life; the collector fills it */
    size_t memory_bytes;
    uint64_t hash_seed;
};

struct collector *collector_new(const struct collector_config *config);
void collector_free(struct collector *collector);

/* Take one pair; both slices are copied. Fails where a spill does (disk), and where the reduce
 * operator cannot read the value: ERR_BAD_RECORD, and the pair is not taken. */
MUST_USE enum err collector_emit(struct collector *collector, struct slice key, struct slice value,
                                 struct fault *fault);

/* Does it count values, whatever they are? Then many keys can be taken at once, each of which may
 * be read 16 bytes from its start, whatever its length. */
bool collector_counts(const struct collector *collector);
MUST_USE enum err collector_count_keys(struct collector *collector, const struct slice *keys,
                                       size_t count, struct fault *fault);

/* The task is done: what is held is written. The parts are borrowed from the collector. */
MUST_USE enum err collector_finish(struct collector *collector, const struct run_part **parts,
                                   uint32_t *count, struct fault *fault);

uint64_t collector_pairs(const struct collector *collector);  /* taken so far */
uint64_t collector_spills(const struct collector *collector); /* times that memory was full */
