/*
 * cluster_view.h -- the cluster as clients of Redis Cluster are told of it: nodes, and ranges of
 * slots with who leads them and who else has them.
 *
 * Neighbouring shards with the same nodes in the same parts are one range. A node may lead some
 * ranges and hold copies of others: where Redis knows one part for a node (CLUSTER NODES), one that
 * leads anything is a master, one that leads nothing is a replica of the first whose data it has.
 *
 * Pure: made by cluster_map.c from the registry and who leads, and shown in Redis 7.2's shapes.
 */
#pragma once

#include "base/arena.h"
#include "core/registry/registry.h"
#include "core/resp/reply.h"

enum { CLUSTER_NAME_LEN = 40 };

enum cluster_health {
    CLUSTER_ONLINE,
    CLUSTER_LOADING, /* has joined, and was not seen yet */
    CLUSTER_FAILED
};

struct cluster_node {
    node_id node;
    char name[CLUSTER_NAME_LEN + 1]; /* cluster_name: made by cluster_view_add_node */
    struct registry_text host;       /* that clients can reach; "": the one they have used */
    uint16_t port, peer_port;
    enum cluster_health health;
    bool cut_off;     /* it counts as alive, but this node has no link to it */
    int64_t since_ms; /* of its state; Unix time */
    uint64_t offset;  /* how far its log is; 0: not known here */
    uint32_t leads_count;
    node_id master; /* of one that leads nothing: whose data it has; NODE_NONE: it has none */
};

struct cluster_range {
    uint32_t first, last; /* slots */
    node_id leader;
    node_id others[REGISTRY_REPLICAS_MAX]; /* by rising node */
    uint32_t others_count;
};

struct cluster_view {
    uint64_t cluster, epoch;
    node_id self;
    int64_t now_ms;
    struct cluster_node *nodes; /* by rising node */
    uint32_t nodes_count, nodes_max;
    struct cluster_range *ranges; /* by rising slot */
    uint32_t ranges_count, ranges_max;
    /* Slots that nobody leads now, though somebody could; and that nobody can lead, for a majority
     * of their copies is away. */
    uint32_t leaderless_slots, lost_slots;
    uint64_t pings_sent, pings_received, messages_sent, messages_received; /* to and from nodes */
};

/* 40 hex digits, the same for ever. */
void cluster_name(uint64_t cluster, node_id node, char name[CLUSTER_NAME_LEN + 1]);
/* Of what a node leads; Redis's shard id. */
void cluster_shard_name(uint64_t cluster, node_id node, char name[CLUSTER_NAME_LEN + 1]);

/* Nodes are added first, by rising node; then ranges, by rising slot; then it is closed. */
struct cluster_view *cluster_view_new(struct arena *arena, uint32_t nodes_max, uint32_t ranges_max);
void cluster_view_add_node(struct cluster_view *view, const struct cluster_node *node);
void cluster_view_add_range(struct cluster_view *view, const struct cluster_range *range);
void cluster_view_close(struct cluster_view *view);

/* NULL: nobody has that number, or that name. */
const struct cluster_node *cluster_view_node(const struct cluster_view *view, node_id node);
const struct cluster_node *cluster_view_named(const struct cluster_view *view, struct slice name);

/* cluster_reply.c: the answers. */
void cluster_reply_slots(const struct cluster_view *view, struct reply *reply);
void cluster_reply_shards(const struct cluster_view *view, struct arena *arena,
                          struct reply *reply);
void cluster_append_nodes(const struct cluster_view *view, struct buffer *out);
void cluster_append_info(const struct cluster_view *view, struct buffer *out);
/* A line for each that has copies of what `master` leads. */
void cluster_reply_replicas(const struct cluster_view *view, const struct cluster_node *master,
                            struct reply *reply);
