/* planner_fix.c -- the rules that each shard must keep, in their order; see planner.h. */
#include "core/registry/planner_impl.h"

bool planner_set_has(const struct planner_set *set, uint32_t node)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->nodes[i] == node) return true;
    }
    return false;
}

struct planner_set planner_set_of(const struct planner_shard *shard)
{
    struct planner_set set = {.count = shard->count};
    memcpy(set.nodes, shard->voters, shard->count * sizeof shard->voters[0]);
    return set;
}

bool planner_host_is_taken(const struct planning *planning, const struct planner_set *set,
                           uint32_t node, uint32_t but)
{
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t other = set->nodes[i];
        if (other == but || other == node) continue;
        if (planning->nodes[other].host == planning->nodes[node].host) return true;
    }
    return false;
}

static bool zone_is_taken(const struct planning *planning, const struct planner_set *set,
                          uint32_t node, uint32_t but)
{
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t other = set->nodes[i];
        if (other == but || other == node) continue;
        if (planning->nodes[other].zone == planning->nodes[node].zone) return true;
    }
    return false;
}

uint32_t planner_zones_of(const struct planning *planning, const struct planner_set *set)
{
    uint32_t zones = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct planner_set before = {.count = i};
        memcpy(before.nodes, set->nodes, i * sizeof set->nodes[0]);
        zones += !zone_is_taken(planning, &before, set->nodes[i], PLANNER_NOWHERE);
    }
    return zones;
}

/* --- who may take a copy --------------------------------------------------------------------- */

enum found { FOUND, FOUND_BUSY, FOUND_NOBODY };

static bool has_memory(const struct planner_node *node, uint64_t bytes)
{
    uint64_t memory = node->member->memory_bytes;
    return memory == 0 || node->bytes + bytes <= memory;
}

/* The best for the set without `but`: of a zone that has none yet, then the least full. With
 * `zone`, only such. */
static enum found find_node(const struct planning *planning, const struct planner_set *set,
                            uint32_t but, const struct planner_shard *shard, bool zone,
                            uint32_t *best)
{
    bool busy = false, best_zone = false;
    uint64_t best_fill = 0;
    *best = PLANNER_NOWHERE;
    for (uint32_t i = 0; i < planning->nodes_count; i++) {
        const struct planner_node *node = &planning->nodes[i];
        if (!node->usable || planner_set_has(set, i)) continue;
        if (planner_host_is_taken(planning, set, i, but)) continue;
        if (!has_memory(node, shard->bytes)) continue;
        bool new_zone = planning->zones_count > 1 && !zone_is_taken(planning, set, i, but);
        if (zone && !new_zone) continue;
        if (!planner_may_take(planning, node, shard->bytes)) {
            busy = true;
            continue;
        }
        uint64_t fill = planner_fill(node, shard->load);
        bool better = *best == PLANNER_NOWHERE || (new_zone && !best_zone) ||
                      (new_zone == best_zone && fill < best_fill);
        if (!better) continue;
        *best = i;
        best_zone = new_zone;
        best_fill = fill;
    }
    if (*best != PLANNER_NOWHERE) return FOUND;
    return busy ? FOUND_BUSY : FOUND_NOBODY;
}

static void wait_for_busy(struct planning *planning)
{
    planning->plan->wanted_count++;
    planner_wait(planning, "the copies under way to one node: rebalance-moves-a-node");
}

static void set_replace(struct planner_set *set, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->nodes[i] == from) set->nodes[i] = to;
    }
}

static void set_drop(struct planner_set *set, uint32_t node)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->nodes[i] != node) set->nodes[kept++] = set->nodes[i];
    }
    set->count = kept;
}

/* --- who leads ------------------------------------------------------------------------------- */

/* The least leading of those alive; who leads already stays where all is equal. */
static uint32_t choose_leader(const struct planning *planning, const struct planner_shard *shard,
                              const struct planner_set *set)
{
    uint32_t best = PLANNER_NOWHERE;
    uint64_t best_lead = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct planner_node *node = &planning->nodes[set->nodes[i]];
        if (!node->usable) continue;
        bool leads = set->nodes[i] == shard->leader;
        uint64_t lead = planner_lead(node, leads ? 0 : shard->lead);
        if (best != PLANNER_NOWHERE && (lead > best_lead || (lead == best_lead && !leads))) {
            continue;
        }
        best = set->nodes[i];
        best_lead = lead;
    }
    return best;
}

static bool propose(struct planning *planning, uint32_t i, const struct planner_set *set,
                    enum planner_reason reason)
{
    const struct planner_shard *shard = &planning->shards[i];
    uint32_t leader = PLANNER_NOWHERE;
    if (i != planning->shards_count) {
        bool keeps = shard->leader != PLANNER_NOWHERE && planner_set_has(set, shard->leader) &&
                     planning->nodes[shard->leader].usable && set->count <= shard->count;
        leader = keeps ? shard->leader : choose_leader(planning, shard, set);
    }
    (void)planner_propose(planning, i, set, leader, reason);
    return true;
}

/* --- the rules ------------------------------------------------------------------------------- */

static bool is_member_now(const struct planning *planning, uint32_t shard, uint32_t node)
{
    const struct planner_report *report = &planning->reports[shard];
    for (uint32_t i = 0; i < report->voters_count; i++) {
        if (node_eq(report->voters[i], planning->nodes[node].member->node)) return true;
    }
    return false;
}

/* Who is dead for too long; and who died before it had its copy, which nobody waits for. */
static bool repair(struct planning *planning, uint32_t i)
{
    const struct planner_shard *shard = &planning->shards[i];
    for (uint32_t k = 0; k < shard->count; k++) {
        uint32_t node = shard->voters[k], other;
        bool had_it = is_member_now(planning, i, node);
        if (planning->nodes[node].member->state != MEMBER_DEAD) continue;
        if (had_it && !planning->nodes[node].overdue) continue;
        struct planner_set set = planner_set_of(shard);
        switch (find_node(planning, &set, node, shard, false, &other)) {
        case FOUND:
            set_replace(&set, node, other);
            return propose(planning, i, &set, PLANNER_REPAIR);
        case FOUND_BUSY: wait_for_busy(planning); return true;
        case FOUND_NOBODY: break;
        }
        if (had_it || shard->count == 1) continue; /* better a dead one than one less */
        set_drop(&set, node);
        return propose(planning, i, &set, PLANNER_REPAIR);
    }
    return false;
}

static uint32_t wanted_of(const struct planning *planning, uint32_t shard)
{
    return shard == planning->shards_count ? planning->root_voters : planning->replicas;
}

static bool leave(struct planning *planning, uint32_t i)
{
    const struct planner_shard *shard = &planning->shards[i];
    for (uint32_t k = 0; k < shard->count; k++) {
        uint32_t node = shard->voters[k], other;
        if (planning->nodes[node].member->state != MEMBER_LEAVING) continue;
        struct planner_set set = planner_set_of(shard);
        switch (find_node(planning, &set, node, shard, false, &other)) {
        case FOUND:
            set_replace(&set, node, other);
            return propose(planning, i, &set, PLANNER_LEAVE);
        case FOUND_BUSY: wait_for_busy(planning); return true;
        case FOUND_NOBODY: break;
        }
        if (shard->count - 1 >= wanted_of(planning, i)) {
            set_drop(&set, node);
            return propose(planning, i, &set, PLANNER_LEAVE);
        }
        planner_wait(planning, "another node that could take what the leaving one has");
    }
    return false;
}

/* All that are missing at once: so a group of one becomes one of three, never of two. */
static bool fill_up(struct planning *planning, uint32_t i)
{
    const struct planner_shard *shard = &planning->shards[i];
    struct planner_set set = planner_set_of(shard);
    bool root = i == planning->shards_count;
    while (set.count < wanted_of(planning, i)) {
        uint32_t other;
        enum found found = find_node(planning, &set, PLANNER_NOWHERE, shard, false, &other);
        if (found == FOUND_BUSY) {
            wait_for_busy(planning);
            return true;
        }
        if (found == FOUND_NOBODY) break;
        set.nodes[set.count++] = other;
    }
    if (set.count == shard->count || (root && set.count % 2 == 0)) return false;
    return propose(planning, i, &set, root ? PLANNER_ROOT : PLANNER_REPLICAS);
}

static bool spread(struct planning *planning, uint32_t i)
{
    const struct planner_shard *shard = &planning->shards[i];
    struct planner_set set = planner_set_of(shard);
    enum planner_reason reason = i == planning->shards_count ? PLANNER_ROOT : PLANNER_SPREAD;
    bool zones = planning->zones_count > 1 &&
                 planner_zones_of(planning, &set) < u64_min(set.count, planning->zones_count);
    for (uint32_t turn = 0; turn < 2 * shard->count; turn++) { /* hosts, then zones */
        uint32_t node = shard->voters[turn % shard->count], other;
        bool by_zone = turn >= shard->count;
        if (by_zone ? !zones || !zone_is_taken(planning, &set, node, node)
                    : !planner_host_is_taken(planning, &set, node, node)) {
            continue;
        }
        switch (find_node(planning, &set, node, shard, by_zone, &other)) {
        case FOUND: set_replace(&set, node, other); return propose(planning, i, &set, reason);
        case FOUND_BUSY: wait_for_busy(planning); return true;
        case FOUND_NOBODY: break;
        }
    }
    return false;
}

/* How gladly a copy is given up: more is more. */
static uint64_t worth_dropping(const struct planning *planning, uint32_t shard,
                               const struct planner_set *set, uint32_t node)
{
    enum { NOT_ALIVE = 8, SAME_HOST = 4, SAME_ZONE = 2, NOT_LEADER = 1 };
    const struct planner_node *about = &planning->nodes[node];
    uint64_t worth = 0;
    if (!about->usable) worth += NOT_ALIVE;
    if (planner_host_is_taken(planning, set, node, node)) worth += SAME_HOST;
    if (zone_is_taken(planning, set, node, node)) worth += SAME_ZONE;
    if (!node_eq(planning->reports[shard].leader, about->member->node)) worth += NOT_LEADER;
    return worth;
}

static bool take_away(struct planning *planning, uint32_t i)
{
    const struct planner_shard *shard = &planning->shards[i];
    struct planner_set set = planner_set_of(shard);
    while (set.count > wanted_of(planning, i)) {
        uint32_t worst = set.nodes[0];
        uint64_t worst_worth = 0, worst_fill = 0;
        for (uint32_t k = 0; k < set.count; k++) {
            uint64_t worth = worth_dropping(planning, i, &set, set.nodes[k]);
            uint64_t fill = planner_fill(&planning->nodes[set.nodes[k]], 0);
            if (worth < worst_worth || (worth == worst_worth && fill < worst_fill)) continue;
            worst = set.nodes[k];
            worst_worth = worth;
            worst_fill = fill;
        }
        set_drop(&set, worst);
    }
    if (set.count == shard->count) return false;
    bool root = i == planning->shards_count;
    return propose(planning, i, &set, root ? PLANNER_ROOT : PLANNER_REPLICAS);
}

bool planner_fix(struct planning *planning, uint32_t shard, bool only_repair)
{
    if (!planning->shards[shard].reported) return false;
    if (only_repair) return repair(planning, shard);
    if (planning->shards[shard].busy) return false; /* [P1] */
    return leave(planning, shard) || fill_up(planning, shard) || spread(planning, shard) ||
           take_away(planning, shard);
}
