/*
 * wiring.c -- see wiring.h. The only place where the machines of agreement, of membership and of
 * placement meet: gossip's and the links' word on who is there becomes what the root decides on;
 * what the registry says becomes whom the links connect to.
 */
#include "lane/wiring.h"

#include <stdlib.h>

#include "lane/keeper.h"
#include "lane/lane_impl.h"
#include "lane/mailbox.h"
#include "lane/presence.h"
#include "lane/report.h"
#include "lane/root.h"
#include "lane/welcome.h"

#define NS_PER_S        INT64_C(1000000000)
#define FACTS_PAUSE_NS  (5 * NS_PER_S)
#define FOLLOW_PAUSE_NS (5 * NS_PER_S)

enum { REMOVED_HEARS_MS = 5000 }; /* of it: then nobody is linked to it any more */

struct wiring {
    struct lane *lane;
    const struct lane_cluster *cluster;
    struct map *map;
    struct keeper *keeper;
    struct root *root;         /* of lane 0 */
    struct welcome *welcome;   /* the same */
    struct presence *presence; /* the same */
    bool followed_all;
    uint64_t followed_epoch; /* by which the links have their peers */
    instant now, facts_at, followed_at;
    int64_t unix_ms;
    struct buffer reports;
};

struct wiring *wiring_new(struct lane *lane, const struct lane_cluster *cluster)
{
    struct wiring *wiring = calloc(1, sizeof *wiring);
    ASSERT(wiring != NULL);
    wiring->lane = lane;
    wiring->cluster = cluster;
    wiring->map = map_open(lane, cluster);
    wiring->keeper = keeper_new(lane, wiring->map);
    if (lane_number(lane) == 0) {
        wiring->presence = presence_new(lane, cluster);
        wiring->root = root_new(lane, wiring->map, cluster);
        wiring->welcome = welcome_new(lane, wiring->map, wiring->root, cluster);
    }
    return wiring;
}

void wiring_free(struct wiring *wiring)
{
    if (wiring == NULL) return;
    welcome_free(wiring->welcome);
    root_free(wiring->root);
    presence_free(wiring->presence);
    keeper_free(wiring->keeper);
    map_close(wiring->map);
    buffer_free(&wiring->reports);
    free(wiring);
}

struct map *wiring_map(const struct wiring *wiring)
{
    return wiring->map;
}

struct root *wiring_root(const struct wiring *wiring)
{
    return wiring->root;
}

void wiring_count_messages(const struct wiring *wiring, struct wiring_messages *told)
{
    const struct links *links = wiring->lane->links;
    *told = (struct wiring_messages){0};
    if (wiring->presence != NULL)
        presence_count_messages(wiring->presence, &told->gossip_sent, &told->gossip_received);
    if (links == NULL) return;
    told->link_sent = links_stats(links)->frames_sent;
    told->link_received = links_stats(links)->frames_received;
}

/* --- between lanes and nodes ----------------------------------------------------------------- */

static void tell_lane(struct lane *lane, uint32_t to, enum wiring_kind kind, struct slice bytes)
{
    const struct lane_cluster *cluster = lane->config.cluster;
    ASSERT(cluster->mailboxes != NULL);
    struct message *message = message_new(lane_number(lane), to, kind);
    buffer_append(&message->bytes, bytes);
    mailbox_put_take(cluster->mailboxes[to], message);
}

void wiring_tell_lanes(struct lane *lane, enum wiring_kind kind, struct slice bytes)
{
    for (uint32_t to = 0; to < lane->config.lanes_count; to++) {
        if (to != lane_number(lane)) tell_lane(lane, to, kind, bytes);
    }
}

void wiring_tell_first(struct lane *lane, enum wiring_kind kind, struct slice bytes)
{
    tell_lane(lane, 0, kind, bytes);
}

void wiring_tell_nodes(struct lane *lane, enum link_kind kind, struct slice bytes)
{
    const struct registry *registry = map_registry(lane_map(lane));
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        node_id node = registry_member_at(registry, i)->node;
        if (!node_eq(node, lane_self(lane))) (void)lane_send(lane, node, 0, kind, bytes);
    }
}

/* --- reports --------------------------------------------------------------------------------- */

/* Of this node, on lane 0: to where the root's leader is. */
static void pass_reports(struct wiring *wiring, enum report_kind kind, struct slice bytes)
{
    struct lane *lane = wiring->lane;
    struct buffer frame = {0};
    node_id leader = map_leader(wiring->map, SHARD_ROOT);
    put_u8(&frame, (uint8_t)kind);
    buffer_append(&frame, bytes);
    if (root_leads(wiring->root)) {
        bool good = root_take_reports(wiring->root, lane_self(lane), buffer_slice(&frame));
        ASSERT(good); /* it is our own */
    } else if (leader.n != 0 && !node_eq(leader, lane_self(lane))) {
        (void)lane_send(lane, leader, 0, LINK_REPORTS, buffer_slice(&frame));
    }
    buffer_free(&frame);
}

void wiring_wish(struct wiring *wiring, const struct registry_event *event)
{
    struct buffer bytes = {0};
    registry_event_write(event, &bytes);
    if (wiring->root != NULL) {
        pass_reports(wiring, REPORT_WISH, buffer_slice(&bytes));
    } else {
        wiring_tell_first(wiring->lane, WIRING_WISH, buffer_slice(&bytes));
    }
    buffer_free(&bytes);
}

static void tell_reports(struct wiring *wiring)
{
    struct slice reports = buffer_slice(&wiring->reports);
    if (reports.len == 0) return;
    if (wiring->root != NULL) {
        pass_reports(wiring, REPORT_SHARDS, reports);
    } else {
        wiring_tell_first(wiring->lane, WIRING_REPORTS, reports);
    }
    buffer_clear(&wiring->reports);
}

/* This node may have moved, or be larger than it was: the root is told until it knows. */
static void tell_facts(struct wiring *wiring)
{
    const struct registry *registry = map_registry(wiring->map);
    const struct registry_member *self = &wiring->cluster->self;
    struct registry_member facts;
    struct fault fault;
    struct buffer bytes = {0};
    if (registry_epoch(registry) == 0) return;
    if (wiring->now.ns - wiring->facts_at.ns < FACTS_PAUSE_NS) return;
    wiring->facts_at = wiring->now;
    facts = *self;
    struct registry_event event = {
        .kind = REGISTRY_MEMBER_FACTS, .members = &facts, .members_count = 1};
    if (registry_may(registry, &event, &fault) == ERR_OK) {
        registry_event_write(&event, &bytes);
        pass_reports(wiring, REPORT_FACTS, buffer_slice(&bytes));
    }
    buffer_free(&bytes);
}

/* --- whom to be linked to -------------------------------------------------------------------- */

/* Names may take a while: addresses are numbers, mostly. Who is not found is looked for again. */
static void follow_members(struct wiring *wiring)
{
    const struct registry *registry = map_registry(wiring->map);
    struct link_peer *peers = calloc(NODES_MAX, sizeof *peers);
    struct fault fault;
    uint32_t count = 0;
    bool all = true;
    ASSERT(peers != NULL);
    for (uint32_t i = 0; i < registry_members_count(registry) && count < NODES_MAX; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        bool self = node_eq(member->node, lane_self(wiring->lane));
        bool removed = member->state == MEMBER_REMOVED;
        bool hears = removed && wiring->unix_ms - member->since_ms < REMOVED_HEARS_MS;
        all = all && !hears; /* until then it is looked at again */
        if ((removed && !hears) || self) continue;
        peers[count].node = member->node;
        peers[count].lanes_count = member->lanes_count;
        enum err err = io_address_resolve(member->peer_host.bytes, member->peer_port,
                                          &peers[count].address, &fault);
        all = all && err == ERR_OK;
        count += err == ERR_OK;
    }
    lane_set_peers(wiring->lane, peers, count);
    if (wiring->presence != NULL) presence_set_peers(wiring->presence, peers, count);
    free(peers);
    wiring->followed_epoch = registry_epoch(registry);
    wiring->followed_all = all;
    wiring->followed_at = wiring->now;
}

static void follow_if_changed(struct wiring *wiring)
{
    uint64_t epoch = map_epoch(wiring->map);
    bool again =
        !wiring->followed_all && wiring->now.ns - wiring->followed_at.ns >= FOLLOW_PAUSE_NS;
    if (epoch != 0 && (again || epoch != wiring->followed_epoch)) follow_members(wiring);
}

/* --- the turn -------------------------------------------------------------------------------- */

static void take_messages(struct wiring *wiring)
{
    const struct lane_cluster *cluster = wiring->cluster;
    if (cluster->mailboxes == NULL) return;
    struct message *message = mailbox_take(cluster->mailboxes[lane_number(wiring->lane)]);
    while (message != NULL) {
        struct message *next = message->next;
        struct slice bytes = buffer_slice(&message->bytes);
        if (message->kind == WIRING_REPORTS) {
            pass_reports(wiring, REPORT_SHARDS, bytes);
        } else if (message->kind == WIRING_WISH) {
            pass_reports(wiring, REPORT_WISH, bytes);
        } else {
            map_take_lane(wiring->map, message->kind, bytes);
        }
        message_free(message);
        message = next;
    }
}

void wiring_take_frame(struct wiring *wiring, const struct link_frame *frame)
{
    if (frame->kind == LINK_UP || frame->kind == LINK_DOWN) {
        bool up = frame->kind == LINK_UP;
        if (wiring->presence != NULL) presence_note_link(wiring->presence, frame->from, up);
        if (frame->kind == LINK_UP) map_meet(wiring->map, frame->from);
    } else if (frame->kind != LINK_REPORTS) {
        map_take_node(wiring->map, frame);
    } else if (wiring->root == NULL ||
               !root_take_reports(wiring->root, frame->from, frame->bytes)) {
        lane_break_link(wiring->lane, frame->from, frame->lane);
    }
}

static instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

static instant root_part(struct wiring *wiring, int64_t unix_ms)
{
    struct root_belief beliefs[NODES_MAX];
    bool wanted = root_wants_beliefs(wiring->root, wiring->now);
    const struct registry *registry = map_registry(wiring->map);
    uint32_t count = wanted ? presence_believe(wiring->presence, registry, beliefs) : 0;
    tell_facts(wiring);
    instant next = root_turn(wiring->root, wiring->now, unix_ms, beliefs, count);
    if (wiring->lane->links != NULL) welcome_turn(wiring->welcome, wiring->lane->links);
    return earlier(next, presence_turn(wiring->presence, wiring->now));
}

void wiring_complete(struct wiring *wiring, const struct io_completion *completion)
{
    presence_complete(wiring->presence, completion);
}

instant wiring_turn(struct wiring *wiring, instant now, int64_t unix_ms)
{
    wiring->now = now;
    wiring->unix_ms = unix_ms;
    map_begin_turn(wiring->map);
    take_messages(wiring);
    follow_if_changed(wiring);
    instant next = keeper_turn(wiring->keeper, now, &wiring->reports);
    if (wiring->root != NULL) next = earlier(next, root_part(wiring, unix_ms));
    tell_reports(wiring);
    return earlier(next, map_end_turn(wiring->map, now));
}
