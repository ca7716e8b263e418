/*
 * sim.h -- one simulated run, seen by its workload: clients, virtual time, and a word when
 * something is wrong.
 *
 * A run is a seed. Its hosts run real nodes (node/node.h) over a simulated network, disks and
 * clocks; its clients belong to a *program*, which is a machine: events in, calls out, no other
 * time and chance than what it is given here. All is one thread, and the same seed gives the same
 * run.
 *
 * First the safety phase: faults happen, never more at a time than a majority of hosts survives.
 * Then faults end: a random majority is healed for good and the others stay broken (liveness
 * phase): the program may then demand progress. At last the run ends.
 */
#pragma once

#include "base/base.h"
#include "base/prng.h"
#include "node/node.h"

struct sim; /* opaque */

enum { SIM_HOSTS_MAX = 7, SIM_LANES_MAX = 8, SIM_SHARDS_MAX = 64, SIM_CLIENTS_MAX = 64 };

typedef struct {
    uint64_t n; /* 0: none; never given twice */
} sim_connection;

enum sim_event_kind {
    SIM_CONNECTED,
    SIM_RECEIVED, /* `bytes`, borrowed until the call returns */
    SIM_CLOSED,   /* by the other end, by a reset, or it could not connect: it is gone */
    SIM_TIMER
};

struct sim_event {
    enum sim_event_kind kind;
    uint32_t client;
    sim_connection connection; /* of a timer: none */
    uint64_t tag;              /* as given to sim_connect or sim_timer */
    struct slice bytes;
};

/* --- what a program may do ---------------------------------------------------------------------
 */

instant sim_now(const struct sim *sim); /* the true time, which no host has */
struct prng *sim_prng(struct sim *sim); /* the program's own chance */
uint32_t sim_hosts_count(const struct sim *sim);

/* To the port for clients of `host`, from an address of the client's own. SIM_CONNECTED or
 * SIM_CLOSED will come; it may take long, as a dead host says nothing. Bytes may be sent at once:
 * they wait for the connection. */
sim_connection sim_connect(struct sim *sim, uint32_t client, uint32_t host, uint64_t tag);
/* All of it is taken; the network's windows bound what leaves. A connection that is gone takes
 * nothing. */
void sim_send(struct sim *sim, sim_connection id, struct slice bytes);
void sim_close(struct sim *sim, sim_connection id); /* nothing of it comes any more */
void sim_timer(struct sim *sim, uint32_t client, duration after, uint64_t tag);

/* The run is over, and has failed: `property` is a short name of what does not hold, the text is
 * what was seen. The first one counts. */
void sim_fail(struct sim *sim, const char *property, const char *format, ...) PRINTF(3, 4);
/* A line of the trace, with the time; costs nothing where there is no trace. */
void sim_trace(struct sim *sim, const char *format, ...) PRINTF(2, 3);

/* --- what it may look at -----------------------------------------------------------------------
 */

/* NULL: the host is down, or has not so many lanes. Good until the event's call returns. */
struct node_lane *sim_lane(struct sim *sim, uint32_t host, uint32_t lane);
/* Hosts that are up and see each other, one bit each; in the liveness phase at least those that
 * stay so. */
uint32_t sim_healthy(const struct sim *sim);
bool sim_is_live_phase(const struct sim *sim);

/* --- programs ----------------------------------------------------------------------------------
 */

struct sim_program { /* one workload with its checks: a row of sim_programs */
    const char *name, *help;
    uint32_t hosts_least, hosts_most;
    void *(*start)(struct sim *sim); /* what the others get as `self` */
    void (*event)(void *self, struct sim *sim, const struct sim_event *event);
    /* A lane has taken a turn: for invariants. NULL: none. */
    void (*turned)(void *self, struct sim *sim, uint32_t host, uint32_t lane);
    /* A host's node has gone (crash, failure, end); what was known of its memory is void. */
    void (*gone)(void *self, struct sim *sim, uint32_t host); /* NULL: none */
    void (*healed)(void *self, struct sim *sim);              /* the liveness phase begins */
    void (*end)(void *self, struct sim *sim);                 /* judge it: sim_fail */
    void (*free)(void *self);
};
extern const struct sim_program
    *const sim_programs[]; /* NULL ends it; the first is the usual one */
