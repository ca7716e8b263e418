/* cluster_map.c -- see cluster_map.h. */
#include "serve/cluster_map.h"

#include "lane/map.h"
#include "lane/wiring.h"
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/session_impl.h"

/* --- from the registry ----------------------------------------------------------------------- */

static bool is_reachable(const struct registry_text *host)
{
    static const char *const any[] = {"", "*", "0.0.0.0", "::"};
    for (size_t i = 0; i < COUNT_OF(any); i++)
        if (strcmp(host->bytes, any[i]) == 0) return false;
    return true;
}

static enum cluster_health health_of(enum member_state state)
{
    switch (state) {
    case MEMBER_JOINING: return CLUSTER_LOADING;
    case MEMBER_ALIVE:
    case MEMBER_LEAVING: return CLUSTER_ONLINE;
    case MEMBER_DEAD:
    case MEMBER_REMOVED: return CLUSTER_FAILED;
    }
    UNREACHABLE("a member's state");
}

static bool may_lead(const struct registry *registry, node_id node)
{
    const struct registry_member *member = registry_member(registry, node);
    return member != NULL && health_of(member->state) != CLUSTER_FAILED;
}

/* Who leads, or is most likely to lead next. */
static node_id leader_of(const struct registry *registry, const struct registry_shard *shard,
                         node_id known)
{
    if (may_lead(registry, known)) return known;
    if (may_lead(registry, shard->leader)) return shard->leader;
    for (uint32_t i = 0; i < shard->voters_count; i++)
        if (may_lead(registry, shard->voters[i])) return shard->voters[i];
    return shard->voters_count > 0 ? shard->voters[0] : NODE_NONE;
}

static bool is_cut_off(const struct cluster_source *source, node_id node)
{
    for (uint32_t i = 0; i < source->cut_off_count; i++)
        if (node_eq(source->cut_off[i], node)) return true;
    return false;
}

static void add_members(struct cluster_view *view, const struct cluster_source *source)
{
    uint32_t count = registry_members_count(source->registry);
    for (uint32_t i = 0; i < count; i++) {
        const struct registry_member *member = registry_member_at(source->registry, i);
        if (member->state == MEMBER_REMOVED) continue;
        bool self = node_eq(member->node, source->self);
        struct cluster_node node = {.node = member->node,
                                    .host = member->client_host,
                                    .port = member->client_port,
                                    .peer_port = member->peer_port,
                                    .health = self ? CLUSTER_ONLINE : health_of(member->state),
                                    .cut_off = is_cut_off(source, member->node),
                                    .since_ms = member->since_ms,
                                    .offset = self ? source->own_offset : 0};
        if (self && !is_reachable(&node.host)) node.host = source->own_host;
        if (self && node.port == 0) node.port = source->own_port;
        if (!self && !is_reachable(&node.host)) node.host = member->peer_host;
        cluster_view_add_node(view, &node);
    }
}

static bool is_there(const struct cluster_source *source, node_id node)
{
    return may_lead(source->registry, node) && !is_cut_off(source, node);
}

static bool has_majority(const struct cluster_source *source, const struct registry_shard *shard)
{
    uint32_t there = 0;
    for (uint32_t i = 0; i < shard->voters_count; i++) there += is_there(source, shard->voters[i]);
    return there > shard->voters_count / 2;
}

static void add_shards(struct cluster_view *view, const struct cluster_source *source)
{
    uint32_t shards_count = registry_shards_count(source->registry);
    for (uint32_t first = 0, next; first < KEY_SLOTS; first = next) {
        shard_id id = shard_of_slot(first, shards_count);
        const struct registry_shard *shard = registry_shard(source->registry, id);
        for (next = first + 1; next < KEY_SLOTS; next++)
            if (!shard_eq(shard_of_slot(next, shards_count), id)) break;
        struct cluster_range range = {.first = first, .last = next - 1};
        if (!has_majority(source, shard)) {
            view->lost_slots += next - first;
        } else if (!is_there(source, source->leaders[id.n])) {
            view->leaderless_slots += next - first;
        }
        range.leader = leader_of(source->registry, shard, source->leaders[id.n]);
        for (uint32_t i = 0; i < shard->voters_count; i++)
            if (!node_eq(shard->voters[i], range.leader))
                range.others[range.others_count++] = shard->voters[i];
        cluster_view_add_range(view, &range);
    }
}

struct cluster_view *cluster_map_make(const struct cluster_source *source, struct arena *arena)
{
    struct cluster_view *view = cluster_view_new(arena, registry_members_count(source->registry),
                                                 registry_shards_count(source->registry));
    view->cluster = registry_cluster(source->registry);
    view->epoch = registry_epoch(source->registry);
    view->self = source->self;
    view->now_ms = source->now_ms;
    add_members(view, source);
    add_shards(view, source);
    cluster_view_close(view);
    return view;
}

/* --- from this lane -------------------------------------------------------------------------- */

/* Where the client has reached this node; by a Unix socket there is no address. */
static struct registry_text host_used(const struct session *session)
{
    struct registry_text host = {{0}};
    if (session->flags & SESSION_UNIX_SOCKET) return host;
    memcpy(host.bytes, session->local.text, strnlen(session->local.text, sizeof host.bytes - 1));
    return host;
}

/* How far the logs of all shards here are, together: it rises with each change. */
static uint64_t own_offset(const struct server *server)
{
    uint64_t sum = 0;
    const struct shard *shard = lane_shard_first(server->lane);
    for (; shard != NULL; shard = lane_shard_next(server->lane, shard)) sum += shard_last(shard);
    return sum;
}

/* Before a cluster is formed this node has all slots. */
static struct cluster_view *view_of_one(const struct server *server, const struct session *session,
                                        struct arena *arena)
{
    struct cluster_view *view = cluster_view_new(arena, 1, 1);
    uint16_t port = (uint16_t)config_integer(server->config, SETTING_PORT);
    view->self = lane_self(server->lane);
    view->now_ms = server->sessions->unix_ms;
    const struct cluster_node node = {
        .node = view->self, .host = host_used(session), .port = port, .offset = own_offset(server)};
    cluster_view_add_node(view, &node);
    const struct cluster_range all = {.last = KEY_SLOTS - 1, .leader = view->self};
    cluster_view_add_range(view, &all);
    cluster_view_close(view);
    return view;
}

/* NULL: this node is in no cluster, or has not heard of it yet. */
static const struct registry *formed(const struct server *server)
{
    const struct map *map = lane_map(server->lane);
    const struct registry *registry = map == NULL ? NULL : map_registry(map);
    return registry == NULL || registry_epoch(registry) == 0 ? NULL : registry;
}

static void count_messages(const struct server *server, struct cluster_view *view)
{
    struct wiring_messages told;
    wiring_count_messages(lane_wiring(server->lane), &told);
    view->pings_sent = told.gossip_sent;
    view->pings_received = told.gossip_received;
    view->messages_sent = told.gossip_sent + told.link_sent;
    view->messages_received = told.gossip_received + told.link_received;
}

/* Into `nodes`, of registry_members_count. */
static uint32_t find_cut_off(const struct server *server, const struct registry *registry,
                             node_id *nodes)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        node_id node = registry_member_at(registry, i)->node;
        if (!crossing_reaches(server, node)) nodes[count++] = node;
    }
    return count;
}

/* NODE_NONE: as far as is known nobody leads it. */
static node_id known_leader(const struct server *server, shard_id id)
{
    const struct shard *shard = lane_shard(server->lane, id);
    node_id leader = shard == NULL ? NODE_NONE : shard_leader(shard);
    return leader.n != 0 ? leader : map_leader(lane_map(server->lane), id);
}

struct cluster_view *cluster_map_view(const struct server *server, const struct session *session,
                                      struct arena *arena)
{
    const struct registry *registry = formed(server);
    if (registry == NULL) return view_of_one(server, session, arena);
    uint32_t shards_count = registry_shards_count(registry);
    node_id *leaders = ARENA_ARRAY(arena, node_id, shards_count);
    for (uint32_t i = 0; i < shards_count; i++) leaders[i] = known_leader(server, (shard_id){i});
    node_id *cut_off = ARENA_ARRAY(arena, node_id, registry_members_count(registry));
    uint32_t cut_off_count = find_cut_off(server, registry, cut_off);
    const struct cluster_source source = {
        .registry = registry,
        .cut_off = cut_off,
        .cut_off_count = cut_off_count,
        .leaders = leaders,
        .self = lane_self(server->lane),
        .own_host = host_used(session),
        .own_port = (uint16_t)config_integer(server->config, SETTING_PORT),
        .own_offset = own_offset(server),
        .now_ms = server->sessions->unix_ms};
    struct cluster_view *view = cluster_map_make(&source, arena);
    count_messages(server, view);
    return view;
}

uint64_t cluster_map_id(const struct server *server)
{
    const struct registry *registry = formed(server);
    return registry == NULL ? 0 : registry_cluster(registry);
}

bool cluster_map_is_alone(const struct server *server)
{
    const struct registry *registry = formed(server);
    uint32_t others = 0;
    if (registry == NULL) return !lane_is_replicated(server->lane);
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        others +=
            member->state != MEMBER_REMOVED && !node_eq(member->node, lane_self(server->lane));
    }
    return others == 0;
}

bool cluster_map_elsewhere(const struct server *server, uint32_t slot, struct cluster_place *place)
{
    const struct registry *registry = formed(server);
    if (registry == NULL) return false;
    shard_id shard = shard_of_slot(slot, registry_shards_count(registry));
    node_id leader = crossing_leader(server, shard), self = lane_self(server->lane);
    if (node_eq(leader, self) || !may_lead(registry, leader)) return false;
    const struct registry_member *member = registry_member(registry, leader);
    const struct registry_text *host =
        is_reachable(&member->client_host) ? &member->client_host : &member->peer_host;
    if (!is_reachable(host) || member->client_port == 0) return false;
    *place = (struct cluster_place){.host = host->bytes,
                                    .port = member->client_port,
                                    .replica_here = registry_shall_hold(registry, shard, self)};
    return true;
}
