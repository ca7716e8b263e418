/*
 * root.h -- the duties of who leads the root group: it forms the registry, takes reports, notes who
 * is there, plans, and changes the registry. One a node, on lane 0; where the root's leader is
 * elsewhere, it only hands on what is agreed on to the map.
 *
 * What it decides goes through the root's log as any call does (REGISTRY APPLY), and counts when it
 * is agreed on: until then it decides nothing more.
 */
#pragma once

#include "core/registry/planner.h"
#include "lane/map_impl.h"

struct root; /* opaque */

struct root *root_new(struct lane *lane, struct map *map, const struct lane_cluster *cluster);
void root_free(struct root *root); /* NULL is allowed */

enum root_sight { ROOT_UNSURE, ROOT_SEEN, ROOT_GONE };
struct root_belief { /* what is thought of a member, and not by the registry */
    node_id node;
    enum root_sight sight;
};

bool root_leads(const struct root *root);
/* Does it want beliefs in the turn that follows? */
bool root_wants_beliefs(const struct root *root, instant now);
/* When it wants to be called again. `beliefs` may be none. */
instant root_turn(struct root *root, instant now, int64_t unix_ms,
                  const struct root_belief *beliefs, uint32_t count);
/* Bytes of LINK_REPORTS, of a node or of this one. False: they cannot be read. */
MUST_USE bool root_take_reports(struct root *root, node_id from, struct slice bytes);

/* With what was decided and is not agreed on yet; NULL: it does not lead, or nothing is formed. */
const struct registry *root_registry(const struct root *root);

/* --- asking for a change --------------------------------------------------------------------- */

/* A ticket; 0: it is refused, and why. ERR_CANCELLED: not now, or not here: map_leader(SHARD_ROOT)
 * says where. */
uint64_t root_ask(struct root *root, const struct registry_event *event, struct fault *fault);
enum root_answer {
    ROOT_WAITS,
    ROOT_DONE, /* agreed on, and in this lane's map */
    ROOT_LOST  /* perhaps it is, perhaps not: the map will tell */
};
/* Of a JOIN, `*node` is its number. But for WAITS, the ticket is over. */
enum root_answer root_answer(struct root *root, uint64_t ticket, node_id *node);

/* --- for a person ---------------------------------------------------------------------------- */

/* What it would do now, and what it waits for. False: it does not lead. */
MUST_USE bool root_plan(struct root *root, instant now, int64_t unix_ms, struct planner_plan *plan);
/* What was heard of a shard; NULL: this is not the root's leader, or there is no such shard. */
const struct planner_report *root_report(const struct root *root, shard_id shard);
