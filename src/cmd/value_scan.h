/*
 * value_scan.h -- what SSCAN, ZSCAN and HSCAN share: a cursor, MATCH and COUNT, and the shape of
 * the reply. A step visits buckets until COUNT elements were seen, matching or not.
 */
#pragma once

#include "cmd/call.h"

enum {
    VALUE_SCAN_COUNT_DEFAULT = 10,
    SCAN_STEPS_EACH = 10 /* times COUNT: the most empty buckets */
};

struct value_scan {
    uint64_t cursor;
    uint64_t count;
    struct slice pattern;
    bool filters; /* is there a pattern that not everything matches? */
    struct reply *reply;
    uint64_t seen, replied; /* elements visited, and bulk strings written */
};

/* The cursor at `index` of argv. False: the error is replied. */
MUST_USE bool value_scan_cursor(struct call *call, uint32_t index, struct value_scan *scan);
/* MATCH and COUNT from `index` on. False: the error is replied. */
MUST_USE bool value_scan_options(struct call *call, uint32_t index, struct value_scan *scan);

void value_scan_reply_empty(struct call *call); /* the end of a walk through nothing */

/* Between these, elements are replied by bulks that are counted in `replied`. `step` visits one
 * bucket and returns the next cursor. */
typedef uint64_t (*value_scan_step)(const void *object, uint64_t cursor, struct value_scan *scan);
void value_scan_run(struct call *call, struct value_scan *scan, const void *object,
                    value_scan_step step);

/* Counts an element as seen; should it be replied? */
bool value_scan_wants(struct value_scan *scan, struct slice element);
