/* planner_load.c -- what there is: nodes with their load, shards with theirs; see planner.h. */
#include "core/registry/planner_impl.h"

enum {
    BYTES_THAT_COUNT = 1 << 20,   /* a shard's mean: below, bytes make no difference */
    OPERATIONS_THAT_COUNT = 50,   /* a second, a shard's mean: below, they make none */
    RATIO_MAX = 64 * PLANNER_PART /* one shard against the mean */
};

static bool text_eq(const struct registry_text *a, const struct registry_text *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool counts_for_places(const struct planner_node *node)
{
    return node->member->state == MEMBER_ALIVE || node->member->state == MEMBER_DEAD;
}

/* Numbers for equal names: that of the first who says it. */
static void name_hosts(struct planning *planning)
{
    for (uint32_t i = 0; i < planning->nodes_count; i++) {
        struct planner_node *node = &planning->nodes[i];
        uint32_t k = 0;
        while (k < i && !(node->member->host.bytes[0] != '\0' &&
                          text_eq(&node->member->host, &planning->nodes[k].member->host))) {
            k++;
        }
        node->host = k;
        for (k = 0; k < i; k++) {
            if (text_eq(&node->member->zone, &planning->nodes[k].member->zone)) break;
        }
        node->zone = k;
    }
}

static uint32_t count_names(const struct planning *planning, bool hosts)
{
    uint8_t *seen = arena_alloc(planning->arena, planning->nodes_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < planning->nodes_count; i++) {
        const struct planner_node *node = &planning->nodes[i];
        uint32_t name = hosts ? node->host : node->zone;
        if (!counts_for_places(node) || (!hosts && !node->usable) || seen[name]) continue;
        seen[name] = 1;
        count++;
    }
    return count;
}

static void load_nodes(struct planning *planning)
{
    const struct registry *registry = planning->registry;
    int64_t delay_ms = registry_setting(registry, REGISTRY_SETTING_REPAIR_DELAY_MS);
    uint32_t all = registry_members_count(registry), there = 0;
    planning->nodes = ARENA_ARRAY(planning->arena, struct planner_node, all + 1);
    for (uint32_t i = 0; i < all; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        struct planner_node *node = &planning->nodes[planning->nodes_count++];
        node->member = member;
        node->capacity = (uint64_t)member->lanes_count * member->weight;
        node->usable = member->state == MEMBER_ALIVE;
        bool dead = member->state == MEMBER_DEAD;
        node->overdue = dead && planning->unix_ms - member->since_ms >= delay_ms;
        planning->is_waiting = planning->is_waiting || (dead && !node->overdue);
        there += counts_for_places(node);
    }
    name_hosts(planning);
    planning->hosts_count = count_names(planning, true);
    planning->zones_count = count_names(planning, false);
    if (planning->hosts_count == 1) { /* a trial: nodes count for hosts */
        for (uint32_t i = 0; i < planning->nodes_count; i++) planning->nodes[i].host = i;
        planning->hosts_count = there;
    }
}

static uint32_t node_place(const struct planning *planning, node_id node)
{
    uint32_t low = 0, high = planning->nodes_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (planning->nodes[middle].member->node.n < node.n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < planning->nodes_count && node_eq(planning->nodes[low].member->node, node);
    return found ? low : PLANNER_NOWHERE;
}

static bool has(const node_id *nodes, uint32_t count, node_id node)
{
    for (uint32_t i = 0; i < count; i++) {
        if (node_eq(nodes[i], node)) return true;
    }
    return false;
}

static bool is_as_desired(const struct registry_shard *desired, const struct planner_report *report)
{
    if (report->voters_count != desired->voters_count || report->learners_count > 0) return false;
    for (uint32_t i = 0; i < desired->voters_count; i++) {
        if (!has(report->voters, report->voters_count, desired->voters[i])) return false;
    }
    return true;
}

static void load_shard(struct planning *planning, uint32_t i)
{
    bool root = i == planning->shards_count;
    const struct registry_shard *desired =
        registry_shard(planning->registry, root ? SHARD_ROOT : (shard_id){i});
    const struct planner_report *report = &planning->reports[i];
    struct planner_shard *shard = &planning->shards[i];
    int64_t age_ns = planning->now.ns - report->at.ns;
    shard->reported =
        report->at.ns != 0 && age_ns <= (int64_t)PLANNER_REPORT_AGE_MS_MAX * 1000 * 1000;
    shard->busy = !shard->reported || !is_as_desired(desired, report);
    shard->bytes = report->bytes;
    shard->count = desired->voters_count;
    shard->leader = node_eq(desired->leader, NODE_NONE) ? PLANNER_NOWHERE
                                                        : node_place(planning, desired->leader);
    for (uint32_t k = 0; k < shard->count; k++) {
        shard->voters[k] = node_place(planning, desired->voters[k]);
        ASSERT(shard->voters[k] != PLANNER_NOWHERE); /* [G2] */
        bool is_there = has(report->voters, report->voters_count, desired->voters[k]);
        planning->nodes[shard->voters[k]].incoming +=
            shard->reported && !is_there ? planner_parts_of(shard->bytes) : 0;
    }
    planning->is_lost = planning->is_lost || !shard->reported;
    if (shard->reported && shard->busy) planning->under_way += planner_parts_of(shard->bytes);
    if (shard->reported && shard->busy && desired->why == PLANNER_REPAIR) planning->repairs = true;
}

/* Its part of the mean, in PLANNER_PART. */
static uint64_t part_of(uint64_t value, uint64_t sum, uint32_t count, uint64_t that_counts)
{
    uint64_t mean = sum / count;
    if (mean < that_counts) return PLANNER_PART;
    return u64_min(value / (mean / PLANNER_PART + 1), RATIO_MAX);
}

static void load_shards(struct planning *planning)
{
    uint64_t bytes = 0, operations = 0;
    uint32_t count = planning->shards_count;
    planning->shards = ARENA_ARRAY(planning->arena, struct planner_shard, count + 1);
    for (uint32_t i = 0; i <= count; i++) {
        load_shard(planning, i);
        if (i == count) break;
        bytes += planning->reports[i].bytes;
        operations += (uint64_t)planning->reports[i].operations_a_second * PLANNER_PART;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct planner_shard *shard = &planning->shards[i];
        uint64_t own = (uint64_t)planning->reports[i].operations_a_second * PLANNER_PART;
        shard->load = PLANNER_PART + part_of(shard->bytes, bytes, count, BYTES_THAT_COUNT);
        shard->lead =
            PLANNER_PART + part_of(own, operations, count, OPERATIONS_THAT_COUNT * PLANNER_PART);
        for (uint32_t k = 0; k < shard->count; k++) {
            planning->nodes[shard->voters[k]].load += shard->load;
            planning->nodes[shard->voters[k]].bytes += shard->bytes;
        }
        if (shard->leader != PLANNER_NOWHERE) planning->nodes[shard->leader].lead += shard->lead;
    }
}

bool planner_may_take(const struct planning *planning, const struct planner_node *node,
                      uint64_t bytes)
{
    return node->incoming + planner_parts_of(bytes) <= planning->parts_a_node;
}

void planner_load_all(struct planning *planning)
{
    const struct registry *registry = planning->registry;
    load_nodes(planning);
    uint32_t hosts = planning->hosts_count > 0 ? planning->hosts_count : 1;
    planning->replicas = (uint32_t)u64_min(registry_replicas(registry), hosts);
    planning->root_voters = hosts >= 5 ? 5 : hosts >= 3 ? 3 : 1;
    planning->parts_max =
        (uint32_t)registry_setting(registry, REGISTRY_SETTING_MOVES_MAX) * PLANNER_MOVE_PARTS;
    planning->parts_a_node =
        (uint32_t)registry_setting(registry, REGISTRY_SETTING_MOVES_A_NODE) * PLANNER_MOVE_PARTS;
    load_shards(planning);
}

uint64_t planner_fill(const struct planner_node *node, uint64_t more)
{
    return (node->load + more) * PLANNER_FILL_SCALE / node->capacity;
}

uint64_t planner_lead(const struct planner_node *node, uint64_t more)
{
    return (node->lead + more) * PLANNER_FILL_SCALE / node->capacity;
}
