/* cluster_map.h -- what a client is told of the cluster, made from what this lane knows. */
#pragma once

#include "serve/cluster_view.h"
#include "serve/session.h"

struct cluster_source {
    const struct registry *registry; /* formed */
    const node_id *leaders;          /* [shards_count]; NODE_NONE: not known */
    node_id self;
    struct registry_text own_host; /* and port: where this node can be reached, if the registry
                                      says nothing or "any address" */
    uint16_t own_port;
    uint64_t own_offset;
    int64_t now_ms;
    const node_id *cut_off; /* that this node has no link to */
    uint32_t cut_off_count;
};
/* A shard without a known leader, or with a dead one, is shown at the node that is most likely to
 * lead it next: a map with holes is refused by clients, and who asks there waits. */
struct cluster_view *cluster_map_make(const struct cluster_source *source, struct arena *arena);

/* As this client is to see it. Lives in `arena`. */
struct cluster_view *cluster_map_view(const struct server *server, const struct session *session,
                                      struct arena *arena);
uint64_t cluster_map_id(const struct server *server);   /* of the cluster */
bool cluster_map_is_alone(const struct server *server); /* a cluster of one */

/* Who is to be asked for a slot's keys, and where; false: it is this node, or nobody can tell. */
struct cluster_place {
    const char *host;
    uint16_t port;
    bool replica_here;
};
bool cluster_map_elsewhere(const struct server *server, uint32_t slot, struct cluster_place *place);
