/* raft_impl.h -- what the files of raft share. Invariants: raft.c. */
#pragma once

#include "base/prng.h"
#include "core/raft/raft.h"
#include "core/raft/raft_members_impl.h"
#include "core/raft/raft_tail.h"

enum {
    RAFT_FLIGHTS_MAX = 128, /* appends on their way to one member */
    RAFT_SENDS_MAX = 2,     /* appends to one member in one step */
    RAFT_GATHER_MIN = 8,    /* entries on their way: then others gather */
    RAFT_READS_MAX = 8,     /* rounds of reads under way */
    RAFT_TAIL_FACTOR = 4    /* times tail_bytes, for members that are behind and answer */
};
#define RAFT_NEVER     ((instant){INT64_MAX})
#define RAFT_GATHER_NS INT64_C(2000000) /* and for so long, while more are to come */

enum raft_sending {
    RAFT_PROBE,     /* where it agrees is not known: one append, then its answer */
    RAFT_REPLICATE, /* in windows */
    RAFT_SNAPSHOT   /* what it lacks is not in memory any more */
};

struct raft_flight {
    uint64_t first, last;
    size_t bytes;
};

/* A member as its leader sees it, or a candidate. One a member, itself too, at the same place. */
struct raft_progress {
    node_id node;
    bool granted; /* its vote, or pre-vote */
    enum raft_sending sending;
    bool paused; /* of PROBE: an answer is awaited */
    bool recovering, no_room;
    uint64_t matched, next;
    uint64_t commit_sent;
    uint64_t round;   /* the newest that it answered */
    uint64_t rewound; /* the round since which it is sent to anew: older refusals are void */
    instant answered; /* when it answered at all */
    uint64_t welcomed, life;
    struct buffer flights; /* struct raft_flight [RAFT_FLIGHTS_MAX], a ring; made on first use */
    uint32_t flights_head, flights_count;
    size_t flights_bytes;
    instant sent; /* the newest of them */
    /* of SNAPSHOT */
    struct raft_pos snapshot; /* {0, 0}: there was none to send */
    uint64_t snapshot_bytes, offset;
    bool chunk_out, place_known;
    instant chunk_at;
    uint64_t offset_first; /* when it first said where to go on; and when */
    instant offset_since;  /* 0: not yet */
    /* a read that it asked for */
    uint64_t read_number, read_round, read_index;
    /* catching up, before it may vote */
    bool caught_up;
    uint64_t catch_index;
    instant catch_at;
};

struct raft_effective { /* members, from an entry on */
    uint64_t index;
    struct raft_members members;
};

struct raft_read {
    uint64_t number, round, index;
};

struct raft_incoming { /* a snapshot that comes in parts */
    struct raft_pos pos;
    uint64_t total_bytes, stored;
    node_id from;
    bool storing, installing;
};

struct raft {
    struct raft_config config;
    struct prng prng;
    instant now;
    enum raft_role role;
    struct raft_hard hard;
    uint64_t hard_count, hard_durable;
    uint64_t life;
    node_id leader;
    struct raft_tail tail;
    uint64_t durable, commit, applied;
    struct raft_effective effective, before; /* the members that count, and those before them */
    struct raft_progress peers[RAFT_MEMBERS_MAX];
    struct raft_pos snapshot; /* that can be sent */
    uint64_t snapshot_bytes;
    struct raft_stats stats;

    /* a follower's */
    instant heard;       /* from a leader; or the start */
    instant election_at; /* then it campaigns */
    instant reassured;   /* its leader, while a long message came */
    uint64_t matched;    /* with the leader of this term, up to here */
    uint64_t round;      /* the newest that the leader of this term sent; a leader's own last */
    bool answer_due;     /* when more is durable */
    node_id vote_due;    /* when `hard` is durable */
    bool no_room, hibernating;
    struct raft_incoming incoming;

    /* a leader's */
    uint64_t term_first; /* its first own entry */
    instant heartbeat_at, busy_at;
    node_id transfer_to;
    bool transfer_told;
    instant transfer_until;
    bool lease_lost; /* in this term, for good: another was told to campaign */
    bool more;       /* to send: a step at once */
    bool changing;
    struct raft_members target;

    /* reads: numbers of this member's own */
    uint64_t reads_wanted, reads_started, reads_done, read_index;
    struct raft_read reads[RAFT_READS_MAX]; /* a leader's, a ring */
    uint32_t reads_head, reads_count;
    uint64_t read_asked; /* a follower's: this number is asked for; 0: none */
    instant read_retry_at;
};

/* raft.c */
struct raft_msg *raft_push(struct raft *raft, struct raft_outbox *out, enum raft_msg_kind kind,
                           node_id to);
void raft_become_follower(struct raft *raft, uint64_t term, node_id leader);
bool raft_hard_is_durable(const struct raft *raft);
static inline instant raft_after(instant from, duration wait)
{
    return (instant){from.ns > INT64_MAX - wait.ns ? INT64_MAX : from.ns + wait.ns};
}
static inline instant raft_sooner(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}
static inline bool raft_is_self(const struct raft *raft, node_id node)
{
    return node_eq(raft->config.self, node);
}
static inline uint32_t raft_peers_count(const struct raft *raft)
{
    return raft->effective.members.count;
}
struct raft_progress *raft_progress_of(struct raft *raft, node_id node); /* NULL: no other member */

/* raft_vote.c */
bool raft_may_campaign(const struct raft *raft);
bool raft_is_protected(const struct raft *raft); /* a leader was heard too lately to be replaced */
void raft_election_timer(struct raft *raft, instant from);
void raft_leader_down(struct raft *raft);
void raft_pre_campaign(struct raft *raft, struct raft_outbox *out);
void raft_campaign(struct raft *raft, bool transfer, struct raft_outbox *out);
void raft_on_vote_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
void raft_on_vote_answer(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
void raft_vote_durable(struct raft *raft, struct raft_outbox *out);

/* raft_append.c: the log, a follower's side */
void raft_on_append_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
struct raft_msg *raft_append_answer(struct raft *raft, node_id to, struct raft_outbox *out);
void raft_append_refuse(struct raft *raft, const struct raft_msg *ask, struct raft_pos hint,
                        struct raft_outbox *out);
void raft_effective_from(struct raft *raft, struct raft_batch *batch, uint32_t skip);
void raft_effective_set(struct raft *raft, uint64_t index, const struct raft_members *members);
void raft_effective_cut(struct raft *raft, uint64_t from);
void raft_tail_trim(struct raft *raft);

/* raft_lead.c: the log, a leader's side */
void raft_become_leader(struct raft *raft, struct raft_outbox *out);
void raft_lead_append(struct raft *raft, struct raft_batch *batch, struct raft_outbox *out);
void raft_lead_append_one(struct raft *raft, enum raft_entry_kind kind, struct slice payload,
                          struct raft_outbox *out);
void raft_lead_commit(struct raft *raft);
void raft_round_begin(struct raft *raft);
void raft_lead_tick(struct raft *raft, struct raft_outbox *out);
void raft_heartbeat(struct raft *raft, struct raft_outbox *out); /* to all, in a new round */
void raft_wake(struct raft *raft, struct raft_outbox *out);
uint64_t raft_round_of_quorum(const struct raft *raft);

static inline struct raft_flight *raft_flights(const struct raft_progress *peer)
{
    return (struct raft_flight *)(void *)peer->flights.data;
}

/* raft_progress.c: what is sent to each member */
void raft_progress_reset(struct raft *raft, struct raft_progress *peer);
void raft_progress_rewind(struct raft *raft, struct raft_progress *peer);
void raft_replicate(struct raft *raft, struct raft_outbox *out);
void raft_push_append(struct raft *raft, struct raft_progress *peer, bool hibernate,
                      struct raft_outbox *out);
void raft_on_append_answer(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
bool raft_progress_is_active(const struct raft *raft, const struct raft_progress *peer);
void raft_progress_heard(struct raft *raft, struct raft_progress *peer, uint64_t round,
                         bool recovering, uint64_t life, struct raft_outbox *out);

/* raft_read.c */
void raft_on_read(struct raft *raft);
void raft_reads_advance(struct raft *raft, struct raft_outbox *out);
void raft_reads_forget(struct raft *raft);
void raft_on_read_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
void raft_on_read_answer(struct raft *raft, const struct raft_msg *msg);

/* raft_snapshot.c */
void raft_snapshot_begin(struct raft *raft, struct raft_progress *peer);
void raft_snapshot_send(struct raft *raft, struct raft_progress *peer, struct raft_outbox *out);
void raft_on_snapshot_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
void raft_on_snapshot_answer(struct raft *raft, const struct raft_msg *msg,
                             struct raft_outbox *out);
void raft_on_chunk_stored(struct raft *raft, const struct raft_event *event,
                          struct raft_outbox *out);
void raft_on_installed(struct raft *raft, const struct raft_event *event, struct raft_outbox *out);
void raft_on_compacted(struct raft *raft, const struct raft_event *event);

/* raft_change.c: members, and handing over */
void raft_on_members(struct raft *raft, const struct raft_members *target);
void raft_change_advance(struct raft *raft, struct raft_outbox *out);
void raft_on_transfer(struct raft *raft, node_id to);
void raft_transfer_advance(struct raft *raft, struct raft_outbox *out);
void raft_on_timeout_now(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out);
