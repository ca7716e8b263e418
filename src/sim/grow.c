/*
 * grow.c -- hosts that come into the cluster and go from it while a run goes on.
 *
 * Of `spares` hosts no list knows: they are outside until a fault lets them join. What `tutti start
 * --join` and CLUSTER LEAVE do over a connection is done here by the calls behind them (root_ask,
 * joined_keep), again and again until it is agreed on; the rest is the nodes' own. A machine is
 * removed at a moment only at which each shard has two other copies that are whole.
 */
#include "core/raft/raft.h"
#include "lane/map.h"
#include "lane/replica.h"
#include "lane/root.h"
#include "lane/wiring.h"
#include "node/facts.h"
#include "node/joined.h"
#include "sim/sim_impl.h"

enum { LOOK_MS = 50, INSIDE_LEAST = 3, SETTING_OF_2 = 2 };

static const struct registry *registry_of(struct host *host)
{
    return map_registry(lane_map(node_lane_lane(host->lanes[0].lane)));
}

static struct root *root_of(struct host *host)
{
    return wiring_root(lane_wiring(node_lane_lane(host->lanes[0].lane)));
}

/* Whoever believes to lead the root group, and runs; NULL: nobody. */
static struct host *find_leader(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        struct host *host = &sim->hosts[i];
        bool runs = host->state == HOST_UP && host->lanes_count > 0;
        if (!runs || host->paused_until_ns > sim->now_ns || !root_leads(root_of(host))) continue;
        if (registry_epoch(registry_of(host)) != 0) return host;
    }
    return NULL;
}

/* --- asking the root ---------------------------------------------------------------------------
 */

/* False: it is refused for good. */
static bool ask(struct sim *sim, struct host *host, struct host *leader,
                const struct registry_event *event)
{
    struct fault fault = {0};
    sim_current_host = leader;
    uint64_t ticket = root_ask(root_of(leader), event, &fault);
    sim_current_host = NULL;
    host_want_turn(leader, 0, sim->now_ns);
    host->asked = (struct sim_asked){ticket, leader->number, leader->boots_count};
    if (ticket != 0) return true;
    sim_trace(sim, "host %u asks host %u: %s", host->number + 1, leader->number + 1, fault.text);
    return fault.code == ERR_CANCELLED;
}

static enum root_answer answer_of(struct sim *sim, struct host *host, node_id *node)
{
    struct host *leader = &sim->hosts[host->asked.host];
    bool same = leader->state == HOST_UP && leader->boots_count == host->asked.boot;
    if (!same) return ROOT_LOST;
    sim_current_host = leader;
    enum root_answer answer = root_answer(root_of(leader), host->asked.ticket, node);
    sim_current_host = NULL;
    return answer;
}

/* --- joining -----------------------------------------------------------------------------------
 */

static enum err keep(struct host *host, struct host *leader, node_id node)
{
    struct arena *arena = arena_new();
    struct buffer registry = {0};
    struct data_folder folder;
    const struct data_identity *theirs = &node_folder(leader->node)->identity;
    struct token token = {.cluster = theirs->cluster};
    memcpy(token.secret, theirs->secret, sizeof token.secret);
    registry_write(registry_of(leader), &registry);
    struct join_answer answer = {.outcome = JOIN_WELCOME,
                                 .node = node,
                                 .seed = theirs->seed,
                                 .name = slice_text(theirs->name),
                                 .registry = buffer_slice(&registry)};
    sim_current_host = host;
    enum err err = data_folder_take(arena, "/data", &folder, &host->fault);
    if (err == ERR_OK) {
        err = joined_keep(arena, &host->config, &token, &folder, &answer, &host->fault);
        data_folder_close(&folder);
    }
    sim_current_host = NULL;
    host->spent_ns = 0;
    buffer_free(&registry);
    arena_free(arena);
    return err;
}

static void take_in(struct sim *sim, struct host *host, struct host *leader, node_id node)
{
    disk_clear(&host->disk);
    disk_make_folder(&host->disk, "/data");
    host->has_power = true;
    host->asked = (struct sim_asked){0};
    enum err err = keep(host, leader, node);
    if (err == ERR_IO || err == ERR_NO_SPACE) return; /* it asks again */
    if (err != ERR_OK) {
        sim_fail(sim, "a node joins", "host %u as node %u: %s", host->number + 1, node.n,
                 host->fault.text);
        return;
    }
    sim_trace(sim, "host %u joins as node %u", host->number + 1, node.n);
    host->node_id = node;
    host->belongs = HOST_INSIDE;
    host_boot(host);
}

/* A member that was never seen, at the same place: the answer to an earlier request got lost. */
static node_id find_same(const struct registry *registry, const struct registry_member *new)
{
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        bool same = strcmp(member->peer_host.bytes, new->peer_host.bytes) == 0;
        if (same && member->state == MEMBER_JOINING) return member->node;
    }
    return NODE_NONE;
}

static void join(struct sim *sim, struct host *host, struct host *leader)
{
    struct registry_member member;
    struct node_machine machine = {.name = ""};
    sim_current_host = host;
    enum err err = facts_gather(&host->config, &machine, "simulated", NULL, &member, &host->fault);
    sim_current_host = NULL;
    ASSERT(err == ERR_OK);
    member.state = MEMBER_JOINING;
    node_id same = find_same(registry_of(leader), &member);
    if (same.n != 0) {
        take_in(sim, host, leader, same);
        return;
    }
    struct registry_event event = {.kind = REGISTRY_JOIN, .members = &member, .members_count = 1};
    if (!ask(sim, host, leader, &event)) host->belongs = HOST_OUTSIDE;
}

static void look_after_join(struct sim *sim, struct host *host, struct host *leader)
{
    node_id node = NODE_NONE;
    if (host->asked.ticket == 0) {
        join(sim, host, leader);
        return;
    }
    switch (answer_of(sim, host, &node)) {
    case ROOT_WAITS: break;
    case ROOT_LOST: host->asked.ticket = 0; break;
    case ROOT_DONE: take_in(sim, host, &sim->hosts[host->asked.host], node); break;
    }
}

/* --- going -------------------------------------------------------------------------------------
 */

static void look_after_going(struct sim *sim, struct host *host, struct host *leader)
{
    const struct registry *registry = registry_of(leader);
    const struct registry_member *member = registry_member(registry, host->node_id);
    bool leaves = host->belongs == HOST_LEAVING;
    node_id none;
    if (registry_is_removed(registry, host->node_id)) {
        sim_trace(sim, "host %u is no member any more", host->number + 1);
        host->belongs = HOST_OUTSIDE;
        host->asked = (struct sim_asked){0};
        host_kill(host, "it was removed");
        return;
    }
    if (host->asked.ticket != 0) {
        if (answer_of(sim, host, &none) != ROOT_WAITS) host->asked.ticket = 0;
        return;
    }
    if (member == NULL || (leaves && member->state == MEMBER_LEAVING)) return;
    struct registry_event event = {.kind = REGISTRY_MEMBER_STATE,
                                   .node = host->node_id,
                                   .state = leaves ? MEMBER_LEAVING : MEMBER_REMOVED,
                                   .force = !leaves};
    if (ask(sim, host, leader, &event)) return;
    host->belongs = HOST_INSIDE;
    host_boot(host);
}

/* Does the shard have its copies, and two more than that of the node? */
static bool does_without(const struct registry *registry, const struct planner_report *report,
                         shard_id shard, node_id node)
{
    const struct registry_shard *place = registry_shard(registry, shard);
    if (report == NULL || report->at.ns == 0 || report->learners_count != 0) return false;
    if (report->voters_count != place->voters_count) return false;
    if (report->caught_up != (1U << report->voters_count) - 1) return false;
    for (uint32_t i = 0; i < place->voters_count; i++) {
        if (!node_eq(report->voters[i], place->voters[i])) return false;
    }
    return !registry_shall_hold(registry, shard, node) || place->voters_count >= INSIDE_LEAST;
}

static bool all_do_without(struct host *leader, node_id node)
{
    const struct registry *registry = registry_of(leader);
    uint32_t count = registry_shards_count(registry);
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        enum member_state state = registry_member_at(registry, i)->state;
        if (state != MEMBER_ALIVE && state != MEMBER_REMOVED) return false;
    }
    for (uint32_t i = 0; i <= count; i++) {
        shard_id shard = i == count ? SHARD_ROOT : (shard_id){i};
        if (!does_without(registry, root_report(root_of(leader), shard), shard, node)) return false;
    }
    return true;
}

static uint32_t inside_count(const struct sim *sim)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->hosts_count; i++) count += sim->hosts[i].belongs == HOST_INSIDE;
    return count;
}

/* --- the cluster's settings --------------------------------------------------------------------
 */

/* Drawn when there is a cluster: how soon copies are repaired, how many move, how fast. */
static void settle(struct sim *sim, struct host *leader)
{
    static const uint32_t drawn[] = {REGISTRY_SETTING_REPAIR_DELAY_MS, REGISTRY_SETTING_MOVES_MAX,
                                     REGISTRY_SETTING_MOVES_A_NODE,
                                     REGISTRY_SETTING_BYTES_A_SECOND};
    struct prng *prng = &sim->fault_prng;
    sim->settled = true;
    for (size_t i = 0; i < COUNT_OF(drawn); i++) {
        const struct registry_setting_row *row = registry_setting_row(drawn[i]);
        uint64_t span = (uint64_t)(row->simulate_high - row->simulate_low) + 1;
        struct registry_event event = {.kind = REGISTRY_SETTING, .setting = drawn[i]};
        event.value = row->simulate_low + (int64_t)prng_below(prng, span);
        bool kept = prng_below(prng, SETTING_OF_2) == 0;
        if (kept) continue;
        sim_current_host = leader;
        wiring_wish(lane_wiring(node_lane_lane(leader->lanes[0].lane)), &event);
        sim_current_host = NULL;
    }
    host_want_turn(leader, 0, sim->now_ns);
}

/* --- what the run asks for ---------------------------------------------------------------------
 */

void grow_begin(struct sim *sim, const struct plan_fault *fault)
{
    enum host_belongs wanted = fault->kind == PLAN_JOIN ? HOST_OUTSIDE : HOST_INSIDE;
    uint32_t first = (uint32_t)(fault->chance % sim->hosts_count);
    struct host *leader = find_leader(sim), *host = NULL;
    for (uint32_t i = 0; i < sim->hosts_count && host == NULL; i++) {
        struct host *at = &sim->hosts[(first + i) % sim->hosts_count];
        if (at->belongs == wanted && !at->disk_damaged) host = at;
    }
    if (host == NULL) return;
    host->asked = (struct sim_asked){0};
    if (fault->kind == PLAN_JOIN) {
        host->belongs = HOST_JOINING;
        config_free(&host->config);
        config_copy(&host->config, &sim->config);
        settings_of_host(&host->config, sim, host->number, false);
        sim_trace(sim, "host %u shall join", host->number + 1);
        return;
    }
    if (leader == NULL || inside_count(sim) <= INSIDE_LEAST || host->node_id.n == 0) return;
    if (fault->kind == PLAN_LEAVE) {
        host->belongs = HOST_LEAVING;
        sim_trace(sim, "host %u shall leave", host->number + 1);
    } else if (host != leader && all_do_without(leader, host->node_id)) {
        host->belongs = HOST_LOST;
        sim_trace(sim, "host %u is lost for good", host->number + 1);
        host_cut_power(host, DISK_TEARS);
    }
}

void grow_look(struct sim *sim)
{
    struct host *leader = find_leader(sim);
    sim_happen(sim, sim->now_ns + LOOK_MS * SIM_NS_PER_MS, SIM_GROW, 0, 0);
    if (leader == NULL) return;
    if (!sim->settled) settle(sim, leader);
    for (uint32_t i = 0; i < sim->hosts_count && find_leader(sim) == leader; i++) {
        struct host *host = &sim->hosts[i];
        switch (host->belongs) {
        case HOST_INSIDE:
        case HOST_OUTSIDE: break;
        case HOST_JOINING: look_after_join(sim, host, leader); break;
        case HOST_LEAVING:
        case HOST_LOST: look_after_going(sim, host, leader); break;
        }
    }
}

uint32_t grow_members(const struct sim *sim)
{
    uint32_t hosts = 0;
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        enum host_belongs belongs = sim->hosts[i].belongs;
        hosts |= (uint32_t)(belongs == HOST_INSIDE || belongs == HOST_LEAVING) << i;
    }
    return hosts;
}
