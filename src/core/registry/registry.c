/*
 * registry.c -- see registry.h for what it is, and for G1 … G4, which brackets mark.
 *
 *   G5  what has changed is what bears the newest epoch: nothing is flagged.
 */
#include "base/crc.h"
#include "core/registry/registry_impl.h"

struct registry *registry_new(void)
{
    struct arena *arena = arena_new();
    struct registry *registry = ARENA_NEW(arena, struct registry);
    *registry = (struct registry){.arena = arena, .next_node = 1};
    for (uint32_t i = 0; i < REGISTRY_SETTINGS_COUNT; i++) {
        registry->settings[i] = registry_setting_row(i)->standard;
    }
    return registry;
}

void registry_free(struct registry *registry)
{
    if (registry != NULL) arena_free(registry->arena);
}

/* --- members --------------------------------------------------------------------------------- */

/* The place of `node`, or where it would be. */
static uint32_t member_place(const struct registry *registry, node_id node)
{
    uint32_t low = 0, high = registry->members_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (registry->members[middle].member.node.n < node.n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct registry_member_row *registry_member_row(const struct registry *registry, node_id node)
{
    uint32_t place = member_place(registry, node);
    if (place == registry->members_count) return NULL;
    struct registry_member_row *row = &registry->members[place];
    return node_eq(row->member.node, node) ? row : NULL;
}

static void members_reserve(struct registry *registry)
{
    enum { CAPACITY_FIRST = 8 };
    uint32_t capacity = registry->members_capacity;
    if (registry->members_count < capacity) return;
    registry->members_capacity = capacity == 0 ? CAPACITY_FIRST : 2 * capacity;
    struct registry_member_row *old = registry->members;
    registry->members =
        ARENA_ARRAY(registry->arena, struct registry_member_row, registry->members_capacity);
    if (capacity > 0) memcpy(registry->members, old, capacity * sizeof *old);
}

struct registry_member_row *registry_member_insert(struct registry *registry, uint32_t place)
{
    ASSERT(place <= registry->members_count);
    members_reserve(registry);
    struct registry_member_row *row = &registry->members[place];
    memmove(row + 1, row, (registry->members_count - place) * sizeof *row);
    registry->members_count++;
    return row;
}

/* The longest known of those removed goes, when there is no room for another. */
static void forget_removed(struct registry *registry)
{
    if (registry->members_count < REGISTRY_MEMBERS_EVER_MAX) return;
    for (uint32_t i = 0; i < registry->members_count; i++) {
        struct registry_member_row *row = &registry->members[i];
        if (row->member.state != MEMBER_REMOVED) continue;
        registry->forgotten = row->member.node;
        registry->members_count--;
        memmove(row, row + 1, (registry->members_count - i) * sizeof *row);
        return;
    }
}

static void add_member(struct registry *registry, const struct registry_member *member,
                       node_id node, enum member_state state, int64_t now_ms)
{
    struct registry_member_row *row = registry_member_insert(registry, registry->members_count);
    *row = (struct registry_member_row){*member, registry->epoch};
    row->member.node = node;
    row->member.state = state;
    row->member.since_ms = now_ms;
    registry->next_node = node.n + 1; /* [G1] */
}

/* --- may it? --------------------------------------------------------------------------------- */

static bool facts_make_sense(const struct registry_member *member, struct fault *fault)
{
    if (member->lanes_count >= 1 && member->weight >= 1) return true;
    (void)fault_set(fault, ERR_USAGE, "a node has at least one lane and a weight of 1");
    return false;
}

static enum err may_form(const struct registry *registry, const struct registry_event *event,
                         struct fault *fault)
{
    const struct registry_setting_row *replicas = registry_setting_row(REGISTRY_SETTING_REPLICAS);
    if (registry->epoch != 0) {
        return fault_set(fault, ERR_EXISTS, "the cluster is formed already");
    }
    if (event->shards_count < 1 || event->shards_count > SHARDS_MAX) {
        return fault_set(fault, ERR_USAGE, "a cluster has 1 to %d shards", (int)SHARDS_MAX);
    }
    if (event->replicas < replicas->low || event->replicas > replicas->high) {
        return fault_set(fault, ERR_USAGE, "a shard has %d to %d replicas", (int)replicas->low,
                         (int)replicas->high);
    }
    if (event->members_count < 1 || event->members_count > REGISTRY_FORM_MEMBERS_MAX) {
        return fault_set(fault, ERR_USAGE, "a cluster is formed of 1 to %d nodes",
                         (int)REGISTRY_FORM_MEMBERS_MAX);
    }
    for (uint32_t i = 0, last = 0; i < event->members_count; i++) {
        const struct registry_member *member = &event->members[i];
        if (!facts_make_sense(member, fault)) return ERR_USAGE;
        if (member->node.n <= last || member->node.n == UINT32_MAX) {
            return fault_set(fault, ERR_USAGE, "the numbers of nodes must rise from 1");
        }
        last = member->node.n;
    }
    return ERR_OK;
}

static enum err may_join(const struct registry *registry, const struct registry_event *event,
                         struct fault *fault)
{
    uint32_t there = 0;
    if (event->members_count != 1) return fault_set(fault, ERR_USAGE, "one node joins at a time");
    if (!facts_make_sense(&event->members[0], fault)) return ERR_USAGE;
    for (uint32_t i = 0; i < registry->members_count; i++) {
        there += registry->members[i].member.state != MEMBER_REMOVED;
    }
    if (there < REGISTRY_MEMBERS_EVER_MAX && registry->next_node < UINT32_MAX) return ERR_OK;
    return fault_set(fault, ERR_LIMIT, "a cluster has at most %d nodes",
                     (int)REGISTRY_MEMBERS_EVER_MAX);
}

static enum err not_a_member(node_id node, struct fault *fault)
{
    return fault_set(fault, ERR_NOT_FOUND, "node %u is no member of this cluster", node.n);
}

static bool facts_eq(const struct registry_member *a, const struct registry_member *b)
{
    struct buffer bytes = {0};
    struct registry_member same = *a;
    same.state = b->state;
    same.since_ms = b->since_ms;
    registry_member_put(&bytes, &same);
    size_t middle = bytes.len;
    registry_member_put(&bytes, b);
    struct slice all = buffer_slice(&bytes);
    bool eq = slice_eq(slice_of(all.data, middle), slice_from(all, middle));
    buffer_free(&bytes);
    return eq;
}

static enum err may_change_facts(const struct registry *registry,
                                 const struct registry_event *event, struct fault *fault)
{
    if (event->members_count != 1) return fault_set(fault, ERR_USAGE, "facts are of one node");
    const struct registry_member *facts = &event->members[0];
    const struct registry_member *member = registry_member(registry, facts->node);
    if (!facts_make_sense(facts, fault)) return ERR_USAGE;
    if (member == NULL || member->state == MEMBER_REMOVED) return not_a_member(facts->node, fault);
    if (!facts_eq(facts, member)) return ERR_OK;
    return fault_set(fault, ERR_EXISTS, "that is known of node %u already", facts->node.n);
}

/* Is there somebody else to take over what `node` has? */
static bool has_others(const struct registry *registry, node_id node)
{
    for (uint32_t i = 0; i < registry->members_count; i++) {
        const struct registry_member *member = &registry->members[i].member;
        if (!node_eq(member->node, node) && member->state == MEMBER_ALIVE) return true;
    }
    return false;
}

static bool is_voter(const struct registry_shard *shard, node_id node)
{
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        if (node_eq(shard->voters[i], node)) return true;
    }
    return false;
}

static bool is_only_voter(const struct registry_shard *shard, node_id node)
{
    return shard->voters_count == 1 && node_eq(shard->voters[0], node);
}

/* [G2, G3] */
static enum err may_remove(const struct registry *registry, const struct registry_event *event,
                           enum member_state state, struct fault *fault)
{
    node_id node = event->node;
    if (!registry_is_desired(registry, node)) {
        if (state != MEMBER_ALIVE || event->force) return ERR_OK;
        return fault_set(fault, ERR_USAGE, "node %u is alive: let it leave", node.n);
    }
    if (!event->force) {
        return fault_set(fault, ERR_USAGE,
                         "node %u still has copies of shards: let it leave, or if it is lost, "
                         "remove it by force",
                         node.n);
    }
    if (is_only_voter(&registry->root, node)) {
        return fault_set(fault, ERR_USAGE, "node %u has the only copy of the registry", node.n);
    }
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        if (!is_only_voter(&registry->shards[i], node)) continue;
        return fault_set(fault, ERR_USAGE,
                         "node %u has the only copy of shard %u: with it, its data would be lost",
                         node.n, i);
    }
    return ERR_OK;
}

static enum err may_change_state(const struct registry *registry,
                                 const struct registry_event *event, struct fault *fault)
{
    const struct registry_member *member = registry_member(registry, event->node);
    if (member == NULL || member->state == MEMBER_REMOVED) return not_a_member(event->node, fault);
    enum member_state now = member->state;
    bool may = false;
    if (now == event->state) {
        return fault_set(fault, ERR_EXISTS, "node %u is %s already", event->node.n,
                         member_state_text(now));
    }
    switch (event->state) {
    case MEMBER_JOINING: break;
    case MEMBER_ALIVE: may = true; break;
    case MEMBER_DEAD: may = now == MEMBER_ALIVE; break;
    case MEMBER_LEAVING:
        if (has_others(registry, event->node)) return ERR_OK;
        return fault_set(fault, ERR_USAGE, "node %u is the only one that is alive", event->node.n);
    case MEMBER_REMOVED: return may_remove(registry, event, now, fault);
    }
    if (may) return ERR_OK;
    return fault_set(fault, ERR_USAGE, "node %u is %s, and cannot become %s", event->node.n,
                     member_state_text(now), member_state_text(event->state));
}

/* [G2] */
static enum err may_place(const struct registry *registry, const struct registry_event *event,
                          struct fault *fault)
{
    const struct registry_shard *place = &event->place;
    if (event->shard.n >= registry->shards_count && !shard_eq(event->shard, SHARD_ROOT)) {
        return fault_set(fault, ERR_NOT_FOUND, "there is no shard %u", event->shard.n);
    }
    const struct registry_shard *now = registry_shard(registry, event->shard);
    if (place->epoch != 0 && place->epoch != now->epoch) {
        return fault_set(fault, ERR_EXISTS, "shard %u was placed anew meanwhile", event->shard.n);
    }
    if (place->voters_count < 1 || place->voters_count > REGISTRY_REPLICAS_MAX) {
        return fault_set(fault, ERR_USAGE, "a shard has 1 to %d replicas",
                         (int)REGISTRY_REPLICAS_MAX);
    }
    for (uint32_t i = 0; i < place->voters_count; i++) {
        const struct registry_member *member = registry_member(registry, place->voters[i]);
        if (i > 0 && place->voters[i].n <= place->voters[i - 1].n) {
            return fault_set(fault, ERR_USAGE, "the nodes of a shard must be in rising order");
        }
        if (member == NULL || member->state == MEMBER_REMOVED) {
            return not_a_member(place->voters[i], fault);
        }
    }
    if (node_eq(place->leader, NODE_NONE) || is_voter(place, place->leader)) return ERR_OK;
    return fault_set(fault, ERR_USAGE, "shard %u cannot be led by a node without a copy of it",
                     event->shard.n);
}

static enum err may_set(const struct registry *registry, const struct registry_event *event,
                        struct fault *fault)
{
    const struct registry_setting_row *row = registry_setting_row(event->setting);
    if (row == NULL) return fault_set(fault, ERR_NOT_FOUND, "there is no such setting");
    if (event->value < row->low || event->value > row->high) {
        return fault_set(fault, ERR_USAGE, "%s must be between %lld and %lld", row->name,
                         (long long)row->low, (long long)row->high);
    }
    if (registry->settings[event->setting] != event->value) return ERR_OK;
    return fault_set(fault, ERR_EXISTS, "%s is %lld already", row->name, (long long)event->value);
}

enum err registry_may(const struct registry *registry, const struct registry_event *event,
                      struct fault *fault)
{
    if (event->kind != REGISTRY_FORM && registry->epoch == 0) {
        return fault_set(fault, ERR_NOT_FOUND, "the cluster is not formed yet");
    }
    switch (event->kind) {
    case REGISTRY_FORM: return may_form(registry, event, fault);
    case REGISTRY_JOIN: return may_join(registry, event, fault);
    case REGISTRY_MEMBER_FACTS: return may_change_facts(registry, event, fault);
    case REGISTRY_MEMBER_STATE: return may_change_state(registry, event, fault);
    case REGISTRY_PLACE: return may_place(registry, event, fault);
    case REGISTRY_SETTING: return may_set(registry, event, fault);
    }
    UNREACHABLE("an event of the registry");
}

/* --- steps ----------------------------------------------------------------------------------- */

static void sort_voters(struct registry_shard *shard)
{
    for (uint32_t i = 1; i < shard->voters_count; i++) {
        for (uint32_t k = i; k > 0 && shard->voters[k].n < shard->voters[k - 1].n; k--) {
            node_id other = shard->voters[k];
            shard->voters[k] = shard->voters[k - 1];
            shard->voters[k - 1] = other;
        }
    }
}

/* The first members have the shards in turn. */
static void deal(const struct registry_event *event, uint32_t turn, uint32_t wanted,
                 struct registry_shard *shard)
{
    uint32_t count = event->members_count;
    *shard = (struct registry_shard){.epoch = 1, .why = 1 /* PLANNER_FORMED */};
    shard->voters_count = wanted < count ? wanted : count;
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        shard->voters[i] = event->members[(turn + i) % count].node;
    }
    shard->leader = shard->voters[0];
    sort_voters(shard);
}

static void form(struct registry *registry, const struct registry_event *event)
{
    registry->cluster = event->cluster;
    registry->shards_count = event->shards_count;
    registry->settings[REGISTRY_SETTING_REPLICAS] = event->replicas;
    for (uint32_t i = 0; i < REGISTRY_SETTINGS_COUNT; i++) registry->settings_epoch[i] = 1;
    for (uint32_t i = 0; i < event->members_count; i++) {
        const struct registry_member *member = &event->members[i];
        add_member(registry, member, member->node, MEMBER_ALIVE, event->now_ms);
    }
    registry->shards = ARENA_ARRAY(registry->arena, struct registry_shard, registry->shards_count);
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        deal(event, i, event->replicas, &registry->shards[i]);
    }
    uint32_t odd = event->members_count - (event->members_count + 1) % 2;
    deal(event, 0, odd < REGISTRY_REPLICAS_MAX ? odd : REGISTRY_REPLICAS_MAX, &registry->root);
    registry->root.leader = NODE_NONE;
}

/* Taken out of a place by force; others are there. [G2] */
static void drop_voter(struct registry *registry, struct registry_shard *shard, node_id node)
{
    uint32_t kept = 0;
    if (!is_voter(shard, node)) return;
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        if (!node_eq(shard->voters[i], node)) shard->voters[kept++] = shard->voters[i];
    }
    shard->voters[kept] = NODE_NONE;
    shard->voters_count = kept;
    if (node_eq(shard->leader, node)) shard->leader = NODE_NONE;
    shard->epoch = registry->epoch;
}

static void change_state(struct registry *registry, const struct registry_event *event)
{
    struct registry_member_row *row = registry_member_row(registry, event->node);
    row->member.state = event->state;
    row->member.since_ms = event->now_ms;
    row->epoch = registry->epoch;
    if (event->state != MEMBER_REMOVED) return;
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        drop_voter(registry, &registry->shards[i], event->node);
    }
    drop_voter(registry, &registry->root, event->node);
}

static void change_facts(struct registry *registry, const struct registry_event *event)
{
    struct registry_member_row *row = registry_member_row(registry, event->members[0].node);
    enum member_state state = row->member.state;
    int64_t since_ms = row->member.since_ms;
    *row = (struct registry_member_row){event->members[0], registry->epoch};
    row->member.state = state;
    row->member.since_ms = since_ms;
}

static void place(struct registry *registry, const struct registry_event *event)
{
    bool root = shard_eq(event->shard, SHARD_ROOT);
    struct registry_shard *shard = root ? &registry->root : &registry->shards[event->shard.n];
    *shard = event->place;
    shard->epoch = registry->epoch;
    for (uint32_t i = shard->voters_count; i < REGISTRY_REPLICAS_MAX; i++) {
        shard->voters[i] = NODE_NONE;
    }
}

/* Two histories that once differed never look the same again. [G4] */
static void note_history(struct registry *registry, const struct registry_event *event)
{
    struct buffer bytes = {0};
    put_u64(&bytes, registry->history);
    registry_event_write(event, &bytes);
    uint64_t upper = crc32c(1, buffer_slice(&bytes));
    registry->history = upper << 32 | crc32c(0, buffer_slice(&bytes));
    buffer_free(&bytes);
}

void registry_step(struct registry *registry, const struct registry_event *event)
{
    struct fault fault;
    if (registry_may(registry, event, &fault) != ERR_OK) return;
    registry->epoch++; /* [G4] */
    note_history(registry, event);
    registry->forgotten = NODE_NONE;
    switch (event->kind) {
    case REGISTRY_FORM: form(registry, event); break;
    case REGISTRY_JOIN:
        forget_removed(registry);
        add_member(registry, &event->members[0], registry_next_node(registry), MEMBER_JOINING,
                   event->now_ms);
        break;
    case REGISTRY_MEMBER_FACTS: change_facts(registry, event); break;
    case REGISTRY_MEMBER_STATE: change_state(registry, event); break;
    case REGISTRY_PLACE: place(registry, event); break;
    case REGISTRY_SETTING:
        registry->settings[event->setting] = event->value;
        registry->settings_epoch[event->setting] = registry->epoch;
        break;
    }
}
