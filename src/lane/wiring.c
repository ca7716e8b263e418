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
#include "lane/report.h"
#include "lane/root.h"
#include "lane/welcome.h"

#define NS_PER_S       INT64_C(1000000000)
#define GONE_AFTER_NS  (3 * NS_PER_S) /* without a link */
#define FACTS_PAUSE_NS (5 * NS_PER_S)

struct seen { /* a node, by its link to this lane */
    node_id node;
    bool up;
    instant since;
};

struct wiring {
    struct lane *lane;
    const struct lane_cluster *cluster;
    struct map *map;
    struct keeper *keeper;
    struct root *root;       /* of lane 0 */
    struct welcome *welcome; /* the same */
    struct seen seen[NODES_MAX];
    uint32_t seen_count;
    instant now, facts_at;
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
        if (!node_eq(node, lane_self(lane))) (void)lane_send(lane, node, kind, bytes);
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
        (void)lane_send(lane, leader, LINK_REPORTS, buffer_slice(&frame));
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

/* --- who is there ---------------------------------------------------------------------------- */

static struct seen *seen_of(struct wiring *wiring, node_id node)
{
    for (uint32_t i = 0; i < wiring->seen_count; i++) {
        if (node_eq(wiring->seen[i].node, node)) return &wiring->seen[i];
    }
    if (wiring->seen_count == NODES_MAX) return NULL;
    struct seen *seen = &wiring->seen[wiring->seen_count++];
    *seen = (struct seen){node, false, wiring->now};
    return seen;
}

static void note_link(struct wiring *wiring, node_id node, bool up)
{
    struct seen *seen = seen_of(wiring, node);
    if (seen != NULL) *seen = (struct seen){node, up, wiring->now};
}

static uint32_t believe(struct wiring *wiring, struct root_belief beliefs[NODES_MAX])
{
    const struct registry *registry = map_registry(wiring->map);
    uint32_t count = 0;
    for (uint32_t i = 0; i < registry_members_count(registry) && count < NODES_MAX; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        struct seen *seen = member->state == MEMBER_REMOVED ? NULL : seen_of(wiring, member->node);
        if (seen == NULL) continue;
        bool gone = !seen->up && wiring->now.ns - seen->since.ns >= GONE_AFTER_NS;
        beliefs[count++] = (struct root_belief){member->node, seen->up ? ROOT_SEEN
                                                              : gone   ? ROOT_GONE
                                                                       : ROOT_UNSURE};
    }
    return count;
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
        note_link(wiring, frame->from, frame->kind == LINK_UP);
        if (frame->kind == LINK_UP) map_meet(wiring->map, frame->from);
    } else if (frame->kind != LINK_REPORTS) {
        map_take_node(wiring->map, frame);
    } else if (wiring->root == NULL ||
               !root_take_reports(wiring->root, frame->from, frame->bytes)) {
        lane_break_link(wiring->lane, frame->from);
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
    uint32_t count = wanted ? believe(wiring, beliefs) : 0;
    tell_facts(wiring);
    instant next = root_turn(wiring->root, wiring->now, unix_ms, beliefs, count);
    if (wiring->lane->links != NULL) welcome_turn(wiring->welcome, wiring->lane->links);
    return next;
}

instant wiring_turn(struct wiring *wiring, instant now, int64_t unix_ms)
{
    wiring->now = now;
    map_begin_turn(wiring->map);
    take_messages(wiring);
    instant next = keeper_turn(wiring->keeper, now, &wiring->reports);
    if (wiring->root != NULL) next = earlier(next, root_part(wiring, unix_ms));
    tell_reports(wiring);
    return earlier(next, map_end_turn(wiring->map, now));
}
