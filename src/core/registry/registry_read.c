/* registry_read.c -- what a registry says of itself, and whether it can be so; see registry.h. */
#include "core/registry/registry_impl.h"

static const struct registry_setting_row setting_rows[] = {
#define REGISTRY_SETTING(id, name, standard, low, high, simulate_low, simulate_high, help)         \
    {name, help, standard, low, high, simulate_low, simulate_high},
#include "core/registry/registry_setting.def"
#undef REGISTRY_SETTING
};

const struct registry_setting_row *registry_setting_row(uint32_t setting)
{
    return setting < COUNT_OF(setting_rows) ? &setting_rows[setting] : NULL;
}

const char *member_state_text(enum member_state state)
{
    switch (state) {
    case MEMBER_JOINING: return "joining";
    case MEMBER_ALIVE: return "alive";
    case MEMBER_LEAVING: return "leaving";
    case MEMBER_DEAD: return "dead";
    case MEMBER_REMOVED: return "removed";
    }
    UNREACHABLE("a state of a member");
}

bool registry_text_set(struct registry_text *text, struct slice bytes)
{
    *text = (struct registry_text){0};
    if (bytes.len >= sizeof text->bytes) return false;
    if (bytes.len > 0 && memchr(bytes.data, 0, bytes.len) != NULL) return false;
    if (bytes.len > 0) memcpy(text->bytes, bytes.data, bytes.len);
    return true;
}

uint64_t registry_epoch(const struct registry *registry)
{
    return registry->epoch;
}

uint64_t registry_cluster(const struct registry *registry)
{
    return registry->cluster;
}

uint32_t registry_shards_count(const struct registry *registry)
{
    return registry->shards_count;
}

uint32_t registry_replicas(const struct registry *registry)
{
    return (uint32_t)registry->settings[REGISTRY_SETTING_REPLICAS];
}

node_id registry_next_node(const struct registry *registry)
{
    return (node_id){registry->next_node};
}

uint32_t registry_members_count(const struct registry *registry)
{
    return registry->members_count;
}

const struct registry_member *registry_member_at(const struct registry *registry, uint32_t i)
{
    ASSERT(i < registry->members_count);
    return &registry->members[i].member;
}

const struct registry_member *registry_member(const struct registry *registry, node_id node)
{
    const struct registry_member_row *row = registry_member_row(registry, node);
    return row == NULL ? NULL : &row->member;
}

bool registry_is_removed(const struct registry *registry, node_id node)
{
    const struct registry_member *member = registry_member(registry, node);
    if (member != NULL) return member->state == MEMBER_REMOVED;
    return node.n != 0 && node.n < registry->next_node;
}

/* Of their lanes, whose ports follow each other. */
static bool ports_meet(const struct registry_member *a, const struct registry_member *b)
{
    uint64_t a_end = (uint64_t)a->peer_port + a->lanes_count;
    uint64_t b_end = (uint64_t)b->peer_port + b->lanes_count;
    return a->peer_port != 0 && b->peer_port != 0 && a->peer_port < b_end && b->peer_port < a_end;
}

const struct registry_member *registry_at_place(const struct registry *registry,
                                                const struct registry_member *place)
{
    for (uint32_t i = 0; i < registry->members_count; i++) {
        const struct registry_member *member = &registry->members[i].member;
        bool may_be_there = member->state != MEMBER_DEAD && member->state != MEMBER_REMOVED;
        if (!may_be_there || node_eq(member->node, place->node)) continue;
        if (strcmp(member->peer_host.bytes, place->peer_host.bytes) != 0) continue;
        if (ports_meet(member, place)) return member;
    }
    return NULL;
}

const struct registry_shard *registry_shard(const struct registry *registry, shard_id shard)
{
    if (shard_eq(shard, SHARD_ROOT)) return &registry->root;
    ASSERT(shard.n < registry->shards_count);
    return &registry->shards[shard.n];
}

static bool has_voter(const struct registry_shard *shard, node_id node)
{
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        if (node_eq(shard->voters[i], node)) return true;
    }
    return false;
}

bool registry_shall_hold(const struct registry *registry, shard_id shard, node_id node)
{
    if (!shard_eq(shard, SHARD_ROOT) && shard.n >= registry->shards_count) return false;
    return has_voter(registry_shard(registry, shard), node);
}

bool registry_is_desired(const struct registry *registry, node_id node)
{
    if (has_voter(&registry->root, node)) return true;
    for (uint32_t i = 0; i < registry->shards_count; i++) {
        if (has_voter(&registry->shards[i], node)) return true;
    }
    return false;
}

int64_t registry_setting(const struct registry *registry, uint32_t setting)
{
    ASSERT(setting < REGISTRY_SETTINGS_COUNT);
    return registry->settings[setting];
}

/* --- checks ---------------------------------------------------------------------------------- */

static const char *shard_trouble(const struct registry *registry,
                                 const struct registry_shard *shard)
{
    if (shard->voters_count < 1 || shard->voters_count > REGISTRY_REPLICAS_MAX) {
        return "a shard has no voters, or too many [G2]";
    }
    if (shard->epoch < 1 || shard->epoch > registry->epoch) return "a shard is from the future";
    for (uint32_t i = 0; i < shard->voters_count; i++) {
        const struct registry_member *member = registry_member(registry, shard->voters[i]);
        if (i > 0 && shard->voters[i].n <= shard->voters[i - 1].n) return "voters do not rise";
        if (member == NULL || member->state == MEMBER_REMOVED) {
            return "a voter is no member [G2]";
        }
    }
    if (!node_eq(shard->leader, NODE_NONE) && !has_voter(shard, shard->leader)) {
        return "a preferred leader is no voter";
    }
    return NULL;
}

static const char *members_trouble(const struct registry *registry)
{
    uint32_t last = 0;
    if (registry->members_count < 1) return "it has no members";
    for (uint32_t i = 0; i < registry->members_count; i++) {
        const struct registry_member_row *row = &registry->members[i];
        if (row->member.node.n <= last) return "the numbers of members do not rise [G1]";
        if (row->epoch < 1 || row->epoch > registry->epoch) return "a member is from the future";
        if (row->member.lanes_count < 1 || row->member.weight < 1) return "a member has no lanes";
        last = row->member.node.n;
    }
    return last < registry->next_node ? NULL : "the next node has its number already [G1]";
}

const char *registry_trouble(const struct registry *registry)
{
    if (registry->epoch == 0) {
        bool empty = registry->members_count == 0 && registry->shards_count == 0;
        return empty ? NULL : "not formed, but members or shards";
    }
    if (registry->shards_count < 1 || registry->shards_count > SHARDS_MAX) return "no shards";
    const char *trouble = members_trouble(registry);
    for (uint32_t i = 0; i < registry->shards_count && trouble == NULL; i++) {
        trouble = shard_trouble(registry, &registry->shards[i]);
    }
    if (trouble == NULL) trouble = shard_trouble(registry, &registry->root);
    for (uint32_t i = 0; i < REGISTRY_SETTINGS_COUNT && trouble == NULL; i++) {
        const struct registry_setting_row *row = registry_setting_row(i);
        int64_t value = registry->settings[i];
        if (value < row->low || value > row->high) trouble = "a setting is out of its range";
        if (registry->settings_epoch[i] > registry->epoch) trouble = "a setting is from the future";
    }
    return trouble;
}

void registry_check(const struct registry *registry)
{
    const char *trouble = registry_trouble(registry);
    ASSERT(trouble == NULL);
}
