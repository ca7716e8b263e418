/*
 * reader_impl.h -- inside of the reader. reader.c goes from file to file; chunk.c goes through one.
 */
#pragma once

#include "work/read/reader.h"
#include "work/read/record_scan.h"
#include "work/read/source.h"

struct reader {
    struct record_rule rule;
    uint64_t record_bytes_max;
    bool wants_header;
    const struct job_spec *spec;
    const struct split *split;
    struct bad_records *bad;
    struct reader_limits limits;

    uint32_t piece_next; /* to be opened when the current one is finished */
    bool is_open;
    struct source source;
    struct buffer path;      /* of the open file, NUL-terminated; len without the NUL */
    uint64_t range_start;    /* where the source began */
    uint64_t finished_bytes; /* of the files before this one */
    struct buffer header;

    /* chunk[used, whole) are records that wait to be given out, chunk[whole, len) is the start of a
     * record whose end was not read yet. */
    uint8_t *chunk;
    size_t chunk_bytes; /* how many are read at a time */
    size_t capacity;    /* chunk_bytes, or more while a long record is in it */
    size_t used, whole, len;
    uint64_t base; /* of chunk[0] in the file, after decompression */
    bool at_end;   /* the source has given all */
    bool is_damaged;
    bool in_header;   /* the record that is read now is the file's header */
    bool is_unproven; /* json: it may still turn out to be one array */

    uint8_t *scratch;
    size_t scratch_bytes;
};

/* The next block of the open file; empty: it is finished. */
MUST_USE enum err chunk_next(struct reader *reader, struct block *block, struct fault *fault);

/* Take the file's first record as its header. */
MUST_USE enum err chunk_take_header(struct reader *reader, struct fault *fault);
