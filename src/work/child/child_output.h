/*
 * child_output.h -- where a child's output goes: what map_child and reduce_child share.
 *
 *   writer     lines as they are, in bulk; pairs of frames as writer_put_line writes them
 *   collector  pairs; one that the reduce operator cannot read is a bad record
 *   sink       pairs
 */
#pragma once

#include "work/child/child.h"
#include "work/child/pairs.h"
#include "work/output/sink.h"
#include "work/output/writer.h"
#include "work/read/block.h"
#include "work/shuffle/collector.h"

struct child_target { /* one of the three; the others NULL; all borrowed */
    struct collector *collector;
    struct sink *sink;
    struct writer *writer;
    struct bad_records *bad; /* with a collector */
};

struct child_output {
    struct child_target target;
    struct pair_decoder decoder;
    struct slice label; /* of the command, for messages; borrowed */
    struct buffer held; /* what the child wrote and is not passed on: append here */
    uint64_t offset;    /* in all that the child wrote, of the first byte of `held` */
    uint64_t records;   /* passed on: lines or pairs */
    bool open_line;     /* the last byte given to the writer was no LF */
};

/* How far `held` may grow before it is passed on. */
size_t child_output_room(const struct child_output *output);

/* Pass on what is whole of `held`; with `ended` the rest too. */
MUST_USE enum err child_output_pass(struct child_output *output, bool ended, struct fault *fault);

void child_output_free(struct child_output *output);
