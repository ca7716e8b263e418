/*
 * made_fixture.h -- histories made from a plain model with random overlap, and with a bug where one
 * is asked for: what the checkers are tested by.
 *
 * Each operation happens at one moment and is invoked and returns somewhat around it. Some fail,
 * some have an unknown outcome: those happen then, later, or never.
 */
#pragma once

#include "sim/history.h"
#include "test/random.h"

enum { MADE_VALUES_MAX = 4096, MADE_KEY_MAX = 16 };

struct made {
    struct history *history;
    struct random random;
    enum history_model model;
    int64_t now_ns;
    uint32_t client;
    char key[MADE_KEY_MAX];
    uint32_t values[MADE_VALUES_MAX]; /* of a list or queue; a register's is the first */
    size_t first, count;              /* of values; those before `first` are popped */
    int64_t sum;
    uint32_t last_value;
    bool no_unknown_pops;   /* each would explain one loss */
    uint32_t delayed_value; /* of unknown outcome, and still to happen; 0: none */
};

struct made made_new(enum history_model model, uint64_t seed);
void made_free(struct made *made);
void made_run(struct made *made, size_t ops_count);
/* So long a while that what comes overlaps nothing that was. */
void made_calm(struct made *made);
/* Everything is read (and popped) until nothing is left to be learned. */
void made_finish(struct made *made);

struct made_bug {
    const char *why;
    enum history_model model;
    void (*run)(struct made *made); /* in the calm, on what is there then */
};
extern const struct made_bug made_bugs[];
extern const size_t made_bugs_count;
