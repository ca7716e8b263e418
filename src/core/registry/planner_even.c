/*
 * planner_even.c -- an even share of copies, and of leadership; see planner.h.
 *
 * From the fullest node to the least full: the move that leaves the fuller of the two least full.
 * Each makes the sum of the squares of fill smaller by more than a little, so that it ends. [P3]
 */
#include "core/registry/planner_impl.h"

enum {
    TARGETS_MAX = 16,        /* looked at, from one node */
    COPY_BETTER_PERCENT = 2, /* than before: below, it is not worth sending them */
    LEAD_BETTER_PERCENT = 10
};

/* Which shards a node has, or leads: starts[node] … starts[node + 1] of `shards`. */
struct index {
    uint32_t *starts, *shards;
};

static struct index index_shards(struct planning *planning, bool led)
{
    struct index index = {ARENA_ARRAY(planning->arena, uint32_t, planning->nodes_count + 2), NULL};
    uint32_t *next = index.starts + 1;
    for (int pass = 0; pass < 2; pass++) { /* counts; then places */
        for (uint32_t i = 0; i < planning->shards_count; i++) {
            const struct planner_shard *shard = &planning->shards[i];
            for (uint32_t k = 0; k < shard->count; k++) {
                uint32_t node = shard->voters[k];
                if (led && node != shard->leader) continue;
                if (pass == 1) index.shards[next[node]] = i;
                next[node]++;
            }
        }
        if (pass == 1) break;
        uint32_t sum = 0;
        for (uint32_t node = 0; node < planning->nodes_count; node++) {
            uint32_t count = next[node];
            next[node] = sum;
            sum += count;
        }
        index.shards = ARENA_ARRAY(planning->arena, uint32_t, sum + 1);
    }
    return index; /* `next` ends where the following begins: starts[node] is the start again */
}

static uint64_t fill_of(const struct planner_node *node, uint64_t more, bool led)
{
    return led ? planner_lead(node, more) : planner_fill(node, more);
}

static uint32_t fullest(const struct planning *planning, bool led)
{
    uint32_t best = PLANNER_NOWHERE;
    for (uint32_t i = 0; i < planning->nodes_count; i++) {
        const struct planner_node *node = &planning->nodes[i];
        if (!node->usable || node->stuck) continue;
        if (best == PLANNER_NOWHERE ||
            fill_of(node, 0, led) > fill_of(&planning->nodes[best], 0, led)) {
            best = i;
        }
    }
    return best;
}

/* The least full first. Returns how many. */
static uint32_t find_targets(const struct planning *planning, uint32_t from,
                             uint32_t targets[TARGETS_MAX])
{
    uint32_t count = 0;
    uint64_t from_fill = planner_fill(&planning->nodes[from], 0);
    for (uint32_t i = 0; i < planning->nodes_count; i++) {
        const struct planner_node *node = &planning->nodes[i];
        uint64_t fill = planner_fill(node, 0);
        if (i == from || !node->usable || fill >= from_fill) continue;
        if (!planner_may_take(planning, node, 0)) continue;
        uint32_t k = count < TARGETS_MAX ? count++ : TARGETS_MAX;
        for (; k > 0 && fill < planner_fill(&planning->nodes[targets[k - 1]], 0); k--) {
            if (k < TARGETS_MAX) targets[k] = targets[k - 1];
        }
        if (k < TARGETS_MAX) targets[k] = i;
    }
    return count;
}

/* Would the fuller of the two be less full by more than a little? `*worst`: how full then. [P3] */
static bool is_better(const struct planning *planning, uint32_t from, uint32_t to, uint64_t load,
                      bool led, uint64_t *worst)
{
    const struct planner_node *a = &planning->nodes[from], *b = &planning->nodes[to];
    uint64_t before = fill_of(a, 0, led), there = fill_of(b, load, led);
    uint64_t own = led ? a->lead : a->load;
    uint64_t left = (own - load) * PLANNER_FILL_SCALE / a->capacity;
    uint64_t percent = led ? LEAD_BETTER_PERCENT : COPY_BETTER_PERCENT;
    *worst = u64_max(there, left);
    return there < before - before * percent / 100;
}

static bool may_move(const struct planning *planning, const struct planner_shard *shard,
                     uint32_t from, uint32_t to, struct planner_set *set)
{
    const struct planner_node *node = &planning->nodes[to];
    if (shard->busy) return false; /* [P1] */
    if (!planner_may_take(planning, node, shard->bytes)) return false;
    *set = planner_set_of(shard);
    if (planner_set_has(set, to) || planner_host_is_taken(planning, set, to, from)) return false;
    if (node->member->memory_bytes != 0 &&
        node->bytes + shard->bytes > node->member->memory_bytes) {
        return false;
    }
    uint32_t zones = planner_zones_of(planning, set);
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->nodes[i] == from) set->nodes[i] = to;
    }
    return planner_zones_of(planning, set) >= zones;
}

struct best {
    uint32_t shard, to;
    uint64_t worst;
    struct planner_set set;
};

static bool best_copy(const struct planning *planning, const struct index *index, uint32_t from,
                      struct best *best)
{
    uint32_t targets[TARGETS_MAX];
    uint32_t count = find_targets(planning, from, targets);
    best->shard = PLANNER_NOWHERE;
    for (uint32_t t = 0; t < count && best->shard == PLANNER_NOWHERE; t++) {
        for (uint32_t k = index->starts[from]; k < index->starts[from + 1]; k++) {
            const struct planner_shard *shard = &planning->shards[index->shards[k]];
            struct planner_set set;
            uint64_t worst;
            if (!is_better(planning, from, targets[t], shard->load, false, &worst)) continue;
            if (best->shard != PLANNER_NOWHERE && worst >= best->worst) continue;
            if (!may_move(planning, shard, from, targets[t], &set)) continue;
            *best = (struct best){index->shards[k], targets[t], worst, set};
        }
    }
    return best->shard != PLANNER_NOWHERE;
}

void planner_even(struct planning *planning)
{
    struct index index = index_shards(planning, false);
    for (;;) { /* ends: each time a node is stuck, or the plan fuller */
        uint32_t from = fullest(planning, false);
        if (from == PLANNER_NOWHERE) return;
        struct best best;
        if (!best_copy(planning, &index, from, &best)) {
            planning->nodes[from].stuck = true;
            continue;
        }
        const struct planner_shard *shard = &planning->shards[best.shard];
        uint32_t leader = shard->leader == from ? best.to : shard->leader;
        if (!planner_propose(planning, best.shard, &best.set, leader, PLANNER_EVEN)) return;
    }
}

static bool is_caught_up(const struct planning *planning, uint32_t shard, uint32_t node)
{
    const struct planner_report *report = &planning->reports[shard];
    for (uint32_t i = 0; i < report->voters_count; i++) {
        if (!node_eq(report->voters[i], planning->nodes[node].member->node)) continue;
        return (report->caught_up >> i & 1) != 0;
    }
    return false;
}

static bool best_lead(const struct planning *planning, const struct index *index, uint32_t from,
                      struct best *best)
{
    best->shard = PLANNER_NOWHERE;
    for (uint32_t i = index->starts[from]; i < index->starts[from + 1]; i++) {
        const struct planner_shard *shard = &planning->shards[index->shards[i]];
        if (shard->busy) continue; /* [P1] */
        for (uint32_t k = 0; k < shard->count; k++) {
            uint32_t to = shard->voters[k];
            uint64_t worst;
            if (to == from || !planning->nodes[to].usable) continue;
            if (!is_caught_up(planning, index->shards[i], to)) continue;
            if (!is_better(planning, from, to, shard->lead, true, &worst)) continue;
            if (best->shard != PLANNER_NOWHERE && worst >= best->worst) continue;
            *best = (struct best){index->shards[i], to, worst, planner_set_of(shard)};
        }
    }
    return best->shard != PLANNER_NOWHERE;
}

/* Shards that nobody is to lead, or somebody who cannot. */
static void name_leaders(struct planning *planning)
{
    for (uint32_t i = 0; i < planning->shards_count; i++) {
        const struct planner_shard *shard = &planning->shards[i];
        struct planner_set set = planner_set_of(shard);
        uint32_t best = PLANNER_NOWHERE;
        if (shard->busy) continue; /* [P1] */
        if (shard->leader != PLANNER_NOWHERE && planning->nodes[shard->leader].usable) continue;
        for (uint32_t k = 0; k < shard->count; k++) {
            uint32_t to = shard->voters[k];
            if (!planning->nodes[to].usable || !is_caught_up(planning, i, to)) continue;
            if (best == PLANNER_NOWHERE ||
                planner_lead(&planning->nodes[to], 0) < planner_lead(&planning->nodes[best], 0)) {
                best = to;
            }
        }
        if (best == PLANNER_NOWHERE) continue;
        if (!planner_propose(planning, i, &set, best, PLANNER_LEADERS)) return;
    }
}

void planner_leaders(struct planning *planning)
{
    name_leaders(planning);
    struct index index = index_shards(planning, true);
    for (uint32_t i = 0; i < planning->nodes_count; i++) planning->nodes[i].stuck = false;
    for (;;) { /* ends: each time a node is stuck, or the plan fuller */
        uint32_t from = fullest(planning, true);
        if (from == PLANNER_NOWHERE) return;
        struct best best;
        if (!best_lead(planning, &index, from, &best)) {
            planning->nodes[from].stuck = true;
            continue;
        }
        if (!planner_propose(planning, best.shard, &best.set, best.to, PLANNER_LEADERS)) return;
    }
}
