/*
 * lane.h -- one core's share of a node: its log, its links, and the shards that are here.
 *
 * A lane is one thread. It holds many shards (shard.h), each a group of its own that agrees on a
 * log; all of them share the lane's log on disk, so that one flush commits everything that all
 * clients did meanwhile, its links to other nodes, its memory and its turn.
 *
 * The turn (node/turn.c): io_wait; lane_complete and the front doors get their completions; the
 * doors run calls; lane_turn, lane_flush and lane_settle start what is sent and written; the doors
 * send the replies whose gates are open.
 */
#pragma once

#include "core/store/evict.h"
#include "io/io.h"
#include "lane/log.h"
#include "lane/shard.h"

struct lane;                    /* opaque */
struct lane_cluster;            /* cluster.h */
struct lane_replication_config; /* replica.h */
struct link_peer;               /* link.h */
struct wiring;                  /* wiring.h */
struct message;                 /* mailbox.h */

struct lane_start { /* a shard that is here at the start */
    shard_id shard;
    const node_id *members; /* as its group is formed; none: a leader's log will tell */
    uint32_t members_count; /* where the folder has it already, these do not count */
};

struct lane_config {
    uint32_t number, lanes_count;
    uint32_t shards_count; /* of the cluster: 1 … SHARDS_MAX */
    const char *folder;    /* this lane's own, made by the node; borrowed */
    uint64_t seed;         /* of the node's data, the same at every start */
    uint64_t segment_bytes;
    uint64_t memory_max_bytes; /* 0: none. This lane's share */
    struct store_limits limits;
    struct call_settings settings;
    const struct command_table *commands;
    const struct lane_replication_config *replication; /* NULL: solo, groups of one */
    /* Those that shall be here, as well as those that the folder has. NULL: all of this lane's but
     * the root group, of all peers of `replication`; a folder of an older format has such. */
    const struct lane_start *starts;
    uint32_t starts_count;
    bool taken_out; /* of its cluster, solo: all that is here counts, agreed on or not; nothing is
                       decided or logged; snapshots have this node as the only member */
    const struct lane_cluster *cluster; /* cluster.h; NULL: of none, a folder looked at alone */
};

/* Loads the newest snapshots and the log behind them. What was dropped, how many keys and how long
 * it took is in `opened`. */
struct lane_opened {
    uint64_t keys_count, replayed_count;
    uint64_t dropped_bytes;
    char dropped_at[256];
    char set_aside[320]; /* what was damaged, and is got from other nodes again; "": nothing */
    bool is_deaf;        /* lane_cluster.may_be_deaf, and it is: no node can join */
    duration took;
};
MUST_USE enum err lane_open(const struct lane_config *config, struct io *io, struct lane **lane,
                            struct lane_opened *opened, struct fault *fault);
void lane_close(struct lane *lane); /* after lane_is_quiet */
/* A shard of which nothing good is left begins again, empty, with `self` alone as its member; of
 * the folder's log only what comes behind `position` counts for it. */
MUST_USE enum err lane_give_up_shard(const char *folder, shard_id shard, uint32_t shards_count,
                                     uint64_t seed, uint64_t position, node_id self,
                                     struct fault *fault);
/* A lane's folder of before lanes had many shards becomes as later ones are: its one shard, of
 * these members, is said to be here, all of the log counting. Twice does no harm. */
MUST_USE enum err lane_renew_folder(const char *folder, shard_id shard, uint32_t shards_count,
                                    uint64_t seed, const node_id *members, uint32_t count,
                                    struct fault *fault);

uint32_t lane_number(const struct lane *lane);
node_id lane_self(const struct lane *lane);
bool lane_is_replicated(const struct lane *lane);
/* Another number when of any shard the epoch, the depositions or the losses are (shard.h), or when
 * one was opened or dropped. */
uint64_t lane_news(const struct lane *lane);
struct call_settings *lane_settings(struct lane *lane); /* may be changed by CONFIG SET */
void lane_set_memory_max(struct lane *lane, uint64_t bytes);
bool lane_memory_is_full(struct lane *lane); /* after evicting what may be evicted */
/* maxmemory-policy and its companions, for keys under cache policies. */
struct evict_request *lane_eviction(struct lane *lane);
void lane_set_observer(struct lane *lane, const struct call_observer *observer);
uint64_t lane_durable(const struct lane *lane); /* up to which position its log is on disk */
/* For a small request. One that got SHARD_LATER nevertheless is run again a little later. */
bool lane_has_room(const struct lane *lane);

/* --- shards ---------------------------------------------------------------------------------- */

uint32_t lane_shards_count(const struct lane *lane); /* of the cluster, not of those here */
/* Open one that is not here: empty, of a group of these members; none: it waits for a leader that
 * fills it. ERR_OK: it is here. ERR_CANCELLED: not yet, for its file is written first, without
 * waiting for the disk; or not now, for it was here until a moment ago. Ask again in a later turn.
 */
MUST_USE enum err lane_open_shard(struct lane *lane, shard_id number, const node_id *members,
                                  uint32_t count, struct fault *fault);
/* Its data goes, for good. ERR_OK: it is gone. ERR_CANCELLED: that has begun and will come, in a
 * later turn's lane_turn; or not yet, for enough is under way: ask again. */
MUST_USE enum err lane_drop_shard(struct lane *lane, shard_id number, struct fault *fault);
/* NULL: it is not here. */
struct shard *lane_shard(const struct lane *lane, shard_id shard);
struct shard *lane_shard_of_slot(const struct lane *lane, uint32_t slot);
/* Those that are here, by rising number: the root group last. NULL: that was all. */
struct shard *lane_shard_first(const struct lane *lane);
struct shard *lane_shard_next(const struct lane *lane, const struct shard *shard);
/* Of a lane that has just one. */
struct shard *lane_only(const struct lane *lane);

/* Its part in the cluster; NULL: it is in none. */
struct wiring *lane_wiring(const struct lane *lane);

/* --- other nodes ----------------------------------------------------------------------------- */

/* Who they are from now on, each with the address of its lane 0; self is passed over. */
void lane_set_peers(struct lane *lane, const struct link_peer *peers, uint32_t count);
/* Which lane of that node has the shard, or would have it. */
uint32_t lane_of_shard_at(const struct lane *lane, node_id node, shard_id shard);
/* Does that one understand what is told again (serve/told.h)? An older version does not. */
bool lane_peer_can_be_told(const struct lane *lane, node_id node, uint32_t node_lane);
bool lane_is_linked_to(const struct lane *lane, node_id node, uint32_t node_lane);
/* To and from lanes of the other nodes that may have shards of this one; kinds are of link.h: asks,
 * answers and tells as well as LINK_UP and LINK_DOWN. message->from is the node's number,
 * message->to that lane of it by whose link it came. False: it cannot be sent. */
bool lane_send(struct lane *lane, node_id to, uint32_t to_lane, uint32_t kind, struct slice bytes);
/* What came by it cannot be read. */
void lane_break_link(struct lane *lane, node_id node, uint32_t node_lane);
/* It has said LINK_GONE. */
void lane_part_link(struct lane *lane, node_id node, uint32_t node_lane);
struct message *lane_take_messages(struct lane *lane); /* linked by `next`; the caller frees */

/* Give leadership of all shards away, where there is somebody to take it: before the node stops. */
void lane_hand_over(struct lane *lane);

/* Keys of warm caches that went to who leads now, and that came from who led before; so far. */
void lane_tell_warm(const struct lane *lane, uint64_t *sent, uint64_t *taken);

/* --- the turn -------------------------------------------------------------------------------- */

enum { LANE_TAGS = LOG_TAGS + 64 };
/* The tags that belong to the lane: 1 … LANE_TAGS. */
void lane_complete(struct lane *lane, const struct io_completion *completion);
/* What the calls have changed becomes entries; what came from disk and peers is taken in. */
void lane_turn(struct lane *lane, instant now, int64_t unix_ms);
/* What was sent to other nodes leaves: after lane_turn, for it takes longest to come back; and
 * after the doors' last word. */
void lane_flush(struct lane *lane);
/* Then: the disk is set to work, and while it works what is agreed on goes to the store. Returns
 * when the lane wants to be called again at the latest. */
instant lane_settle(struct lane *lane, instant now, int64_t unix_ms);
bool lane_is_agreed(const struct lane *lane);             /* all gates of all shards are open */
bool lane_is_quiet(const struct lane *lane);              /* nothing to flush, nothing under way */
const struct fault *lane_failed(const struct lane *lane); /* the node must stop */

/* --- snapshots ------------------------------------------------------------------------------- */

/* BGSAVE, SAVE, `tutti backup`: a snapshot of each shard, one after the other. `folder` NULL: the
 * lane's own; it is borrowed until lane_saving says that it is over. ERR_EXISTS: one is under way.
 */
MUST_USE enum err lane_save(struct lane *lane, const char *folder, struct fault *fault);
struct shard_saving lane_saving(const struct lane *lane);     /* of all of them together */
const struct fault *lane_save_fault(const struct lane *lane); /* where last_failed */
const struct log_stats *lane_log_stats(const struct lane *lane);
uint64_t lane_log_bytes(const struct lane *lane);
