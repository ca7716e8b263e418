/*
 * check.h -- is a history (history.h) one that a correct database could have given?
 *
 * A key is judged by the model of its operations, each key alone:
 *
 * - register: linearizable (reads, writes, compare-and-set): the search of Wing and Gong (1993)
 *   with the memo of Lowe (2017), bounded: beyond its bounds it says so and does not guess
 * - list: linearizable, by sorting and sweeping: appended values are unique, so reads and lengths
 *   tell the order, and then only the times have to fit it, and the order in which a client spoke
 * - queue: nothing lost, twice, phantom, out of order, or hidden from who found it empty: the
 *   conditions of Henzinger, Sezgin and Vafeiadis (2013), by sorting and sweeping
 * - counter: each sum once, all between what certainly and what possibly was added, never back
 * - expiry: a key goes only after its time, goes in time, and once gone does not come back
 *
 * Stale reads (of read-only connections) may be old, but show what was there at some time, in
 * order, and never go back on one connection.
 *
 * A verdict names the operations that contradict each other, in the words of history.h.
 */
#pragma once

#include "sim/history.h"

enum {
    CHECK_WRONGS_MAX = 8,           /* told in a verdict; the rest is counted */
    CHECK_REGISTER_OPS_MAX = 20000, /* of one key */
};

struct check_options {
    int64_t clock_slack_ns; /* clocks of nodes may be off by so much: for expiry */
    uint64_t steps_max;     /* of the search of one register; 0: 4 million */
};

struct check_verdict {
    uint64_t ops_count, keys_count;
    uint64_t wrongs_count;
    uint64_t undecided_count; /* keys whose search was too large */
    struct buffer text;       /* a paragraph each; free it */
};

void check_history(const struct history *history, const struct check_options *options,
                   struct check_verdict *verdict);
void check_verdict_free(struct check_verdict *verdict);

/* Read a history from a real file and judge it. The fault says what is wrong with the file; what is
 * wrong with the history is in the verdict. */
MUST_USE enum err check_file(const char *path, const struct check_options *options,
                             struct check_verdict *verdict, struct fault *fault);
