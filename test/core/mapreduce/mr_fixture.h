/*
 * mr_fixture.h -- a master under a transcript: lines that begin with '>' are events, the others are
 * what it says to them. Every message, in and out, passes through its bytes.
 *
 *   > join WORKER SLOTS          > gone WORKER           > poll            > cancel
 *   > WORKER done TASK.ATTEMPT [seg PARTITION:BYTES]… [bad N] [key TEXT]… [count NAME:N]…
 *   > WORKER failed TASK.ATTEMPT TEXT       > WORKER fatal TASK.ATTEMPT TEXT
 *   > WORKER progress TASK.ATTEMPT BYTES
 *   WORKER <- run map TASK.ATTEMPT of LABEL        (and " bad N" where some are tolerated)
 *   WORKER <- run reduce TASK.ATTEMPT of PARTITION: WORKER/BYTES…
 *   WORKER <- stop TASK.ATTEMPT    WORKER <- drop TASK.ATTEMPT    WORKER <- over
 *   == PHASE or STATE, when it changes
 *
 * Events are a second apart.
 */
#pragma once

#include "core/mapreduce/mr_master.h"

enum { MR_FIXTURE_SPLITS_MAX = 16 };

struct mr_fixture {
    struct arena *arena;
    struct mr_master *master;
    instant now;
    enum mr_state state;
    enum mr_kind phase;
    struct buffer text; /* the transcript so far */
};

/* Splits of 100 bytes each, one a letter of `labels`; a capital is a stream, of 0 bytes. The rest
 * of `config` is taken as it is, attempts_max 0 being 3. */
struct mr_fixture mr_fixture_new(const char *labels, struct mr_config config);
void mr_fixture_free(struct mr_fixture *fixture);

/* Step with what passed through bytes, sweep the invariants, and write down what leaves. */
void mr_fixture_line(struct mr_fixture *fixture, const char *line);

/* Play the events of `want` and expect it to be the transcript. */
void mr_fixture_play(struct mr_fixture *fixture, const char *why, const char *want);

/* A message through its bytes; slices borrow from `bytes`, arrays are in the arena. */
struct mr_msg mr_fixture_pass(const struct mr_msg *msg, struct buffer *bytes, struct arena *arena);
