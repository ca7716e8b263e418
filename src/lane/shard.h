/*
 * shard.h -- one replica of one shard: its store, its place in a group that agrees on one log, its
 * snapshots, and how a call runs on it.
 *
 * A call is executed at once on the store; what it changed in a strong policy is appended to the
 * group's log; and every reply that could have seen something not yet agreed on waits for its gate:
 * the index in that log that must be committed before the reply may leave. A gate means something
 * for its shard alone. Cache keys are neither logged nor gated.
 *
 * A shard lives in a lane (lane.h), which has the disk, the links and the turn for all of its
 * shards. Pointers to it, and to its store, are good until the next lane_turn.
 */
#pragma once

#include "cmd/call.h"
#include "core/store/store.h"

struct lane;  /* lane.h */
struct raft;  /* core/raft */
struct shard; /* opaque */

shard_id shard_number(const struct shard *shard);
struct store *shard_store(struct shard *shard);
/* Let the store's time be now, as far as it may: a follower's is that of its log. */
void shard_set_time(struct shard *shard);

/* --- running calls --------------------------------------------------------------------------- */

enum shard_ran {
    SHARD_RAN,  /* the reply is written, or the call blocks (call->block.wanted) */
    SHARD_LATER /* nothing happened: the log is making room. Run it again when lane_has_room */
};
/* Fills in store, settings, observer and `changes`; the reply is appended to call->reply. `*gate`
 * becomes the greater of itself and the index that this reply waits for. Refusals (-OOM,
 * -DISKFULL, keys of two modes) are replies too. */
enum shard_ran shard_run(struct shard *shard, struct call *call, uint64_t *gate);

/* Several calls as one: all of them are one record of the log, or none is. shard_begin may refuse
 * as shard_run does: with SHARD_LATER, or by a refusal in `reply` (then *refused). */
enum shard_ran shard_begin(struct shard *shard, const struct call *calls, uint32_t count,
                           struct reply *reply, bool *refused);
void shard_end(struct shard *shard, uint64_t *gate);

uint64_t shard_agreed(const struct shard *shard); /* gates up to here are open: committed */
/* Is it open? If not, *position is what lane_durable must reach, whatever becomes of the group,
 * where that had no other member when the gate was given; else 0: shard_agreed must reach it. */
bool shard_is_open(const struct shard *shard, uint64_t index, uint64_t *position);
uint64_t shard_last(const struct shard *shard);
uint64_t shard_calls(const struct shard *shard);      /* that have run here, so far */
uint64_t shard_used_bytes(const struct shard *shard); /* of memory, by its keys and values */
/* Of the store as it is at the log's time: equal on all replicas at one index of the log. */
void shard_digest(struct shard *shard, uint8_t digest[20]);

/* --- replication ----------------------------------------------------------------------------- */

/* Where a call may run now. Of a group of one: always here. */
enum shard_way {
    SHARD_HERE,      /* shard_run it, in this turn */
    SHARD_AT_LEADER, /* on the node shard_leader */
    SHARD_WAIT       /* not known yet: ask again when shard_epoch has changed */
};
/* Strong reads run here on the leader with a lease, else after a round that confirms what they may
 * see, on followers too; at the leader where this node is behind: *`round` is the asker's, 0 before
 * the first time; it is kept between two times that say SHARD_WAIT, and 0 again after. `stale`: a
 * READONLY client, reads run here at once, unless what is here may be taken away again. Writes,
 * blocking calls, and all calls on cache keys need the leader. */
enum shard_way shard_way(struct shard *shard, const struct call *call, bool stale, uint64_t *round);
/* The same for something that is no call but changes data: EXEC, and what it must see. */
enum shard_way shard_way_of_write(struct shard *shard);
uint64_t shard_epoch(const struct shard *shard); /* changes when shard_way may say something new */

bool shard_is_leader(const struct shard *shard);
node_id shard_leader(const struct shard *shard);     /* NODE_NONE: nobody that we know */
bool shard_is_recovering(const struct shard *shard); /* it was lost, or is new, and is filled */
/* How often it has ceased to lead: whoever waits for keys or watches them must look again. */
uint64_t shard_depositions(const struct shard *shard);
/* How often entries that replies wait for went from this shard's log. Then gates at or past *`from`
 * (of the last time) mean nothing any more. *`for_good`: what took their place is agreed on, so
 * they never will be; else another node may still have them, or a snapshot that came. Between two
 * turns it may grow by one at most. */
uint64_t shard_losses(const struct shard *shard, uint64_t *from, bool *for_good);

enum { SHARD_PEERS_MAX = 9 };
struct shard_peer_told {
    node_id node;
    char address[80];
    bool is_up, is_active, is_recovering, is_voter, no_room;
    uint64_t matched; /* only the leader knows */
    char trouble[200];
};
struct shard_replication {
    node_id self, leader;
    const char *role; /* "solo", "leader", "follower", "candidate", "recovering" */
    uint64_t term, last, commit, durable;
    uint64_t applied; /* 0 while the store is of another log, and about to be loaded again */
    bool has_lease;
    uint64_t elections_started, elections_won, leaders_seen, snapshots_sent, snapshots_received;
    uint64_t reloads, repairs, appends_refused;
    struct shard_peer_told peers[SHARD_PEERS_MAX]; /* without self */
    uint32_t peers_count;
};
void shard_tell_replication(const struct shard *shard, struct shard_replication *told);
/* For who looks at all replicas together, as the simulator and the registry's keeper do. */
const struct raft *shard_raft(const struct shard *shard);

/* Give leadership away, if there is somebody to take it; to NODE_NONE: to whoever has most. */
void shard_hand_over(struct shard *shard, node_id to);
/* Change who belongs to the group; learners first. ERR_CANCELLED: not now, not here. ERR_LIMIT: old
 * and new ones are too many at once. */
MUST_USE enum err shard_change_members(struct shard *shard, const node_id *voters, uint32_t count,
                                       struct fault *fault);

/* --- snapshots ------------------------------------------------------------------------------- */

/* `folder` NULL: the lane's own. ERR_EXISTS: one of this lane is under way. */
MUST_USE enum err shard_save(struct shard *shard, const char *folder, struct fault *fault);
struct shard_saving {
    bool active;
    double progress;      /* 0 … 1 */
    int64_t last_done_ms; /* Unix time; of the last good one, or of the start */
    bool last_failed;
    duration last_took;
    uint64_t changes_since; /* changes since the last one */
};
struct shard_saving shard_saving(const struct shard *shard);
