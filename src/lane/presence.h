/*
 * presence.h -- who of the members is there, as this node sees it: by gossip, and by the links of
 * lane 0. One a node, on lane 0.
 *
 * Who has a link, or is alive to gossip, is there. Gone is only who has neither: for gossip it is
 * dead or unknown, and the link has been down for a while.
 */
#pragma once

#include "lane/map_impl.h"
#include "lane/root.h"

struct presence; /* opaque */
struct gossip;

/* Without a port for other nodes, or where it is taken, there are the links alone. */
struct presence *presence_new(struct lane *lane, const struct lane_cluster *cluster);
void presence_free(struct presence *presence); /* NULL is allowed */
void presence_complete(struct presence *presence, const struct io_completion *completion);
instant presence_turn(struct presence *presence, instant now); /* when it wants the next */

void presence_note_link(struct presence *presence, node_id node, bool up);
/* The other members, and where their lane 0 is. */
void presence_set_peers(struct presence *presence, const struct link_peer *peers, uint32_t count);
/* Datagrams of gossip; 0 where there is none. */
void presence_count_messages(const struct presence *presence, uint64_t *sent, uint64_t *received);
/* At most NODES_MAX. */
uint32_t presence_believe(struct presence *presence, const struct registry *registry,
                          struct root_belief beliefs[NODES_MAX]);
