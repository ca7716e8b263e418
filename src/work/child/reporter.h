/*
 * reporter.h -- what a command says on its standard error, taken apart as Hadoop Streaming does.
 *
 *   reporter:counter:GROUP,NAME,AMOUNT   adds AMOUNT, a whole number with an optional sign
 *   reporter:status:TEXT                 the latest one counts
 *
 * Every other line, one that only looks like these, and one longer than REPORTER_LINE_MAX go to the
 * tail: its last REPORTER_TAIL_BYTES are kept. Bytes may come in any pieces.
 */
#pragma once

#include "base/arena.h"

enum {
    REPORTER_LINE_MAX = 8192,
    REPORTER_TAIL_BYTES = 4096,
    REPORTER_STATUS_MAX = 512,
    REPORTER_COUNTERS_MAX = 256, /* different ones; lines with further ones go to the tail */
};

struct child_counter {
    struct slice group, name;
    int64_t amount; /* stays at the largest or smallest number that it can hold */
};

struct reporter; /* opaque; reporter_free frees it */

struct reporter *reporter_new(void);
void reporter_free(struct reporter *reporter); /* NULL is allowed */

void reporter_feed(struct reporter *reporter, struct slice bytes);
void reporter_end(struct reporter *reporter); /* a last line without an end is a line */

/* Add to a counter without a line. False: there are too many. The names are copied. */
bool reporter_count(struct reporter *reporter, struct slice group, struct slice name,
                    int64_t amount);

/* Borrowed until the next call on the reporter. */
const struct child_counter *reporter_counters(const struct reporter *reporter, uint32_t *count);
struct slice reporter_status(const struct reporter *reporter);
struct slice reporter_tail(struct reporter *reporter);
