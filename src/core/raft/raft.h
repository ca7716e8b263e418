/*
 * raft.h -- one member of one Raft group, as a pure state machine (Ongaro and Ousterhout 2014;
 * Ongaro's thesis for pre-vote, check-quorum, joint consensus, read index, leases, transfer).
 *
 * It owns no clock, socket, disk or thread. What happened comes in as an event; what must be done
 * goes out in an outbox; the same events always give the same outboxes. What promises something
 * that must survive (a vote, an acknowledgement) is only said once it is durable: raft itself
 * keeps it back until RAFT_EV_DURABLE, so that messages may always be sent at once.
 *
 * The driver, which is lane/replica.c, settles outboxes strictly in turn, and for each one it owes:
 *
 *   1. write, in this order, into one log: `hard` if hard_changed; then, if `truncated`, nothing
 *      more (an entry with an index that was there already replaces it and all behind it); then the
 *      entries of `append`;
 *   2. send `msgs`, filling in the bytes of a snapshot's part;
 *   3. report with RAFT_EV_DURABLE what has become durable, whenever it has;
 *   4. apply the log up to `commit` (raft_entries), and report it with RAFT_EV_APPLIED;
 *   5. step RAFT_EV_TICK at `deadline` or soon after;
 *   6. store the part of a snapshot that `chunk` has, and report with RAFT_EV_CHUNK_STORED; when an
 *      outbox says `install`, load what was stored, and report with RAFT_EV_INSTALLED.
 *
 * A leader may append entries of its own in any step: a driver that numbers entries before it
 * proposes them, from raft_last on, proposes what it has before it steps anything else.
 *
 * Recovering (as in Viewstamped Replication Revisited, Liskov and Cowling 2012): a member that may
 * have forgotten what it promised neither votes nor campaigns, and its acknowledgements count for
 * nothing, until it holds an entry that the leader appended after it came back and that was
 * committed without counting it.
 */
#pragma once

#include "base/arena.h"
#include "core/raft/raft_members.h"
#include "core/raft/raft_msg.h"

enum { RAFT_OUT_MSGS_MAX = 4 * RAFT_MEMBERS_MAX };

struct raft_config {
    node_id self;
    duration election_min, election_max; /* silence after which a follower campaigns */
    duration heartbeat;
    duration hibernate_after; /* an idle group falls silent; 0: never */
    bool lease;               /* reads trust clocks to drift by less than the following */
    uint32_t drift_percent;
    size_t window_bytes; /* of entries on their way to one member */
    uint32_t window_entries;
    size_t append_bytes; /* of one append message, about */
    size_t chunk_bytes;  /* of a part of a snapshot */
    size_t tail_bytes;   /* of entries kept in memory, once durable and applied */
    uint64_t seed;       /* the only source of chance in here; another one at each start */
};

struct raft_hard { /* must survive a crash */
    uint64_t term;
    node_id vote; /* NODE_NONE: no vote cast in `term` */
    bool recovering;
};

/* What the disk had. */
struct raft_start {
    struct raft_hard hard;
    struct raft_pos snapshot;    /* {0, 0}: none */
    struct raft_members members; /* as of the snapshot, or the first */
    instant now;
};

enum raft_event_kind {
    RAFT_EV_TICK = 1,
    RAFT_EV_MSG,
    RAFT_EV_PROPOSE, /* only while raft_may_propose */
    RAFT_EV_ALONE,   /* of who may propose and is alone: entries up to `pos`, behind all that raft
                        has, were appended without a proposal, and are durable */
    RAFT_EV_DURABLE,
    RAFT_EV_APPLIED,
    RAFT_EV_READ,      /* start a round: see raft_read_round */
    RAFT_EV_MEMBERS,   /* change them, learners first; only while raft_may_change_members */
    RAFT_EV_TRANSFER,  /* hand leadership over; to NODE_NONE: to whoever has most */
    RAFT_EV_PEER_DOWN, /* the link to `peer` is gone: it may be dead */
    RAFT_EV_PEER_UP,
    RAFT_EV_PEER_SPEAKS,  /* a long message of `peer` is on its way, and comes forward */
    RAFT_EV_COMPACTED,    /* the driver has a snapshot of `pos`, `bytes_count` long */
    RAFT_EV_CHUNK_STORED, /* `chunk` of the last outbox is stored; or ok false */
    RAFT_EV_INSTALLED,    /* the snapshot of `pos` with `members` is what the store now holds */
    RAFT_EV_FORMED        /* nobody has ever had data: recovering is over. In `term` and before
                             another life of this member may have voted */
};

struct raft_event {
    enum raft_event_kind kind;
    instant now;                /* never earlier than in the last event */
    const struct raft_msg *msg; /* of MSG; borrowed until the step returns (batches by reference) */
    bool no_room;               /* of MSG: the log's disk is full; entries cannot be taken */
    struct raft_batch *batch;   /* of PROPOSE; stamped, and a reference kept */
    uint64_t durable_index;     /* of DURABLE: entries up to here, as they were last appended … */
    uint64_t durable_hard;      /* … and this many changes of `hard` (raft_outbox.hard_count) */
    uint64_t index;             /* of APPLIED */
    uint64_t term;              /* of FORMED; 0: none */
    struct raft_members members; /* of MEMBERS: as they shall be; of INSTALLED: of the snapshot */
    node_id peer;                /* of TRANSFER, PEER_DOWN, PEER_UP, PEER_SPEAKS */
    struct raft_pos pos;         /* of COMPACTED, INSTALLED */
    uint64_t bytes_count;        /* of COMPACTED */
    uint64_t offset;             /* of CHUNK_STORED: stored up to here */
    bool ok;                     /* of CHUNK_STORED */
};

struct raft_chunk { /* a part of a snapshot, to be stored */
    struct raft_pos pos;
    uint64_t total_bytes, offset;
    struct slice bytes; /* borrowed from the message */
};

struct raft_outbox {
    struct raft_hard hard;
    uint64_t hard_count; /* changes of `hard` so far */
    bool hard_changed;
    bool truncated; /* entries from `truncated_from` on are no more */
    uint64_t truncated_from;
    struct raft_span append[RAFT_SPANS_MAX];
    uint32_t append_count;                   /* 0: nothing new */
    struct raft_msg msgs[RAFT_OUT_MSGS_MAX]; /* spans borrow: valid until the next step */
    uint32_t msgs_count;
    struct raft_chunk chunk;
    bool has_chunk;
    bool install; /* all of the snapshot is stored: load it */
    uint64_t commit;
    instant deadline; /* INT64_MAX: none */
};

struct raft; /* opaque: lives in the arena; raft_free gives back the batches it holds */

/* Its first step, when the log is restored, is a TICK. */
struct raft *raft_new(struct arena *arena, const struct raft_config *config,
                      const struct raft_start *start);
void raft_free(struct raft *raft);
/* Before the first step: the log behind the snapshot, in order, as it is on disk. A later one with
 * an index that was there replaces it and all behind it: also one that the snapshot has, so these
 * are passed too; but not what was written before a snapshot that a leader sent. All is durable. */
void raft_restore(struct raft *raft, struct raft_batch *batch);
/* Behind that: all up to here was known to be agreed on, and is in the log as it was. */
void raft_restore_commit(struct raft *raft, uint64_t commit);
void raft_step(struct raft *raft, const struct raft_event *event, struct raft_outbox *out);
void raft_check(const struct raft *raft); /* asserts all invariants */

/* --- readers --------------------------------------------------------------------------------- */

enum raft_role { RAFT_FOLLOWER, RAFT_PRE_CANDIDATE, RAFT_CANDIDATE, RAFT_LEADER };

enum raft_role raft_role(const struct raft *raft);
node_id raft_leader(const struct raft *raft); /* NODE_NONE: not known */
uint64_t raft_term(const struct raft *raft);
uint64_t raft_commit(const struct raft *raft);
struct raft_pos raft_last(const struct raft *raft);
bool raft_is_recovering(const struct raft *raft);
/* Leads, has committed in its term, hands nothing over, and has less than tail_bytes that are not
 * committed. */
bool raft_may_propose(const struct raft *raft);
/* The group has no other member: what is durable with its leader is agreed on. */
bool raft_is_alone(const struct raft *raft);
/* While learners are waited for, too: the last word counts, so that one who died is not waited for.
 * What has caught up so far is counted again. */
bool raft_may_change_members(const struct raft *raft);
/* What it promises. True: it is durable. */
bool raft_hard(const struct raft *raft, struct raft_hard *hard);
const struct raft_members *raft_members(const struct raft *raft);
/* As of an entry, for a snapshot there. False: that is not known any more. */
bool raft_members_at(const struct raft *raft, uint64_t index, struct raft_members *members);
/* The term of an entry; false: it is not in memory any more, or not there yet. */
bool raft_term_at(const struct raft *raft, uint64_t index, uint64_t *term);
/* Entries from `from` to `until`, at most what one span has. False: they are not in memory. */
bool raft_entries(const struct raft *raft, uint64_t from, uint64_t until, struct raft_span *span);

/* Until then a leader may answer reads of what it has applied without asking anybody. In the past:
 * a round is needed. */
instant raft_lease_until(const struct raft *raft);
/* Rounds: a read that may not use the lease asks for raft_read_round, steps RAFT_EV_READ once a
 * turn, and may run when raft_rounds_done has reached its number and raft_read_index is applied.
 * Works on followers as well. Numbers start again at no time; a round that fails is followed by
 * others. */
uint64_t raft_read_round(const struct raft *raft);
uint64_t raft_rounds_done(const struct raft *raft);
uint64_t raft_read_index(const struct raft *raft);

struct raft_peer { /* how a member does, as its leader sees it */
    node_id node;
    uint64_t matched;
    bool is_active, is_recovering, no_room;
    bool needs_snapshot;                 /* and there is none that helps: make one */
    bool gets_snapshot;                  /* keep the last one: its bytes are asked for */
    uint64_t snapshot_bytes, sent_bytes; /* then: how long it is, and how much the member has */
    uint64_t sent_from; /* what it had when it first said so, and when; 0: it has not yet */
    instant sent_since;
};
uint32_t raft_peers(const struct raft *raft, struct raft_peer peers[RAFT_MEMBERS_MAX]);

struct raft_stats {
    uint64_t elections_started, elections_won, leaders_seen, snapshots_sent, snapshots_received;
    uint64_t appends_refused;
};
const struct raft_stats *raft_stats(const struct raft *raft);
