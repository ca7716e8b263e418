/*
 * plan.h -- what goes wrong in a run, and when: drawn from the seed before it begins, so that a
 * fault can be left out and the rest played again.
 *
 * Swarm testing (Groce and others, 2012): each seed switches kinds of faults on and off and draws
 * how often each comes. Half of them are gentle: at no time are more hosts hurt than a quorum can
 * do without, but that all may lose power together. In the others any number is, as that must cost
 * time and nothing else. What was durable is taken from a minority at most, once and for all.
 */
#pragma once

#include "base/buffer.h"
#include "base/prng.h"

enum plan_kind {
#define FAULT(id, name, help) PLAN_##id,
#include "sim/plan.def"
#undef FAULT
    PLAN_KINDS_COUNT
};

enum { PLAN_FAULTS_MAX = 256 };

struct plan_fault {
    enum plan_kind kind;
    int64_t at_ns, lasts_ns; /* true time */
    uint32_t hosts;          /* whom it hurts: bits */
    bool at_leader;          /* whoever leads then, if somebody does, and none of `hosts` */
    uint64_t chance;         /* what else is to be drawn */
};

struct plan {
    struct plan_fault faults[PLAN_FAULTS_MAX]; /* by time */
    uint32_t count;
    uint32_t kinds;   /* switched on: bits */
    uint32_t damaged; /* hosts whose disks are hurt: bits */
    bool gentle;
    int64_t heal_at_ns; /* the liveness phase begins */
};

struct sim_options {
    uint64_t seed;
    int64_t until_ns;
    uint32_t hosts_count, lanes_count, shards_count; /* lanes_count, shards_count 0: drawn */
    uint32_t spares_count; /* of the hosts: those that are no members when the run begins */
    const char *program;   /* NULL: the usual one */
    bool trace;
    bool no_faults;
    uint32_t kinds;      /* of faults: bits; 0: drawn */
    const uint8_t *keep; /* [PLAN_FAULTS_MAX] of the plan, those that happen; NULL: all */
};

/* Of clusters with spare hosts alone. */
bool plan_is_growth(enum plan_kind kind);
/* "kill,pause". False: a word names none. */
bool plan_read_kinds(const char *text, uint32_t *kinds);
void plan_format_kinds(uint32_t kinds, struct buffer *out);
void plan_draw(struct plan *plan, const struct sim_options *options);
/* "12.345 s: power of host 2 for 1.200 s" */
void plan_format(const struct plan_fault *fault, struct buffer *out);
