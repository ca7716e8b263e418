/*
 * node.h -- one node, built and turned by whoever has the threads: `tutti start` gives each lane
 * one (start.c), the simulator turns the lanes of many nodes in one (sim/).
 *
 * node_new opens the data folder and what the lanes share. Then each lane is made, turned until it
 * ends or fails, and freed, all by one thread of its own or by one for all. A lane's io belongs to
 * the thread that made it. The node is freed after its lanes.
 */
#pragma once

#include "base/fault.h"
#include "lane/lane.h"
#include "node/data_folder.h"
#include "node/facts.h"
#include "node/listen.h"
#include "serve/config.h"

struct peers;      /* peers.h */
struct membership; /* membership.h */
struct node;       /* opaque */
struct node_lane;  /* opaque */

struct node_options { /* borrowed for as long as the node is */
    const struct config *config;
    const char *config_path; /* NULL: none */
    const char *version;
    const char *token; /* of the cluster to join, from the environment; NULL: none */
    struct node_machine machine;
};

/* Refuses what would let strangers in (exposure.h), peers that cannot be (peers.h), a folder that
 * is another's or in use. */
MUST_USE enum err node_new(const struct node_options *options, struct node **node,
                           struct fault *fault);
void node_free(struct node *node); /* NULL is allowed */
uint32_t node_lanes_count(const struct node *node);
const struct peers *node_peers(const struct node *node);
const struct data_folder *node_folder(const struct node *node);
const struct membership *node_membership(const struct node *node);

/* One that may be newer than what lane 0 knows; from the main thread, while lanes run. */
void node_hand_registry(struct node *node, struct slice registry);

/* Its io, log, store and front door, listening. */
MUST_USE enum err node_lane_new(struct node *node, uint32_t number, struct node_lane **lane,
                                struct fault *fault);
void node_lane_free(struct node_lane *lane); /* NULL is allowed */

struct node_lane_facts {
    struct io_address listening[LISTENERS_MAX];
    uint32_t listening_count;
    const char *disk_name;
    struct lane_opened opened;
};
const struct node_lane_facts *node_lane_facts(const struct node_lane *lane);
struct io *node_lane_io(struct node_lane *lane);
struct lane *node_lane_lane(struct node_lane *lane);

enum node_turn {
    NODE_TURN_AGAIN,
    NODE_TURN_ENDED, /* it was told to stop, and all that was received is answered and durable */
    NODE_TURN_FAILED /* the fault says why; nothing may be sent any more */
};
/* Wait until `*deadline` at the latest, hand out what has come, run, flush, send. `*deadline` then
 * is when it wants its next turn at the latest; the first has none: zero. `stop`: shall it finish?
 * Whoever changes that between two turns gives a deadline of zero. */
enum node_turn node_lane_turn(struct node_lane *lane, bool stop, instant *deadline,
                              struct fault *fault);
