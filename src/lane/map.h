/*
 * map.h -- a lane's copy of the registry: which shard is where, as far as this lane has heard.
 *
 * Copies come from lane 0 of this node (mailbox), and from other nodes (LINK_MAP); the one with the
 * higher epoch stays. Lane 0 saves it in the node's folder. Who leads a shard comes by LINK_LEADS
 * and from answers of nodes that were asked: the highest term counts. It is a hint: who is asked
 * and does not lead says so.
 */
#pragma once

#include "core/registry/registry.h"

struct lane;
struct map; /* opaque: one a lane, of lane/lane.h */

struct map *lane_map(const struct lane *lane); /* NULL: it is in no cluster */
/* Not formed until something was heard of it. Good until the end of the turn. */
const struct registry *map_registry(const struct map *map);
uint64_t map_epoch(const struct map *map); /* changes with the registry's */
/* Changes when a hint or the registry has: for who has cached what follows from them. */
uint64_t map_changes(const struct map *map);
/* Who leads it, as far as is known; NODE_NONE: nobody. May be this node. */
node_id map_leader(const struct map *map, shard_id shard);
uint64_t map_leader_term(const struct map *map, shard_id shard);
/* Somebody to ask when no leader is known: a voter that is alive; NODE_NONE: none. */
node_id map_somebody(const struct map *map, shard_id shard);
void map_note_leader(struct map *map, shard_id shard, node_id leader, uint64_t term);
