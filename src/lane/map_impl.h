/*
 * map_impl.h -- inside of a lane's map of the cluster, and how maps of lanes and nodes meet.
 *
 * Between nodes, lanes 0 only. LINK_MAP begins with a byte: MAP_SAYS, then the sender's epoch
 * (u64); who has a newer one answers with MAP_WHOLE, then registry_write's bytes; who has an older
 * one says so, and gets it. Said when a link comes up and once a second; what is new is sent at
 * once. LINK_LEADS is a run of leads: shard, leader, term, settled, as varints.
 *
 * Between the lanes of a node the same bytes go by mailbox, by way of lane 0.
 */
#pragma once

#include "lane/cluster.h"
#include "lane/lane_impl.h"
#include "lane/map.h"

enum { MAP_SAYS = 1, MAP_WHOLE };
enum { MAP_WHOLE_BYTES_MAX = 16 << 20 };

struct map_lead {
    node_id leader;
    uint64_t term;
    uint64_t settled; /* the epoch of the shard's place that its members are as; 0: they differ */
};

struct map {
    struct lane *lane;
    const struct lane_cluster *cluster;
    struct registry *registry, *before; /* `before`: until the turn ends */
    struct buffer whole;                /* its bytes; empty: not formed */
    struct map_lead *leads;             /* [shards_count + 1]: the root last */
    struct buffer news, own_news;       /* leads to tell: all to lanes, our node's to nodes */
    uint64_t changes;
    instant said_at, saved_at;
    bool unsaved;
};

struct map *map_open(struct lane *lane, const struct lane_cluster *cluster);
void map_close(struct map *map);
void map_begin_turn(struct map *map);
/* What was gathered goes out; when it wants to be called again. */
instant map_end_turn(struct map *map, instant now);

/* Agreed on in the root group. */
void map_adopt(struct map *map, const struct registry *registry);
/* Of a shard that is here, as its replica knows; told to others if it is new. */
void map_note_own(struct map *map, shard_id shard, struct map_lead lead);
uint64_t map_settled(const struct map *map, shard_id shard);

void map_take_lane(struct map *map, uint32_t kind, struct slice bytes); /* of enum wiring_kind */
void map_take_node(struct map *map, const struct link_frame *frame);
void map_meet(struct map *map, node_id node); /* a link has come up */
