/*
 * planner.h -- which shard should be where: registry and reports in, a bounded list of moves with
 * their reasons out. Pure, and the same for the same input.
 *
 * Rules, in this order; a later one never undoes an earlier one:
 *   repair    a shard whose voter is dead (for longer than the delay) or removed gets another
 *   leave     a leaving node's shards go elsewhere
 *   replicas  as many as asked for, or as there are hosts that can
 *   spread    no two on one host; over zones, where there are labels
 *   even      bytes and counts in proportion to weight: lanes, memory, disk
 *   leaders   by load, not by count alone
 *   root      1, 3 or 5 voters of the root, on other hosts and zones
 * Nothing moves but for repair while some shard has lost its majority, a node is dead and may come
 * back, or a repair is under way; and never more than the settings allow at a time, in all and to
 * one node; small shards count less. (Bytes a second are kept by who carries the plan out: see
 * planner_move.bytes.)
 *
 * Two nodes are on one host if both say the same one; who says none is alone on its host. Where all
 * are on one host, as in a trial, nodes count for hosts.
 */
#pragma once

#include "core/registry/registry.h"

enum planner_reason {
    PLANNER_FORMED = 1,
    PLANNER_REPAIR,
    PLANNER_LEAVE,
    PLANNER_REPLICAS,
    PLANNER_SPREAD,
    PLANNER_EVEN,
    PLANNER_LEADERS,
    PLANNER_ROOT,
    PLANNER_ASKED /* by a person */
};
/* "a replica's node is dead" … Of any number: a row may be of a newer version. */
const char *planner_reason_text(uint32_t reason);

enum { PLANNER_REPORT_AGE_MS_MAX = 10000 /* who has said nothing for so long does not lead */ };

/* What a shard's leader has last said of it, as the root's leader heard it. */
struct planner_report {
    instant at; /* heard; 0: never */
    node_id leader;
    node_id voters[REGISTRY_REPLICAS_MAX], learners[REGISTRY_REPLICAS_MAX];
    uint32_t voters_count, learners_count;
    uint32_t caught_up; /* bits: of `voters` */
    uint64_t bytes, keys;
    uint32_t operations_a_second, writes_a_second;
};

struct planner_move {
    shard_id shard;
    struct registry_shard place; /* what it shall have now; `why` says the reason */
    node_id from, to;            /* of the replica, or of the leadership; NODE_NONE: none */
    bool leadership_only;
    uint64_t bytes; /* that this is likely to send */
};

/* What moves at a time is bounded in parts of a move: a small shard's copy is soon there, and many
 * of them cost a node less than one large one. */
enum { PLANNER_MOVE_PARTS = 8, PLANNER_SMALL_BYTES = 1 << 20 };
uint32_t planner_parts_of(uint64_t bytes);

enum { PLANNER_MOVES_MAX = 64 };
struct planner_plan {
    struct planner_move moves[PLANNER_MOVES_MAX];
    uint32_t moves_count;
    uint32_t wanted_count; /* with those that must wait */
    const char *waits_for; /* why nothing (more) moves; NULL: nothing waits */
};

/* `reports`: [shards_count], and the root's at the end. The registry is formed. */
void planner_plan(const struct registry *registry, const struct planner_report *reports,
                  instant now, int64_t unix_ms, struct planner_plan *plan);
