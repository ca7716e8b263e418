/*
 * log_segment.h -- one segment's bytes, read from its first record to the first that is not good.
 */
#pragma once

#include "lane/log_format.h"

struct log_segment {
    struct slice bytes;
    struct log_header header;
    uint64_t stop_position; /* records from here on are in a later segment; UINT64_MAX: in none */

    /* Where reading has come to. */
    uint64_t next_position; /* the first record that was not read */
    uint64_t batch_at;      /* the batch that it is in, or would be in */
    uint64_t offset;        /* itself */
    uint64_t last_term;
    uint64_t records_count; /* that were visited */
};

struct log_segment log_segment_of(struct slice bytes, const struct log_header *header,
                                  uint64_t stop_position);

/* Visit the records behind `after`. Ends with ERR_OK at the first that is not good, or with what
 * `visit` (may be NULL) failed with. */
MUST_USE enum err log_segment_read(struct log_segment *segment, uint64_t after, log_visit visit,
                                   void *context, struct fault *fault);

/* What is behind where reading ended. */
struct log_tail {
    bool damaged;        /* there is a good batch of needed records: what is between was lost */
    uint64_t later_at;   /* then: where that one is */
    uint64_t torn_bytes; /* else: of a batch that was not whole; 0: nothing was there */
};
/* Records up to `after` are not needed. */
struct log_tail log_segment_tail(const struct log_segment *segment, uint64_t after);

/* Does any batch, of whatever sequence, have a record behind `after`? For a file whose header says
 * nothing. */
bool log_segment_has_newer(struct slice bytes, uint64_t after);
