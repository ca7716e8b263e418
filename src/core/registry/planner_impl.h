/* planner_impl.h -- inside of the planner; see planner.h. */
#pragma once

#include "base/arena.h"
#include "core/registry/planner.h"

enum { PLANNER_NOWHERE = UINT32_MAX };

/* Loads are in parts of a shard: a shard of the usual bytes and the usual operations has
 * 2 × PLANNER_PART of each kind. They are compared as fill: load × FILL_SCALE / capacity. */
enum { PLANNER_PART = 1000, PLANNER_FILL_SCALE = 1 << 16 };

struct planner_node {
    const struct registry_member *member;
    uint32_t host, zone; /* equal numbers: the same */
    uint64_t capacity;   /* lanes × weight */
    uint64_t load, lead; /* of the shards it shall have, and shall lead */
    uint64_t bytes;
    uint32_t incoming; /* copies on their way to it, in parts of a move */
    bool usable;       /* alive: may be given something */
    bool overdue;      /* dead for longer than the delay */
    bool stuck;        /* nothing that it has can go elsewhere */
};

struct planner_shard {
    uint32_t voters[REGISTRY_REPLICAS_MAX]; /* nodes, by place in `nodes` */
    uint32_t count;
    uint32_t leader; /* preferred; PLANNER_NOWHERE: none */
    uint64_t load, lead, bytes;
    bool reported; /* somebody leads it */
    bool busy;     /* it has not yet what it shall have, or this plan changes it */
};

struct planning {
    struct arena *arena;
    const struct registry *registry;
    const struct planner_report *reports;
    instant now;
    int64_t unix_ms;
    struct planner_node *nodes;
    uint32_t nodes_count, hosts_count, zones_count;
    struct planner_shard *shards; /* [shards_count + 1]: the root last */
    uint32_t shards_count;
    uint32_t replicas, root_voters;              /* that there shall be */
    uint32_t parts_max, parts_a_node, under_way; /* in parts of a move */
    bool repairs;                                /* one is under way, or wanted */
    bool is_lost;                                /* some shard has nobody who leads it */
    bool is_waiting;                             /* a node is dead, and may come back */
    struct planner_plan *plan;
};

/* A place as it is being changed. */
struct planner_set {
    uint32_t nodes[REGISTRY_REPLICAS_MAX + 1];
    uint32_t count;
};

/* --- planner_load.c -------------------------------------------------------------------------- */

/* May a copy of so many bytes be sent to it, beside those on their way? */
bool planner_may_take(const struct planning *planning, const struct planner_node *node,
                      uint64_t bytes);
void planner_load_all(struct planning *planning);
uint64_t planner_fill(const struct planner_node *node, uint64_t more);
uint64_t planner_lead(const struct planner_node *node, uint64_t more);

/* --- planner_fix.c: what is wrong with one shard's place ------------------------------------- */

/* Makes at most one move, and says whether it wanted one. Only a repair, if `only_repair`. */
bool planner_fix(struct planning *planning, uint32_t shard, bool only_repair);
bool planner_set_has(const struct planner_set *set, uint32_t node);
/* Does another one of the set have its host? `but`: this one is not looked at. */
bool planner_host_is_taken(const struct planning *planning, const struct planner_set *set,
                           uint32_t node, uint32_t but);
uint32_t planner_zones_of(const struct planning *planning, const struct planner_set *set);
struct planner_set planner_set_of(const struct planner_shard *shard);

/* --- planner_even.c: what could be better ---------------------------------------------------- */

void planner_even(struct planning *planning);
void planner_leaders(struct planning *planning);

/* --- planner.c ------------------------------------------------------------------------------- */

/* False: it must wait, and why is noted. */
bool planner_propose(struct planning *planning, uint32_t shard, const struct planner_set *set,
                     uint32_t leader, enum planner_reason reason);
void planner_wait(struct planning *planning, const char *why);
