/*
 * wiring.h -- where a lane's part in the cluster comes together: its map, its keeper, and on lane 0
 * the root's duties and gossip. Nothing else knows more than one of them.
 *
 * Lanes of a node talk of this by mailboxes of their own; lanes 0 of nodes by links.
 */
#pragma once

#include "lane/cluster.h"
#include "lane/link.h"
#include "lane/map.h"

struct wiring; /* opaque: one a lane */

enum wiring_kind { WIRING_MAP = 1, WIRING_LEADS, WIRING_REPORTS, WIRING_WISH };

struct wiring *wiring_new(struct lane *lane, const struct lane_cluster *cluster);
void wiring_free(struct wiring *wiring); /* NULL is allowed */
/* Once in each turn, when replicas have had theirs; it runs calls. When it wants to be called
 * again.
 */
instant wiring_turn(struct wiring *wiring, instant now, int64_t unix_ms);
void wiring_complete(struct wiring *wiring, const struct io_completion *completion);
void wiring_take_frame(struct wiring *wiring, const struct link_frame *frame); /* UP, DOWN too */

/* What a person asks for (a MEMBER_STATE or a SETTING), or a node that is not linked to (its
 * MEMBER_FACTS), goes to the leader of the root group, from
 * any lane of any node. It may get lost: whoever asks looks at the map, and asks again. */
void wiring_wish(struct wiring *wiring, const struct registry_event *event);

struct map *wiring_map(const struct wiring *wiring);
struct root *wiring_root(const struct wiring *wiring); /* NULL: not lane 0 */

/* Between this lane and other nodes: datagrams of gossip (lane 0), and frames of links. */
struct wiring_messages {
    uint64_t gossip_sent, gossip_received, link_sent, link_received;
};
void wiring_count_messages(const struct wiring *wiring, struct wiring_messages *told);

/* --- for its parts --------------------------------------------------------------------------- */

void wiring_tell_lanes(struct lane *lane, enum wiring_kind kind, struct slice bytes); /* others */
void wiring_tell_first(struct lane *lane, enum wiring_kind kind, struct slice bytes); /* lane 0 */
void wiring_tell_nodes(struct lane *lane, enum link_kind kind, struct slice bytes);   /* lane 0 */
