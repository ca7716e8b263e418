/* cluster_admin.c -- see cluster_admin.h. */
#include "serve/cluster_admin.h"

#include "base/crc.h"
#include "core/store/policy.h"
#include "lane/cluster.h"
#include "lane/map.h"
#include "lane/root.h"
#include "lane/wiring.h"
#include "serve/crossing.h"
#include "serve/reply_lines.h"
#include "serve/session_impl.h"

struct admin { /* what is asked, and of what */
    struct session_call *call;
    struct reply *reply;
    struct lane *lane;
    const struct map *map;
    const struct registry *registry; /* formed */
};

/* --- how a shard is -------------------------------------------------------------------------- */

enum health { HEALTH_WELL, HEALTH_LEADERLESS, HEALTH_DEGRADED, HEALTH_UNAVAILABLE, HEALTHS_COUNT };

static const char *const health_words[HEALTHS_COUNT] = {
    [HEALTH_WELL] = "healthy",
    [HEALTH_LEADERLESS] = "leaderless",
    [HEALTH_DEGRADED] = "degraded",
    [HEALTH_UNAVAILABLE] = "unavailable",
};

/* The registry says so, and this node has a link to it: where the majority is lost nobody is left
 * to tell the registry who is dead. */
static bool is_there(const struct admin *admin, node_id node)
{
    const struct registry_member *member = registry_member(admin->registry, node);
    if (member == NULL || !crossing_reaches(admin->call->server, node)) return false;
    switch (member->state) {
    case MEMBER_ALIVE:
    case MEMBER_LEAVING: return true;
    case MEMBER_JOINING:
    case MEMBER_DEAD:
    case MEMBER_REMOVED: break;
    }
    return false;
}

static uint32_t nodes_in(const struct registry *registry, enum member_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        count += registry_member_at(registry, i)->state == state;
    }
    return count;
}

/* Of those that count as alive. */
static uint32_t nodes_cut_off(const struct admin *admin)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(admin->registry); i++) {
        const struct registry_member *member = registry_member_at(admin->registry, i);
        bool counts = member->state == MEMBER_ALIVE || member->state == MEMBER_LEAVING;
        count += counts && !crossing_reaches(admin->call->server, member->node);
    }
    return count;
}

/* Its leader has not said yet that its members are as they shall be. */
static bool is_moving(const struct admin *admin, shard_id shard)
{
    return map_settled(admin->map, shard) != registry_shard(admin->registry, shard)->epoch;
}

/* It has fewer copies than it shall have, until that is over. */
static bool awaits_copies(const struct admin *admin, shard_id shard)
{
    uint8_t why = registry_shard(admin->registry, shard)->why;
    return (why == PLANNER_REPAIR || why == PLANNER_REPLICAS) && is_moving(admin, shard);
}

static enum health health_of(const struct admin *admin, shard_id shard)
{
    const struct registry_shard *place = registry_shard(admin->registry, shard);
    uint32_t here = 0, wanted = registry_replicas(admin->registry);
    uint32_t most = nodes_in(admin->registry, MEMBER_ALIVE);
    for (uint32_t i = 0; i < place->voters_count; i++) {
        here += is_there(admin, place->voters[i]);
    }
    if (here <= place->voters_count / 2) return HEALTH_UNAVAILABLE;
    if (!is_there(admin, map_leader(admin->map, shard))) return HEALTH_LEADERLESS;
    if (wanted > most) wanted = most;
    bool whole = here == place->voters_count && here >= wanted && !awaits_copies(admin, shard);
    return whole ? HEALTH_WELL : HEALTH_DEGRADED;
}

/* --- pairs ------------------------------------------------------------------------------------ */

static void pair_place(struct reply *reply, const char *name, const struct registry_text *host,
                       uint16_t port)
{
    bool colons = strchr(host->bytes, ':') != NULL;
    reply_bulk_text(reply, name);
    reply_bulk_format(reply, colons ? "[%s]:%u" : "%s:%u", host->bytes, port);
}

static void pair_copies(struct reply *reply, const struct registry_shard *place)
{
    reply_bulk_text(reply, "copies");
    reply_array(reply, place->voters_count);
    for (uint32_t i = 0; i < place->voters_count; i++) reply_integer(reply, place->voters[i].n);
}

static const char *why_of(const struct registry_shard *place)
{
    if (place->why < PLANNER_FORMED || place->why > PLANNER_ASKED) return "";
    return planner_reason_text((enum planner_reason)place->why);
}

/* --- STATUS, MEMBERS, TABLE, EXPLAIN --------------------------------------------------------- */

/* In a word: are all keys served, and is nothing missing? */
static const char *state_of(const struct admin *admin, const uint32_t healths[HEALTHS_COUNT])
{
    if (healths[HEALTH_UNAVAILABLE] > 0) return "unavailable";
    bool whole = healths[HEALTH_DEGRADED] == 0 && healths[HEALTH_LEADERLESS] == 0;
    bool all = nodes_in(admin->registry, MEMBER_DEAD) == 0 && nodes_cut_off(admin) == 0;
    return whole && all ? "ok" : "degraded";
}

static void tell_status(const struct admin *admin)
{
    enum { PAIRS = 18 };
    struct reply *reply = admin->reply;
    const struct registry *registry = admin->registry;
    uint32_t healths[HEALTHS_COUNT] = {0}, moving = 0, count = registry_shards_count(registry);
    for (uint32_t i = 0; i < count; i++) {
        healths[health_of(admin, (shard_id){i})]++;
        moving += is_moving(admin, (shard_id){i});
    }
    reply_map(reply, PAIRS);
    reply_bulk_text(reply, "cluster");
    reply_bulk_format(reply, "%016llx", (unsigned long long)registry_cluster(registry));
    reply_pair_text(reply, "state", state_of(admin, healths));
    reply_pair_number(reply, "epoch", registry_epoch(registry));
    reply_pair_number(reply, "answered-by", lane_self(admin->lane).n);
    reply_pair_number(reply, "nodes-alive", nodes_in(registry, MEMBER_ALIVE));
    reply_pair_number(reply, "nodes-joining", nodes_in(registry, MEMBER_JOINING));
    reply_pair_number(reply, "nodes-leaving", nodes_in(registry, MEMBER_LEAVING));
    reply_pair_number(reply, "nodes-dead", nodes_in(registry, MEMBER_DEAD));
    reply_pair_number(reply, "nodes-cut-off", nodes_cut_off(admin));
    reply_pair_number(reply, "copies-wanted", registry_replicas(registry));
    reply_pair_number(reply, "shards", count);
    for (uint32_t i = 0; i < HEALTHS_COUNT; i++) {
        reply_bulk_format(reply, "shards-%s", health_words[i]);
        reply_integer(reply, healths[i]);
    }
    reply_pair_number(reply, "shards-moving", moving);
    reply_pair_node(reply, "root-leader", map_leader(admin->map, SHARD_ROOT));
    reply_bulk_text(reply, "rebalances");
    reply_bool(reply, registry_setting(registry, REGISTRY_SETTING_REBALANCE) != 0);
}

struct load { /* of a node, in shards */
    uint32_t holds, leads;
};

static struct load load_of(const struct admin *admin, node_id node)
{
    struct load load = {0, 0};
    for (uint32_t i = 0; i < registry_shards_count(admin->registry); i++) {
        load.holds += registry_shall_hold(admin->registry, (shard_id){i}, node);
        load.leads += node_eq(map_leader(admin->map, (shard_id){i}), node);
    }
    return load;
}

static void tell_member(const struct admin *admin, const struct registry_member *member)
{
    enum { PAIRS = 16 };
    struct reply *reply = admin->reply;
    struct load load = load_of(admin, member->node);
    reply_map(reply, PAIRS);
    reply_pair_number(reply, "node", member->node.n);
    reply_bulk_text(reply, "me");
    reply_bool(reply, node_eq(member->node, lane_self(admin->lane)));
    reply_pair_text(reply, "state", member_state_text(member->state));
    reply_bulk_text(reply, "linked");
    reply_bool(reply, crossing_reaches(admin->call->server, member->node));
    pair_place(reply, "address", &member->client_host, member->client_port);
    pair_place(reply, "peers-at", &member->peer_host, member->peer_port);
    reply_pair_number(reply, "shards", load.holds);
    reply_pair_number(reply, "leads", load.leads);
    reply_bulk_text(reply, "root");
    reply_bool(reply, registry_shall_hold(admin->registry, SHARD_ROOT, member->node));
    reply_pair_number(reply, "lanes", member->lanes_count);
    reply_pair_number(reply, "weight", member->weight);
    reply_pair_number(reply, "memory-bytes", member->memory_bytes);
    reply_pair_text(reply, "host", member->host.bytes);
    reply_pair_text(reply, "zone", member->zone.bytes);
    reply_pair_text(reply, "version", member->version.bytes);
    int64_t state_ms = io_unix_ms(admin->call->server->io) - member->since_ms;
    reply_pair_number(reply, "state-ms", state_ms > 0 ? (uint64_t)state_ms : 0);
}

static void tell_members(const struct admin *admin)
{
    uint32_t count = registry_members_count(admin->registry);
    reply_array(admin->reply, count);
    for (uint32_t i = 0; i < count; i++) tell_member(admin, registry_member_at(admin->registry, i));
}

static void tell_shard(const struct admin *admin, shard_id shard)
{
    enum { PAIRS = 8 };
    struct reply *reply = admin->reply;
    const struct registry_shard *place = registry_shard(admin->registry, shard);
    uint32_t count = registry_shards_count(admin->registry);
    reply_map(reply, PAIRS);
    reply_pair_shard(reply, "shard", shard);
    if (shard_eq(shard, SHARD_ROOT)) {
        reply_pair_text(reply, "slots", "");
    } else {
        reply_bulk_text(reply, "slots");
        reply_bulk_format(reply, "%u-%u", shard_first_slot(shard, count),
                          shard_last_slot(shard, count));
    }
    pair_copies(reply, place);
    reply_pair_node(reply, "leader", map_leader(admin->map, shard));
    reply_pair_node(reply, "preferred", place->leader);
    reply_pair_text(reply, "state", health_words[health_of(admin, shard)]);
    reply_bulk_text(reply, "moving");
    reply_bool(reply, is_moving(admin, shard));
    reply_pair_text(reply, "why", why_of(place));
}

static void tell_table(const struct admin *admin)
{
    uint32_t count = registry_shards_count(admin->registry);
    reply_array(admin->reply, count + (uint64_t)1);
    for (uint32_t i = 0; i < count; i++) tell_shard(admin, (shard_id){i});
    tell_shard(admin, SHARD_ROOT);
}

/* All shards have the same ones: by the key's own if it is here. NULL: none is, in this lane. */
static const struct policy *policy_of(const struct admin *admin, shard_id number, struct slice key)
{
    struct shard *shard = lane_shard(admin->lane, number);
    if (shard == NULL) shard = lane_shard_first(admin->lane);
    if (shard == NULL || shard_eq(shard_number(shard), SHARD_ROOT)) return NULL;
    const struct store *store = shard_store(shard);
    return store_policy(store, store_policy_of(store, key));
}

static void pair_policy(struct reply *reply, const struct policy *policy)
{
    reply_bulk_text(reply, "policy");
    if (policy == NULL) {
        reply_null(reply);
        return;
    }
    bool cache = policy->mode == POLICY_CACHE;
    reply_bulk_format(reply, "%s, of the prefix \"%.*s\"%s", policy_mode_text(policy->mode),
                      (int)policy->prefix.len, (const char *)policy->prefix.data,
                      !cache         ? ""
                      : policy->warm ? "; warm: moves along when leadership is handed over"
                                     : "; not warm: begins empty when another node leads");
}

static void tell_key(const struct admin *admin)
{
    enum { PAIRS = 9 };
    struct reply *reply = admin->reply;
    struct slice key = admin->call->argv[2];
    uint32_t slot = slot_of_key(key), count = registry_shards_count(admin->registry);
    shard_id shard = shard_of_slot(slot, count);
    const struct registry_shard *place = registry_shard(admin->registry, shard);
    reply_map(reply, PAIRS);
    reply_bulk_text(reply, "key");
    reply_bulk(reply, key);
    reply_pair_number(reply, "slot", slot);
    reply_pair_number(reply, "shard", shard.n);
    pair_copies(reply, place);
    reply_pair_node(reply, "leader", map_leader(admin->map, shard));
    reply_pair_node(reply, "preferred", place->leader);
    reply_pair_text(reply, "state", health_words[health_of(admin, shard)]);
    pair_policy(reply, policy_of(admin, shard, key));
    reply_pair_text(reply, "why", why_of(place));
}

/* --- LEAVE, REMOVE, REBALANCE ---------------------------------------------------------------- */

static void wish(const struct admin *admin, const struct registry_event *event)
{
    struct fault fault;
    if (registry_may(admin->registry, event, &fault) != ERR_OK) {
        reply_error(admin->reply, "ERR %s", fault.text);
    } else if (map_leader(admin->map, SHARD_ROOT).n == 0) {
        reply_error(admin->reply, "TRYAGAIN nobody leads the cluster's root group now");
    } else {
        wiring_wish(lane_wiring(admin->lane), event);
        reply_ok(admin->reply);
    }
}

/* A dead node's copies are made elsewhere at once, not after the usual delay: then it is removed,
 * as one that leaves. */
static enum member_state state_on_the_way(const struct admin *admin, node_id node)
{
    const struct registry_member *member = registry_member(admin->registry, node);
    bool drains = member != NULL && registry_is_desired(admin->registry, node) &&
                  (member->state == MEMBER_DEAD || member->state == MEMBER_LEAVING);
    return drains ? MEMBER_LEAVING : MEMBER_REMOVED;
}

static void change_member(const struct admin *admin, enum member_state state)
{
    struct session_call *call = admin->call;
    int64_t number = lane_self(admin->lane).n;
    if (call->argc > 2 && !session_integer(call, 2, &number)) return;
    struct registry_event event = {.kind = REGISTRY_MEMBER_STATE,
                                   .node = {(uint32_t)number},
                                   .state = state,
                                   .force = call->argc > 3 && word_is(call->argv[3], "FORCE")};
    if (number < 1 || number > UINT32_MAX) {
        reply_error(admin->reply, "ERR a node's number is 1 or more");
    } else if (call->argc > 3 && !event.force) {
        reply_error(admin->reply, "ERR syntax error");
    } else {
        if (state == MEMBER_REMOVED && !event.force) {
            event.state = state_on_the_way(admin, event.node);
        }
        wish(admin, &event);
    }
}

static void tell_move(struct reply *reply, const struct planner_move *move)
{
    enum { PAIRS = 6 };
    reply_map(reply, PAIRS);
    reply_pair_shard(reply, "shard", move->shard);
    reply_pair_text(reply, "moves", move->leadership_only ? "leadership" : "copy");
    reply_pair_node(reply, "from", move->from);
    reply_pair_node(reply, "to", move->to);
    reply_pair_number(reply, "bytes", move->bytes);
    reply_pair_text(reply, "why", why_of(&move->place));
}

static void tell_plan(struct reply *reply, const struct planner_plan *plan)
{
    reply_map(reply, 3);
    reply_pair_number(reply, "wanted", plan->wanted_count);
    reply_pair_text(reply, "waits-for", plan->waits_for == NULL ? "" : plan->waits_for);
    reply_bulk_text(reply, "moves");
    reply_array(reply, plan->moves_count);
    for (uint32_t i = 0; i < plan->moves_count; i++) tell_move(reply, &plan->moves[i]);
}

static void ask_root(const struct admin *admin)
{
    node_id leader = map_leader(admin->map, SHARD_ROOT);
    const struct registry_member *member = registry_member(admin->registry, leader);
    if (member == NULL || member->client_port == 0) {
        reply_error(admin->reply, "TRYAGAIN nobody leads the cluster's root group now");
        return;
    }
    reply_error(admin->reply, "ASKROOT %s:%u knows what moves: it leads the root group",
                member->client_host.bytes, member->client_port);
}

static void plan(const struct admin *admin)
{
    struct arena *arena = arena_new();
    struct planner_plan *plan = ARENA_NEW(arena, struct planner_plan);
    struct root *root = wiring_root(lane_wiring(admin->lane));
    const struct sessions *sessions = admin->call->server->sessions;
    if (root != NULL && root_plan(root, sessions->now, sessions->unix_ms, plan)) {
        tell_plan(admin->reply, plan);
    } else {
        ask_root(admin);
    }
    arena_free(arena);
}

static void rebalance(const struct admin *admin)
{
    struct slice how = admin->call->argv[2];
    struct registry_event event = {.kind = REGISTRY_SETTING, .setting = REGISTRY_SETTING_REBALANCE};
    if (word_is(how, "DRYRUN")) {
        plan(admin);
    } else if (word_is(how, "GO") || word_is(how, "PAUSE")) {
        event.value = word_is(how, "GO");
        bool is_so = registry_setting(admin->registry, REGISTRY_SETTING_REBALANCE) == event.value;
        if (is_so) {
            reply_ok(admin->reply);
        } else {
            wish(admin, &event);
        }
    } else {
        reply_error(admin->reply, "ERR syntax error: GO, PAUSE or DRYRUN");
    }
}

/* --- which ------------------------------------------------------------------------------------ */

static void perform(const struct admin *admin)
{
    switch ((uint32_t)admin->call->command->id) {
    case COMMAND_CLUSTER_STATUS: tell_status(admin); break;
    case COMMAND_CLUSTER_MEMBERS: tell_members(admin); break;
    case COMMAND_CLUSTER_TABLE: tell_table(admin); break;
    case COMMAND_CLUSTER_EXPLAIN: tell_key(admin); break;
    case COMMAND_CLUSTER_LEAVE: change_member(admin, MEMBER_LEAVING); break;
    case COMMAND_CLUSTER_REMOVE: change_member(admin, MEMBER_REMOVED); break;
    case COMMAND_CLUSTER_REBALANCE: rebalance(admin); break;
    }
}

void cluster_admin_command(struct session_call *call)
{
    struct lane *lane = call->server->lane;
    struct admin admin = {call, &call->reply, lane, lane_map(lane), NULL};
    if (admin.map != NULL) admin.registry = map_registry(admin.map);
    if (admin.registry == NULL || registry_epoch(admin.registry) == 0) {
        reply_error(&call->reply, "TRYAGAIN this node has not heard of its cluster's registry yet");
        return;
    }
    perform(&admin);
}
