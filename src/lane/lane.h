/*
 * lane.h -- one core's share of a node: its store, its log, its snapshots, and how a call runs.
 *
 * A lane is one thread. A call is executed at once on the store; what it changed in a strong policy
 * is appended to the log; and every reply that could have seen something not yet durable waits for
 * its gate: the log position that must be durable before the reply may leave. So one flush commits
 * everything that all clients did meanwhile, and nobody sees what a power cut could take back.
 * Cache keys are neither logged nor gated.
 *
 * The turn (node/turn.c): io_wait; lane_complete and the front doors get their completions; the
 * doors run calls; lane_turn, lane_flush and lane_settle start what is sent and written; the doors
 * send the replies whose gates are open.
 */
#pragma once

#include "cmd/call.h"
#include "core/store/evict.h"
#include "io/io.h"
#include "lane/log.h"

struct lane;                    /* opaque */
struct lane_replication_config; /* replica.h */
struct message;                 /* mailbox.h */

struct lane_config {
    uint32_t number, lanes_count;
    const char *folder; /* this lane's own, made by the node; borrowed */
    uint64_t seed;      /* of the node's data, the same at every start */
    uint64_t segment_bytes;
    uint64_t memory_max_bytes; /* 0: none. This lane's share */
    struct store_limits limits;
    struct call_settings settings;
    const struct command_table *commands;
    const struct lane_replication_config *replication; /* NULL: solo, a group of one */
};

/* Loads the newest snapshot and the log behind it. What was dropped, how many keys and how long it
 * took is in `opened`. */
struct lane_opened {
    uint64_t keys_count, replayed_count;
    uint64_t dropped_bytes;
    char dropped_at[256];
    char set_aside[320]; /* what was damaged, and is got from other nodes again; "": nothing */
    duration took;
};
MUST_USE enum err lane_open(const struct lane_config *config, struct io *io, struct lane **lane,
                            struct lane_opened *opened, struct fault *fault);
void lane_close(struct lane *lane); /* after lane_is_quiet */

uint32_t lane_number(const struct lane *lane);
struct store *lane_store(struct lane *lane);
struct call_settings *lane_settings(struct lane *lane); /* may be changed by CONFIG SET */
void lane_set_memory_max(struct lane *lane, uint64_t bytes);
/* Let the store's time be now, as far as it may: a follower's is that of its log. */
void lane_set_time(struct lane *lane);
bool lane_memory_is_full(struct lane *lane); /* after evicting what may be evicted */
/* maxmemory-policy and its companions, for keys under cache policies. */
struct evict_request *lane_eviction(struct lane *lane);
void lane_set_observer(struct lane *lane, const struct call_observer *observer);

/* --- running calls --------------------------------------------------------------------------- */

enum lane_ran {
    LANE_RAN,  /* the reply is written, or the call blocks (call->block.wanted) */
    LANE_LATER /* nothing happened: the log is making room. Run it again when lane_has_room */
};
/* Fills in store, settings, observer and `changes`; the reply is appended to call->reply. `*gate`
 * becomes the greater of itself and the position that this reply waits for. Refusals (-OOM,
 * -DISKFULL, keys of two modes) are replies too. */
enum lane_ran lane_run(struct lane *lane, struct call *call, uint64_t *gate);

/* For a small request. One that got LANE_LATER nevertheless is run again a little later. */
bool lane_has_room(const struct lane *lane);

/* Several calls as one: all of them are one record of the log, or none is. lane_begin may refuse
 * as lane_run does: with LANE_LATER, or by a refusal in `reply` (then *refused). */
enum lane_ran lane_begin(struct lane *lane, const struct call *calls, uint32_t count,
                         struct reply *reply, bool *refused);
void lane_end(struct lane *lane, uint64_t *gate);

uint64_t lane_agreed(const struct lane *lane); /* gates up to here are open: committed */
uint64_t lane_last(const struct lane *lane);
/* Of the store as it is at the log's time: equal on all replicas at one position of the log. */
void lane_digest(struct lane *lane, uint8_t digest[20]);

/* --- replication ----------------------------------------------------------------------------- */

/* Where a call may run now. Of a solo lane: always here. */
enum lane_way {
    LANE_HERE,      /* lane_run it, in this turn */
    LANE_AT_LEADER, /* on the node lane_leader, by the same lane */
    LANE_WAIT       /* not known yet: ask again when lane_epoch has changed */
};
/* Strong reads run here on the leader with a lease, else after a round that confirms what they may
 * see, on followers too; at the leader where this node is behind: *`round` is the asker's, 0 before
 * the first time; it is kept between two times that say LANE_WAIT, and 0 again after. `stale`: a
 * READONLY client, reads run here at once, unless what is here may be taken away again. Writes,
 * blocking calls, and all calls on cache keys need the leader. */
enum lane_way lane_way(struct lane *lane, const struct call *call, bool stale, uint64_t *round);
/* The same for something that is no call but changes data: EXEC, and what it must see. */
enum lane_way lane_way_of_write(struct lane *lane);
uint64_t lane_epoch(const struct lane *lane); /* changes when lane_way may say something new */

bool lane_is_replicated(const struct lane *lane);
bool lane_is_leader(const struct lane *lane);
node_id lane_self(const struct lane *lane);
node_id lane_leader(const struct lane *lane); /* NODE_NONE: nobody that we know */
/* How often this lane has ceased to lead: whoever waits for keys or watches them must look again.
 */
uint64_t lane_depositions(const struct lane *lane);
/* How often entries that replies wait for went from this lane's log. Then gates at or past *`from`
 * (of the last time) mean nothing any more. *`for_good`: what took their place is agreed on, so
 * they never will be; else another node may still have them, or a snapshot that came. Between two
 * turns it may grow by one at most. */
uint64_t lane_losses(const struct lane *lane, uint64_t *from, bool *for_good);

enum { LANE_PEERS_MAX = 9 };
struct lane_peer_told {
    node_id node;
    char address[80];
    bool is_up, is_active, is_recovering, is_voter, no_room;
    uint64_t matched; /* only the leader knows */
    char trouble[200];
};
struct lane_replication {
    node_id self, leader;
    const char *role; /* "solo", "leader", "follower", "candidate", "recovering" */
    uint64_t term, last, commit, applied, durable;
    bool has_lease;
    uint64_t elections_started, elections_won, leaders_seen, snapshots_sent, snapshots_received;
    uint64_t reloads, repairs, appends_refused;
    struct lane_peer_told peers[LANE_PEERS_MAX]; /* without self */
    uint32_t peers_count;
};
void lane_tell_replication(const struct lane *lane, struct lane_replication *told);

/* To and from the same lane of the other nodes; kinds are of link.h: asks, answers and tells as
 * well as LINK_UP and LINK_DOWN. message->from is the node's number. False: it cannot be sent. */
bool lane_send(struct lane *lane, node_id to, uint32_t kind, struct slice bytes);
void lane_break_link(struct lane *lane, node_id node); /* what came by it cannot be read */
struct message *lane_take_messages(struct lane *lane); /* linked by `next`; the caller frees */

/* Give leadership away, if there is somebody to take it: before the node stops. */
void lane_hand_over(struct lane *lane);
/* Change who belongs to the group; learners first. ERR_CANCELLED: not now, not here. */
MUST_USE enum err lane_change_members(struct lane *lane, const node_id *voters, uint32_t count,
                                      struct fault *fault);

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
bool lane_is_quiet(const struct lane *lane);              /* nothing to flush, nothing under way */
const struct fault *lane_failed(const struct lane *lane); /* the node must stop */

/* --- snapshots ------------------------------------------------------------------------------- */

/* BGSAVE, SAVE, `tutti backup`: `folder` NULL: the lane's own. ERR_EXISTS: one is under way. */
MUST_USE enum err lane_save(struct lane *lane, const char *folder, struct fault *fault);
struct lane_saving {
    bool active;
    double progress;      /* 0 … 1 */
    int64_t last_done_ms; /* Unix time; of the last good one, or of the start */
    bool last_failed;
    duration last_took;
    uint64_t changes_since; /* changes since the last one */
};
struct lane_saving lane_saving(const struct lane *lane);
const struct fault *lane_save_fault(const struct lane *lane); /* where last_failed */
const struct log_stats *lane_log_stats(const struct lane *lane);
uint64_t lane_log_bytes(const struct lane *lane);
