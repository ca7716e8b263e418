/* cluster_reply.c -- see cluster_view.h. The shapes are those of Redis 7.2. */
#include <stdlib.h>

#include "serve/cluster_view.h"

/* --- SLOTS ----------------------------------------------------------------------------------- */

static void reply_place(struct reply *reply, const struct cluster_node *node)
{
    enum { FIELDS = 4 };
    reply_array(reply, FIELDS);
    reply_bulk_text(reply, node->host.bytes);
    reply_integer(reply, node->port);
    reply_bulk_text(reply, node->name);
    reply_map(reply, 0); /* no other names */
}

/* Clients know one part for a node: who leads something is not shown as a replica elsewhere. */
static bool is_replica(const struct cluster_node *node)
{
    return node != NULL && node->leads_count == 0;
}

void cluster_reply_slots(const struct cluster_view *view, struct reply *reply)
{
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        const struct cluster_range *range = &view->ranges[i];
        const struct cluster_node *leader = cluster_view_node(view, range->leader);
        if (leader == NULL) continue;
        size_t began = reply_open(reply);
        uint64_t elements = 3;
        reply_integer(reply, range->first);
        reply_integer(reply, range->last);
        reply_place(reply, leader);
        for (uint32_t other = 0; other < range->others_count; other++) {
            const struct cluster_node *node = cluster_view_node(view, range->others[other]);
            if (!is_replica(node) || node->health != CLUSTER_ONLINE) continue;
            reply_place(reply, node);
            elements++;
        }
        reply_close_array(reply, began, elements);
        count++;
    }
    reply_close_array(reply, opened, count);
}

/* --- SHARDS ---------------------------------------------------------------------------------- */

static int nodes_compare(const struct cluster_range *a, const struct cluster_range *b)
{
    if (a->leader.n != b->leader.n) return a->leader.n < b->leader.n ? -1 : 1;
    if (a->others_count != b->others_count) return a->others_count < b->others_count ? -1 : 1;
    for (uint32_t i = 0; i < a->others_count; i++)
        if (a->others[i].n != b->others[i].n) return a->others[i].n < b->others[i].n ? -1 : 1;
    return 0;
}

/* By who has them, then by slot. */
static int ranges_compare(const void *first, const void *second)
{
    const struct cluster_range *const *a = first, *const *b = second;
    int order = nodes_compare(*a, *b);
    if (order != 0) return order;
    return (*a)->first < (*b)->first ? -1 : 1;
}

static const char *health_text(enum cluster_health health)
{
    switch (health) {
    case CLUSTER_ONLINE: return "online";
    case CLUSTER_LOADING: return "loading";
    case CLUSTER_FAILED: return "failed";
    }
    UNREACHABLE("a health");
}

static void reply_node(struct reply *reply, const struct cluster_node *node, const char *role)
{
    enum { FIELDS = 7 };
    reply_map(reply, FIELDS);
    reply_bulk_text(reply, "id");
    reply_bulk_text(reply, node->name);
    reply_bulk_text(reply, "port");
    reply_integer(reply, node->port);
    reply_bulk_text(reply, "ip");
    reply_bulk_text(reply, node->host.bytes);
    reply_bulk_text(reply, "endpoint");
    reply_bulk_text(reply, node->host.bytes);
    reply_bulk_text(reply, "role");
    reply_bulk_text(reply, role);
    reply_bulk_text(reply, "replication-offset");
    reply_integer(reply, (int64_t)node->offset);
    reply_bulk_text(reply, "health");
    reply_bulk_text(reply, health_text(node->health));
}

/* Ranges that the same nodes have. */
static void reply_shard(const struct cluster_view *view, const struct cluster_range *const *ranges,
                        uint32_t count, struct reply *reply)
{
    reply_map(reply, 2);
    reply_bulk_text(reply, "slots");
    reply_array(reply, (uint64_t)count * 2);
    for (uint32_t i = 0; i < count; i++) {
        reply_integer(reply, ranges[i]->first);
        reply_integer(reply, ranges[i]->last);
    }
    reply_bulk_text(reply, "nodes");
    size_t opened = reply_open(reply);
    uint64_t nodes_count = 0;
    const struct cluster_node *node = cluster_view_node(view, ranges[0]->leader);
    if (node != NULL) {
        reply_node(reply, node, "master");
        nodes_count++;
    }
    for (uint32_t i = 0; i < ranges[0]->others_count; i++) {
        node = cluster_view_node(view, ranges[0]->others[i]);
        if (!is_replica(node)) continue;
        reply_node(reply, node, "replica");
        nodes_count++;
    }
    reply_close_array(reply, opened, nodes_count);
}

static void reply_empty_shard(const struct cluster_node *node, struct reply *reply)
{
    reply_map(reply, 2);
    reply_bulk_text(reply, "slots");
    reply_array(reply, 0);
    reply_bulk_text(reply, "nodes");
    reply_array(reply, 1);
    reply_node(reply, node, "master");
}

void cluster_reply_shards(const struct cluster_view *view, struct arena *arena, struct reply *reply)
{
    const struct cluster_range **sorted =
        ARENA_ARRAY(arena, const struct cluster_range *, view->ranges_count);
    for (uint32_t i = 0; i < view->ranges_count; i++) sorted[i] = &view->ranges[i];
    if (view->ranges_count > 0)
        qsort(sorted, view->ranges_count, sizeof(const struct cluster_range *), ranges_compare);
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (uint32_t i = 0, next; i < view->ranges_count; i = next, count++) {
        for (next = i + 1; next < view->ranges_count; next++)
            if (nodes_compare(sorted[i], sorted[next]) != 0) break;
        reply_shard(view, &sorted[i], next - i, reply);
    }
    for (uint32_t i = 0; i < view->nodes_count; i++) {
        const struct cluster_node *node = &view->nodes[i];
        if (node->leads_count > 0 || node->master.n != 0) continue;
        reply_empty_shard(node, reply);
        count++;
    }
    reply_close_array(reply, opened, count);
}

/* --- NODES, REPLICAS ------------------------------------------------------------------------- */

static void append_slots(const struct cluster_view *view, node_id node, struct buffer *out)
{
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        const struct cluster_range *range = &view->ranges[i];
        if (!node_eq(range->leader, node)) continue;
        buffer_append_format(out, " %u", range->first);
        uint32_t last =
            range->last; /* its other copies may be elsewhere: here that does not count */
        for (; i + 1 < view->ranges_count; i++) {
            const struct cluster_range *next = &view->ranges[i + 1];
            if (next->first != last + 1 || !node_eq(next->leader, node)) break;
            last = next->last;
        }
        if (last != range->first) buffer_append_format(out, "-%u", last);
    }
}

static void append_node(const struct cluster_view *view, const struct cluster_node *node,
                        const struct cluster_node *master, struct buffer *out)
{
    bool self = node_eq(node->node, view->self), failed = node->health == CLUSTER_FAILED;
    int64_t heard_ms = self ? 0 : failed ? node->since_ms : view->now_ms;
    bool suspected = !failed && node->cut_off;
    const char *flag = failed ? ",fail" : suspected ? ",fail?" : "";
    buffer_append_format(out, "%s %s:%u@%u %s%s%s", node->name, node->host.bytes, node->port,
                         node->peer_port, self ? "myself," : "",
                         master == NULL ? "master" : "slave", flag);
    if (node->health == CLUSTER_LOADING) buffer_append(out, SLICE(",handshake"));
    buffer_append_format(out, " %s 0 %lld %llu %s", master == NULL ? "-" : master->name,
                         (long long)heard_ms, (unsigned long long)view->epoch,
                         failed || suspected ? "disconnected" : "connected");
    if (master == NULL) append_slots(view, node->node, out);
}

void cluster_append_nodes(const struct cluster_view *view, struct buffer *out)
{
    for (uint32_t i = 0; i < view->nodes_count; i++) {
        const struct cluster_node *node = &view->nodes[i];
        append_node(view, node, cluster_view_node(view, node->master), out);
        buffer_append_byte(out, '\n');
    }
}

static bool has_copies(const struct cluster_view *view, const struct cluster_node *of,
                       const struct cluster_node *node)
{
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        const struct cluster_range *range = &view->ranges[i];
        if (!node_eq(range->leader, of->node)) continue;
        for (uint32_t other = 0; other < range->others_count; other++)
            if (node_eq(range->others[other], node->node)) return true;
    }
    return false;
}

void cluster_reply_replicas(const struct cluster_view *view, const struct cluster_node *master,
                            struct reply *reply)
{
    struct buffer line = {0};
    size_t opened = reply_open(reply);
    uint64_t count = 0;
    for (uint32_t i = 0; i < view->nodes_count; i++) {
        if (!has_copies(view, master, &view->nodes[i])) continue;
        buffer_clear(&line);
        append_node(view, &view->nodes[i], master, &line);
        reply_bulk(reply, buffer_slice(&line));
        count++;
    }
    reply_close_array(reply, opened, count);
    buffer_free(&line);
}

/* --- INFO ------------------------------------------------------------------------------------ */

void cluster_append_info(const struct cluster_view *view, struct buffer *out)
{
    uint32_t assigned = 0, size = 0;
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        const struct cluster_range *range = &view->ranges[i];
        bool known = cluster_view_node(view, range->leader) != NULL;
        if (known) assigned += range->last - range->first + 1;
    }
    for (uint32_t i = 0; i < view->nodes_count; i++) size += view->nodes[i].leads_count > 0;
    uint32_t away = view->leaderless_slots + view->lost_slots;
    const struct {
        const char *name;
        uint64_t value;
    } facts[] = {
        {"cluster_slots_assigned", assigned},
        {"cluster_slots_ok", assigned - u64_min(away, assigned)},
        {"cluster_slots_pfail", view->leaderless_slots},
        {"cluster_slots_fail", view->lost_slots},
        {"cluster_known_nodes", view->nodes_count},
        {"cluster_size", size},
        {"cluster_current_epoch", view->epoch},
        {"cluster_my_epoch", view->epoch},
        {"cluster_stats_messages_ping_sent", view->pings_sent},
        {"cluster_stats_messages_sent", view->messages_sent},
        {"cluster_stats_messages_ping_received", view->pings_received},
        {"cluster_stats_messages_received", view->messages_received},
        {"total_cluster_links_buffer_limit_exceeded", 0},
    };
    bool whole = assigned == KEY_SLOTS && view->lost_slots == 0;
    buffer_append_format(out, "cluster_state:%s\r\n", whole ? "ok" : "fail");
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        buffer_append_format(out, "%s:%llu\r\n", facts[i].name, (unsigned long long)facts[i].value);
}
