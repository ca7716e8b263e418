/*
 * crowd.h -- many nodes that gossip, and nothing else of them: the pure machines of core/gossip in
 * virtual time, with a network that loses, delays and cuts, and nodes that crash or are slow.
 *
 * It judges what they believe: a member that a node takes for dead while it runs is a false death,
 * counted for each node that believes it, as in the Lifeguard paper.
 */
#pragma once

#include "base/fault.h"
#include "core/gossip/gossip.h"

struct crowd_config {
    uint32_t nodes_count; /* numbers 1 … */
    uint32_t loss_per_million;
    int64_t latency_ns,
        jitter_ns; /* of a datagram: the first, and up to as much more as the other */
    uint64_t seed;
    struct gossip_config gossip; /* of all, but for what is each node's own */
};

struct crowd_config crowd_config_usual(uint32_t nodes_count, uint64_t seed);

struct crowd; /* opaque */

struct crowd *crowd_new(const struct crowd_config *config); /* all run, and have the list of all */
void crowd_free(struct crowd *crowd);
void crowd_run(struct crowd *crowd, int64_t ns); /* so much longer */
int64_t crowd_now_ns(const struct crowd *crowd);
const struct gossip *crowd_gossip(const struct crowd *crowd, uint32_t node); /* NULL: it is down */

void crowd_crash(struct crowd *crowd, uint32_t number);
void crowd_start(struct crowd *crowd, uint32_t number); /* again: knowing the list of all */
void crowd_leave(struct crowd *crowd, uint32_t node);
/* What it sends and what comes to it waits until then; its timers run. From now on it counts as
 * slow, and false deaths of it are counted apart. */
void crowd_hold(struct crowd *crowd, uint32_t node, int64_t until_ns);
/* Nodes of different groups do not reach each other; all begin in group 0. */
void crowd_group(struct crowd *crowd, uint32_t node, uint32_t group);
/* It has another address from now on. */
void crowd_move(struct crowd *crowd, uint32_t number);

/* When each node learned that this one is dead: from now on, INT64_MAX where it has not yet. */
void crowd_watch(struct crowd *crowd, uint32_t node);
const int64_t *crowd_learned_ns(const struct crowd *crowd); /* by node - 1 */
/* Do all who run take each other for alive, and who is down for not? */
bool crowd_agrees(const struct crowd *crowd);
void crowd_check(const struct crowd *crowd); /* gossip_check of all */

struct crowd_counts {              /* so far */
    uint64_t datagrams, bytes;     /* sent; with 28 bytes of IP and UDP, and the envelope */
    uint64_t false_deaths;         /* of nodes that are well … */
    uint64_t false_deaths_by_well; /* … of them, those believed by nodes that are well */
    uint64_t slow_deaths;          /* of nodes that are slow */
};
const struct crowd_counts *crowd_counts(const struct crowd *crowd);

/* --- what `tutti-sim --workload gossip` says ---------------------------------------------------
 */

struct crowd_report_options {
    uint32_t nodes_count;
    uint64_t seed;
    const char *plot; /* a file to write an SVG to; NULL: none */
};

/* Prints tables to standard output. */
MUST_USE enum err crowd_report(const struct crowd_report_options *options, struct fault *fault);
