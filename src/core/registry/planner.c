/*
 * planner.c -- see planner.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   P1  a shard that is not yet what it shall be is left alone, but for a repair.
 *   P2  of a place, more than half are there: alive or leaving. So a plan never takes away what a
 *       shard needs to agree.
 *   P3  a move makes the worst it looks at better, by more than a little: so the moves end.
 */
#include "core/registry/planner_impl.h"

const char *planner_reason_text(uint32_t reason)
{
    static const char *const texts[] = {
        [PLANNER_FORMED] = "so since the cluster was formed",
        [PLANNER_REPAIR] = "a replica's node is dead",
        [PLANNER_LEAVE] = "a replica's node is leaving",
        [PLANNER_REPLICAS] = "as many replicas as asked for",
        [PLANNER_SPREAD] = "replicas on other hosts and zones",
        [PLANNER_EVEN] = "an even share for each node",
        [PLANNER_LEADERS] = "an even share of leadership",
        [PLANNER_ROOT] = "the registry's own replicas",
        [PLANNER_ASKED] = "somebody asked for it",
    };
    return reason >= PLANNER_FORMED && reason < COUNT_OF(texts) ? texts[reason] : "unknown";
}

uint32_t planner_parts_of(uint64_t bytes)
{
    return bytes < PLANNER_SMALL_BYTES ? 1 : PLANNER_MOVE_PARTS;
}

void planner_wait(struct planning *planning, const char *why)
{
    if (planning->plan->waits_for == NULL) planning->plan->waits_for = why;
}

/* --- proposals ------------------------------------------------------------------------------- */

/* [P2] */
static bool keeps_majority(const struct planning *planning, const struct planner_set *set)
{
    uint32_t there = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        there += planning->nodes[set->nodes[i]].member->state != MEMBER_DEAD;
    }
    return there * 2 > set->count;
}

static bool was_there(const struct planner_shard *shard, uint32_t node)
{
    for (uint32_t i = 0; i < shard->count; i++) {
        if (shard->voters[i] == node) return true;
    }
    return false;
}

static struct registry_shard place_of(const struct planning *planning, uint32_t shard,
                                      const struct planner_set *set, uint32_t leader,
                                      enum planner_reason reason)
{
    bool root = shard == planning->shards_count;
    shard_id id = root ? SHARD_ROOT : (shard_id){shard};
    struct registry_shard place = {.voters_count = set->count,
                                   .epoch = registry_shard(planning->registry, id)->epoch,
                                   .why = (uint8_t)reason};
    for (uint32_t i = 0; i < set->count; i++) { /* nodes are by rising number */
        uint32_t k = i;
        node_id node = planning->nodes[set->nodes[i]].member->node;
        for (; k > 0 && place.voters[k - 1].n > node.n; k--) place.voters[k] = place.voters[k - 1];
        place.voters[k] = node;
    }
    if (leader != PLANNER_NOWHERE) place.leader = planning->nodes[leader].member->node;
    return place;
}

/* From here on the plan counts with it. */
static void take_over(struct planning *planning, uint32_t i, const struct planner_set *set,
                      uint32_t leader, struct planner_move *move)
{
    struct planner_shard *shard = &planning->shards[i];
    for (uint32_t k = 0; k < shard->count; k++) {
        struct planner_node *node = &planning->nodes[shard->voters[k]];
        if (planner_set_has(set, shard->voters[k])) continue;
        node->load -= shard->load;
        node->bytes -= shard->bytes;
        move->from = node->member->node;
    }
    for (uint32_t k = 0; k < set->count; k++) {
        struct planner_node *node = &planning->nodes[set->nodes[k]];
        if (was_there(shard, set->nodes[k])) continue;
        node->load += shard->load;
        node->bytes += shard->bytes;
        node->incoming += planner_parts_of(shard->bytes);
        move->bytes += shard->bytes;
        move->to = node->member->node;
    }
    if (shard->leader != PLANNER_NOWHERE) planning->nodes[shard->leader].lead -= shard->lead;
    if (leader != PLANNER_NOWHERE) planning->nodes[leader].lead += shard->lead;
    if (move->leadership_only) {
        if (shard->leader != PLANNER_NOWHERE) {
            move->from = planning->nodes[shard->leader].member->node;
        }
        move->to = planning->nodes[leader].member->node;
    }
    memcpy(shard->voters, set->nodes, set->count * sizeof set->nodes[0]);
    shard->count = set->count;
    shard->leader = leader;
    shard->busy = true; /* [P1] */
}

/* `parts`: 0 for one that is under way already. */
static bool has_room(struct planning *planning, uint32_t parts)
{
    if (planning->plan->moves_count == PLANNER_MOVES_MAX) {
        planner_wait(planning, "the moves before");
        return false;
    }
    if (parts == 0 || planning->under_way + parts <= planning->parts_max) return true;
    planner_wait(planning, "the moves under way: rebalance-moves-max");
    return false;
}

bool planner_propose(struct planning *planning, uint32_t shard, const struct planner_set *set,
                     uint32_t leader, enum planner_reason reason)
{
    struct planner_plan *plan = planning->plan;
    bool leadership_only = reason == PLANNER_LEADERS;
    if (!keeps_majority(planning, set)) {
        planner_wait(planning, "a node that is dead: without it there would be no majority");
        return false;
    }
    const struct planner_shard *of = &planning->shards[shard];
    uint32_t parts = leadership_only || of->busy ? 0 : planner_parts_of(of->bytes);
    plan->wanted_count++;
    if (!has_room(planning, parts)) return false;
    struct planner_move *move = &plan->moves[plan->moves_count++];
    bool root = shard == planning->shards_count;
    *move = (struct planner_move){.shard = root ? SHARD_ROOT : (shard_id){shard},
                                  .leadership_only = leadership_only};
    move->place = place_of(planning, shard, set, leader, reason);
    take_over(planning, shard, set, leader, move);
    planning->under_way += parts;
    return true;
}

/* --- the plan -------------------------------------------------------------------------------- */

/* The root first: it decides on all others. */
static void fix_all(struct planning *planning, bool only_repair)
{
    for (uint32_t i = 0; i <= planning->shards_count; i++) {
        uint32_t shard = i == 0 ? planning->shards_count : i - 1;
        bool wanted = planner_fix(planning, shard, only_repair);
        planning->repairs = planning->repairs || (wanted && only_repair);
    }
}

void planner_plan(const struct registry *registry, const struct planner_report *reports,
                  instant now, int64_t unix_ms, struct planner_plan *plan)
{
    ASSERT(registry_epoch(registry) != 0);
    *plan = (struct planner_plan){0};
    struct planning planning = {.arena = arena_new(),
                                .registry = registry,
                                .reports = reports,
                                .now = now,
                                .unix_ms = unix_ms,
                                .shards_count = registry_shards_count(registry),
                                .plan = plan};
    planner_load_all(&planning);
    fix_all(&planning, true);
    if (planning.is_lost) {
        planner_wait(&planning, "shards that nobody leads, or whose leader was not heard yet");
    } else if (planning.repairs) {
        planner_wait(&planning, "repairs that are under way");
    } else if (planning.is_waiting) {
        planner_wait(&planning, "a node that is dead, and may come back");
    } else {
        fix_all(&planning, false);
        bool even = registry_setting(registry, REGISTRY_SETTING_REBALANCE) != 0;
        if (even && plan->wanted_count == 0) planner_even(&planning);
        if (even && plan->wanted_count == 0 && planning.under_way == 0) planner_leaders(&planning);
    }
    arena_free(planning.arena);
}
