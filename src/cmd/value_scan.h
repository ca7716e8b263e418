/*
 * value_scan.h -- SSCAN, ZSCAN and HSCAN: a walk over the elements of one value. A call visits
 * buckets until COUNT elements were seen, matching or not.
 */
#pragma once

#include "cmd/scan.h"

struct value_scan {
    struct scan_request request;
    struct reply reply;     /* where elements go */
    uint64_t seen, replied; /* elements visited, and bulk strings written */
};

/* Visits one bucket and returns the next cursor. Of each element it asks value_scan_wants. */
typedef uint64_t (*value_scan_step)(const void *object, uint64_t cursor, struct value_scan *scan);

/* Counts an element as seen; should it be replied? */
bool value_scan_wants(struct value_scan *scan, struct slice element);
void value_scan_put(struct value_scan *scan, struct slice bytes); /* one bulk string */

/* `object` NULL: there is none. The cursor is in `scan` already: see scan_read_cursor; options are
 * read from argv[3] on. */
void value_scan_run(struct call *call, struct value_scan *scan, const void *object,
                    value_scan_step step);
