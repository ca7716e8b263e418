/*
 * cluster_view.c -- see cluster_view.h.
 *
 *   [V1] nodes rise by number, ranges by slot; ranges do not meet.
 *   [V2] two ranges that touch differ in who leads or who else has them.
 */
#include "serve/cluster_view.h"

#include <stdio.h>

#include "base/prng.h"

/* --- names ----------------------------------------------------------------------------------- */

/* People and tools show the first digits only: those differ most. */
static void name_of(uint64_t cluster, node_id node, uint64_t salt, char name[CLUSTER_NAME_LEN + 1])
{
    struct prng mixed = {cluster ^ salt};
    mixed.state = prng_next(&mixed) + node.n;
    uint64_t first = prng_next(&mixed), second = prng_next(&mixed);
    uint32_t third = (uint32_t)(prng_next(&mixed) >> 32);
    (void)snprintf(name, CLUSTER_NAME_LEN + 1, "%016llx%016llx%08x", (unsigned long long)first,
                   (unsigned long long)second, third);
}

void cluster_name(uint64_t cluster, node_id node, char name[CLUSTER_NAME_LEN + 1])
{
    name_of(cluster, node, 0, name);
}

void cluster_shard_name(uint64_t cluster, node_id node, char name[CLUSTER_NAME_LEN + 1])
{
    enum { OF_SHARDS = 0x5348 };
    name_of(cluster, node, OF_SHARDS, name);
}

/* --- made ------------------------------------------------------------------------------------ */

struct cluster_view *cluster_view_new(struct arena *arena, uint32_t nodes_max, uint32_t ranges_max)
{
    struct cluster_view *view = ARENA_NEW(arena, struct cluster_view);
    view->nodes = ARENA_ARRAY(arena, struct cluster_node, nodes_max);
    view->ranges = ARENA_ARRAY(arena, struct cluster_range, ranges_max);
    view->nodes_max = nodes_max;
    view->ranges_max = ranges_max;
    return view;
}

void cluster_view_add_node(struct cluster_view *view, const struct cluster_node *node)
{
    ASSERT(view->nodes_count < view->nodes_max);
    ASSERT(view->nodes_count == 0 ||
           view->nodes[view->nodes_count - 1].node.n < node->node.n); /* [V1] */
    struct cluster_node *added = &view->nodes[view->nodes_count++];
    *added = *node;
    added->leads_count = 0;
    added->master = NODE_NONE;
    cluster_name(view->cluster, node->node, added->name);
}

static bool same_nodes(const struct cluster_range *a, const struct cluster_range *b)
{
    if (!node_eq(a->leader, b->leader) || a->others_count != b->others_count) return false;
    for (uint32_t i = 0; i < a->others_count; i++)
        if (!node_eq(a->others[i], b->others[i])) return false;
    return true;
}

void cluster_view_add_range(struct cluster_view *view, const struct cluster_range *range)
{
    struct cluster_range *before =
        view->ranges_count == 0 ? NULL : &view->ranges[view->ranges_count - 1];
    ASSERT(range->first <= range->last);
    ASSERT(before == NULL || before->last < range->first); /* [V1] */
    if (before != NULL && before->last + 1 == range->first && same_nodes(before, range)) {
        before->last = range->last; /* [V2] */
        return;
    }
    ASSERT(view->ranges_count < view->ranges_max);
    view->ranges[view->ranges_count++] = *range;
}

static struct cluster_node *node_of(const struct cluster_view *view, node_id node)
{
    uint32_t low = 0, high = view->nodes_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (view->nodes[middle].node.n < node.n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < view->nodes_count && node_eq(view->nodes[low].node, node);
    return found ? &view->nodes[low] : NULL;
}

void cluster_view_close(struct cluster_view *view)
{
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        struct cluster_node *leader = node_of(view, view->ranges[i].leader);
        if (leader != NULL) leader->leads_count++;
    }
    for (uint32_t i = 0; i < view->ranges_count; i++) {
        const struct cluster_range *range = &view->ranges[i];
        for (uint32_t other = 0; other < range->others_count; other++) {
            struct cluster_node *node = node_of(view, range->others[other]);
            if (node == NULL || node->leads_count > 0 || node->master.n != 0) continue;
            node->master = range->leader;
        }
    }
}

const struct cluster_node *cluster_view_node(const struct cluster_view *view, node_id node)
{
    return node_of(view, node);
}

const struct cluster_node *cluster_view_named(const struct cluster_view *view, struct slice name)
{
    for (uint32_t i = 0; i < view->nodes_count; i++)
        if (slice_eq(name, slice_text(view->nodes[i].name))) return &view->nodes[i];
    return NULL;
}
