/*
 * gossip.h -- who is there, who is not, and how they are: one node's view of all, as a pure state
 * machine. SWIM (Das, Gupta, Motivala 2002) with the three extensions of Lifeguard (Dadgar,
 * Phillips, Currey 2018), and comparing of whole views in the background.
 *
 * Once in an interval a node pings another one, in a shuffled order; who does not answer in time is
 * pinged by some others on its behalf; who then has not answered either is suspected, which all are
 * told. A suspect that hears of it refutes by a higher incarnation; one that does not in time is
 * dead. News ride on pings and answers, a bounded number of times each; urgent ones also on
 * datagrams of their own, to a few at random.
 *
 *   self-awareness  a node whose pings fail while its helpers do well, or who has to refute, slows
 *                   down its own probing: it is likely to be the one that is ill
 *   dogpile         a suspicion has long to be refuted at first, and less with each independent
 *                   node that says the same
 *   buddy           who is pinged while it is suspected is told so by that ping
 *
 * Now and then two nodes compare sums over their views, by buckets of members, and send each other
 * what differs, in parts: this repairs what news missed, and joins what was apart.
 *
 * A node is its number, not its address: of what is said of a member, the higher incarnation
 * counts; of one incarnation, left before dead before suspect before alive. A node that starts says
 * its first incarnation, which should be higher than any it had (the Unix time); if somebody knows
 * of a higher one, it goes past that by itself.
 *
 * The driver's duties: decode what has come and has been authenticated (gossip_msg.h) and step
 * DATAGRAM, before TICK when both are due; step TICK at `deadline` or soon after; send the
 * datagrams of each outbox. A datagram may be lost, doubled, late.
 */
#pragma once

#include "base/arena.h"
#include "core/gossip/gossip_msg.h"

enum {
    GOSSIP_OUT_MAX = 32,       /* datagrams of one step */
    GOSSIP_MEMBERS_MAX = 4096, /* that are known at a time: others are not taken in */
    GOSSIP_HELPERS_MAX = 8,    /* that ping for a node */
    GOSSIP_CONFIRMATIONS_MAX = 8
};

struct gossip_config {
    node_id self;
    uint64_t incarnation; /* the first */
    struct gossip_address address;
    struct slice facts; /* copied; at most GOSSIP_FACTS_BYTES_MAX */
    duration interval;  /* between two pings of a node that is well */
    duration timeout;   /* for the answer to a ping; then others are asked. Less than interval */
    duration tell_interval;    /* between two rounds of urgent news */
    duration compare_interval; /* between two comparisons */
    duration load_interval;    /* the least between two changes of the load that are told */
    duration load_spread;  /* and at least so much for each member, so that the sum is bounded */
    duration forget_after; /* members that are dead or left and in nobody's list */
    uint32_t helpers;      /* asked to ping, up to GOSSIP_HELPERS_MAX */
    uint32_t tell_members; /* that get urgent news in one round */
    uint32_t retransmits;  /* of each news; times the number of digits of the members' count */
    uint32_t suspicion;    /* intervals until a suspect is dead, at least; times log10 of the
                              members' count, or 1 */
    uint32_t suspicion_factor; /* the longest, times the least */
    uint32_t confirmations;    /* that bring the longest down to the least */
    uint32_t health_max;       /* how many times slower an ill node gets; 0: it does not */
    bool lifeguard;            /* false: plain SWIM, for comparison */
    uint64_t seed;             /* the only source of chance in here; another one at each start */
};

enum gossip_state { GOSSIP_ALIVE, GOSSIP_SUSPECT, GOSSIP_DEAD, GOSSIP_LEFT };

struct gossip_seed { /* somebody who is in the registry's list */
    node_id node;
    struct gossip_address address;
};

enum gossip_event_kind {
    GOSSIP_EV_TICK = 1,
    GOSSIP_EV_DATAGRAM,
    GOSSIP_EV_SELF_CHANGED, /* facts, address, load: as they are now */
    GOSSIP_EV_SEEDS,        /* the whole list; members not on it go when they are dead or left */
    GOSSIP_EV_LEAVE /* tell all that we go: until gossip_has_left, or for as long as is good */
};

struct gossip_event {
    enum gossip_event_kind kind;
    instant now;                  /* never earlier than in the last event */
    struct gossip_address from;   /* of DATAGRAM */
    const struct gossip_msg *msg; /* of DATAGRAM; borrowed */
    struct gossip_address address;
    struct slice facts; /* of SELF_CHANGED; borrowed */
    struct gossip_load load;
    const struct gossip_seed *seeds; /* of SEEDS; borrowed */
    uint32_t seeds_count;
};

struct gossip_datagram {
    struct gossip_address to;
    uint32_t len;
    uint8_t bytes[GOSSIP_BODY_BYTES_MAX];
};

struct gossip_outbox {
    uint32_t count;
    instant deadline;
    struct gossip_datagram datagrams[GOSSIP_OUT_MAX];
};

/* What is good for most, without what is each node's own. */
struct gossip_config gossip_config_usual(void);
/* And what goes with the interval; 3 ns or more. */
void gossip_config_interval(struct gossip_config *config, duration interval);

struct gossip; /* opaque: lives in the arena, but for what gossip_free gives back */

struct gossip *gossip_new(struct arena *arena, const struct gossip_config *config, instant now);
void gossip_free(struct gossip *gossip);
void gossip_step(struct gossip *gossip, const struct gossip_event *event,
                 struct gossip_outbox *out);
void gossip_check(const struct gossip *gossip); /* asserts all invariants */

/* --- readers --------------------------------------------------------------------------------- */

struct gossip_member {
    node_id node;
    enum gossip_state state;
    uint64_t incarnation; /* 0: only a list said so */
    instant since;        /* it has been in this state */
    struct gossip_address address;
    struct gossip_load load;
    struct slice facts; /* borrowed until the next step; len 0: not known yet */
};

uint32_t gossip_members_count(const struct gossip *gossip); /* self too */
/* The member at a place, 0 … count - 1; places change only when `changes` does. */
void gossip_member_at(const struct gossip *gossip, uint32_t place, struct gossip_member *member);
MUST_USE bool gossip_find(const struct gossip *gossip, node_id node, struct gossip_member *member);
/* Grows when members come, go, or change their state, address or facts; not with their load. */
uint64_t gossip_changes(const struct gossip *gossip);
uint32_t gossip_alive_count(const struct gossip *gossip); /* or suspect; self too */
uint32_t gossip_health(const struct gossip *gossip);      /* 0: we are well; up to health_max */
bool gossip_has_left(const struct gossip *gossip);        /* after LEAVE: enough others were told */

struct gossip_stats {
    uint64_t datagrams_sent, bytes_sent, datagrams_received;
    uint64_t probes, probes_failed, helped;
    uint64_t suspected; /* by this node's own pings */
    uint64_t died;      /* members that became dead in this view */
    uint64_t refuted;   /* what was said of us */
    uint64_t compared, records_sent, members_refused;
};
const struct gossip_stats *gossip_stats(const struct gossip *gossip);
