/*
 * job_spec.h -- what a job is: what a person asked for, checked for form, before any file is
 * opened.
 *
 * Pure data, and the same on every machine that works on the job. Slices live in the arena of
 * whoever made the spec. Operators stay as the text that named them ("field:1,2"): work/ knows
 * them.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cursor.h"
#include "base/fault.h"

enum record_format {
#define FORMAT(name, text, argument) FORMAT_##name,
#include "core/mapreduce/format.def"
#undef FORMAT
};
enum header_mode { HEADER_AUTO, HEADER_YES, HEADER_NO }; /* auto: yes when a column is named */
enum job_order { ORDER_KEY, ORDER_VALUE, ORDER_VALUE_DESCENDING };
enum compression { COMPRESSION_NONE, COMPRESSION_GZ, COMPRESSION_ZST };

struct env_pair {
    struct slice name, value;
};

struct job_spec {
    struct slice map;     /* "words", "cmd:./map.py", … */
    struct slice reduce;  /* "count", …; "none": map only */
    struct slice combine; /* "cmd:…"; empty: what the reduce operator allows by itself */
    enum record_format format;
    uint32_t fixed_bytes; /* a record of FORMAT_FIXED */
    enum header_mode header;
    enum job_order order;
    bool total_order;
    uint32_t reducers; /* partitions, 1 or more; map only: not used */
    enum compression compress;
    bool fsync;                /* flush the output to the disk before it is published */
    uint32_t attempts_max;     /* of one task, 1 or more */
    uint64_t bad_records_max;  /* tolerated in the whole job */
    uint64_t record_bytes_max; /* a longer record is an error */
    uint64_t split_bytes;
    bool pack; /* many small files in one split; off for commands that ask for their file's name */
    struct env_pair *env; /* for commands */
    uint32_t env_count;
};

enum { JOB_SPEC_ENV_MAX = 4096 }; /* more are the command line's to refuse */

/* The spec as bytes, for the worker that will work on the job; and back. Decoding refuses what is
 * not a spec (ERR_CORRUPT). Slices of the decoded one borrow from `bytes`. */
void job_spec_encode(const struct job_spec *spec, struct buffer *out);
MUST_USE enum err job_spec_decode(struct slice bytes, struct arena *arena, struct job_spec *spec,
                                  struct fault *fault);
