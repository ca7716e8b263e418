/*
 * replica_impl.h -- the parts of a replica, and what they do for each other and for their lane.
 *
 *   replica.c           the driver: events in, outboxes settled, who leads
 *   replica_log.c       its records in the lane's log, and what of them is durable
 *   replica_load.c      the store from the snapshot and the log: at the start, and reloads
 *   replica_apply.c     what is agreed on goes to the store
 *   replica_peers.c     messages from and to the other members
 *   replica_state.c     who has ever had data: how a new cluster is formed
 *   replica_send.c      parts of a snapshot to a member that is behind the log
 *   replica_install.c   parts of a snapshot from the leader
 *   replica_fill.c      then the store is loaded from it, in slices
 *   replica_way.c       where a call may run
 *   replica_warm.c      keys of warm caches, when another leads
 */
#pragma once

#include "core/store/warm.h"
#include "lane/mailbox.h"
#include "lane/replica.h"
#include "lane/shard_impl.h"

enum {
    REPLICA_RECORD_HARD = 16, /* a log record's kind; all others are of enum raft_entry_kind */
    REPLICA_HARD_BYTES = 13,
    REPLICA_PATH_MAX = 4096,
};

/* Neighbouring records of the log that are neighbouring entries; or one HARD record. */
struct replica_run {
    uint64_t position, count;
    uint64_t index;      /* of the first; 0: it is a HARD record */
    uint64_t hard_count; /* then: which */
};
struct replica_runs {
    struct replica_run *items;
    uint32_t count, capacity;
};

struct replica_loaded;

struct replica_place { /* of an entry, in the group's log and in the lane's */
    uint64_t index, position;
};
struct replica_alone { /* entries that no other member is asked about: replica_alone.c */
    struct replica_place last, marked;
    uint64_t durable_index;
    bool is_listed; /* among those of which raft has not heard yet */
};

struct replica_peer {
    node_id node;
    bool is_up;
    enum replica_state state; /* 0: not heard yet */
    uint64_t term, last;
};

struct replica_part { /* of a snapshot, on its way to a member */
    bool waiting, reading;
    struct raft_msg msg;
    struct buffer bytes; /* the frame: head, then the part */
    size_t head_bytes;
};

struct replica_sending {
    io_handle file; /* IO_NONE: none is open */
    uint64_t index, file_bytes;
    struct replica_part *parts[RAFT_MEMBERS_MAX]; /* NULL: not used; whose it is says msg.to */
};

enum replica_install_stage {
    INSTALL_NONE,
    INSTALL_PARTS, /* they come */
    INSTALL_QUIET, /* all are there; the log's writes end */
    INSTALL_OWN,   /* our own place in the log is written */
    INSTALL_HARD,  /* and what must not be forgotten, behind that place */
    INSTALL_SYNC,
    INSTALL_SYNCED,
    INSTALL_RENAME,
    INSTALL_NAMED, /* from here on it is what the next start finds */
    INSTALL_LOAD
};

struct replica_install {
    enum replica_install_stage stage;
    bool writing, due; /* due: the part is to be written, when the lane has a slot */
    bool tell, failed; /* raft is to be told: in the next turn */
    struct raft_pos pos;
    uint64_t total_bytes, stored_bytes;
    uint64_t position, hard_position;
    io_handle file;
    struct buffer part;
    uint32_t header_crc;
    uint8_t own[16];
    char *path, *name; /* while it comes, and then. REPLICA_PATH_MAX each, made on first use */
    struct snapshot_check check;    /* of the parts */
    struct snapshot_loader *loader; /* NULL: it is not loaded yet */
    struct store *store;            /* that it is loaded into; nobody sees it yet */
};

/* Keys that leave, or that come; not both, but that those which have left may still be freed. */
struct replica_warm {
    struct warm_leaving leaving;
    struct warm_coming coming;
    uint64_t term;       /* in which they were served */
    node_id peer;        /* who gets them, or gives them; NODE_NONE: not known yet */
    instant until;       /* then it is over */
    instant asked_at;    /* of those that come */
    uint64_t sent_bytes; /* of those that leave */
    uint64_t taken_bytes;
    bool said_last, ended; /* of those that leave; ended: what is left is being freed */
};

struct replica {
    struct shard *shard;
    struct lane *lane;
    struct raft *raft;
    instant deadline; /* raft's */

    struct raft_batch *pending; /* of this turn; NULL: none yet */
    size_t batch_bytes;         /* how much it is likely to hold */
    size_t pending_bytes;       /* as the log counts them */
    struct replica_runs runs;
    uint64_t index_told; /* DURABLE */
    uint64_t hard_told;  /* DURABLE */
    uint64_t applied_told;
    uint64_t marked_bytes;  /* of entries logged since the last HARD record */
    uint64_t marked_commit; /* what the last HARD record says */
    bool awaits;            /* it is among the lane's that wait for the disk */
    struct raft_hard hard;
    uint64_t hard_count;
    uint64_t settled_commit; /* as of the last outbox: all of it is in the log */

    struct raft_members config_members; /* who belongs to it at first; by rising node */
    struct raft_pos stored;             /* the last entry that the store has seen */
    struct raft_members members;        /* as of that entry */
    int64_t logged_ms;                  /* the time of the last record that the store has seen */
    struct raft_pos snapshot;           /* the newest in the folder */
    uint64_t snapshot_position, snapshot_bytes;

    bool is_many;    /* the group has other members, or this is none of them */
    bool serving;    /* leads, and the store is at the end of the log */
    bool alone;      /* serving, and the group has no other member: see replica_append */
    bool ends_alone; /* it is about to have some */
    bool was_alone;  /* when it was settled */
    struct replica_alone own;
    bool may_write; /* and raft takes more: a call may run here that changes data */
    uint64_t serving_term;
    struct { /* the last entry that was applied with another term than the one before it */
        uint64_t term, before;
    } turned;
    struct replica_warm warm;
    bool reload_wanted;
    bool holds_at_commit; /* though it leads: see replica_send.c */
    uint64_t stuck_commit;
    instant stuck_since;
    bool wants_round, wants_hand_over;
    bool was_damaged; /* the folder; as long as it is recovering */
    instant handed_over_at, hand_over_until;

    struct replica_peer peers[RAFT_MEMBERS_MAX]; /* of config_members, without self */
    uint32_t peers_count;
    enum replica_state told_state;
    bool state_due; /* to be told */
    struct replica_sending sending;
    struct replica_install install;

    uint64_t epoch, epoch_of[9]; /* what lane_way depends on */
    uint64_t depositions, losses, losses_from, reloads, repairs;
    bool lost_to_snapshot;
    uint64_t lost_in_turn;
};

/* --- replica.c -------------------------------------------------------------------------------- */

void replica_make(struct shard *shard, const struct raft_members *members);
/* What was on the disk is in the store: raft learns of it. */
void replica_begin(struct replica *replica, struct replica_loaded *loaded);
/* Nothing was: its records come behind that position of the log. */
void replica_begin_empty(struct replica *replica, uint64_t position);
/* A snapshot of its own is in the lane's folder. */
void replica_saved(struct replica *replica, struct raft_pos pos, uint64_t position, uint64_t bytes);
/* The rest of opening, which needs the lane's log and links. */
void replica_start(struct replica *replica);
void replica_close(struct replica *replica);
void replica_step(struct replica *replica, struct raft_event *event);
/* What gathered in `pending` becomes entries. Before any other step. */
void replica_propose(struct replica *replica);
/* The record that the shard has made is the next entry. */
void replica_append(struct replica *replica, struct slice record);
/* The log is on disk up to somewhere else than before. */
void replica_tell_durable(struct replica *replica);
bool replica_may_reload(const struct replica *replica);
/* Behind what came from others. */
void replica_turn(struct replica *replica);
/* Behind the turn, when what it has to write and to send is on its way: what is agreed on goes to
 * the store. `*deadline` becomes the earlier of itself and when it wants its turn again. True: it
 * wants the next turn, whenever that is. */
bool replica_settle(struct replica *replica, instant *deadline);
void replica_lose_from(struct replica *replica, uint64_t from);           /* entries from here on */
struct replica_peer *replica_peer(struct replica *replica, node_id node); /* NULL: a stranger */

/* --- replica_alone.c -------------------------------------------------------------------------- */

/* Entries are in the log that raft has not heard of. */
bool replica_is_ahead(const struct replica *replica);
/* The record is the next entry, and goes to the log. */
void replica_append_alone(struct replica *replica, struct slice record);
/* Up to there they are durable, and so agreed on. */
uint64_t replica_alone_agreed(const struct replica *replica);
/* Raft hears of those that are. */
void replica_tell_alone(struct replica *replica);
/* The group is about to have other members. False: not yet, raft must hear of entries first; no
 * more are taken until then. */
bool replica_ends_alone(struct replica *replica);

/* --- replica_log.c ---------------------------------------------------------------------------- */

void replica_log_hard(struct replica *replica);
/* Returns the entry's position. */
uint64_t replica_write_entry(struct replica *replica, const struct raft_entry *entry);
void replica_log_spans(struct replica *replica, const struct raft_span *spans, uint32_t count);
bool replica_hard_read(const struct log_record *record, struct raft_hard *hard, bool *damaged,
                       uint64_t *commit);
void replica_runs_add(struct replica *replica, uint64_t position, uint64_t index,
                      uint64_t hard_count);
void replica_runs_cut(struct replica *replica,
                      uint64_t from); /* entries from here on are no more */
/* The log is on disk up to `position`: what that means for raft. */
void replica_runs_durable(struct replica *replica, uint64_t position, uint64_t *index,
                          uint64_t *hard_count);
void replica_runs_forget(struct replica *replica); /* what nobody asks for any more */
/* Is all that it has in the log on disk? */
bool replica_is_durable(const struct replica *replica);
/* No record up to here is needed by a store that has seen `stored`. */
uint64_t replica_covered_position(const struct replica *replica);

/* --- replica_load.c --------------------------------------------------------------------------- */

/* What was on the disk, for raft. */
struct replica_loaded {
    struct raft_start start;
    struct raft_batch **batches; /* owned, with a reference each */
    uint32_t batches_count, batches_capacity;
    uint64_t last_position;
    bool has_hard;
    uint64_t commit; /* at least: the log says so */
};
struct replica_to_load {
    struct replica *replica;
    struct replica_loaded *loaded; /* NULL: raft knows */
    uint64_t until;                /* entries up to here go to the store, which is empty */
    uint64_t snapshot_index;       /* 0: the one of `found`, if there is one */
};
struct replica_load_ask {
    const struct replica_to_load *replicas;
    uint32_t count;
    const struct snapshot_found *found; /* by rising shard */
    uint32_t found_count;
};
/* Fill their stores, in one pass over the log. */
MUST_USE enum err replica_load(struct lane *lane, const struct replica_load_ask *ask,
                               struct lane_opened *opened, uint64_t *last_position,
                               struct fault *fault);
void replica_loaded_free(struct replica_loaded *loaded);
/* Set all files of the folder aside: *.damaged. */
MUST_USE enum err replica_set_aside(const char *folder, struct fault *fault);
/* Throw their stores away, and load them again. All that they have in the log is durable. */
void replica_reload(struct lane *lane, const struct replica_load_ask *ask);
/* Its store, and what it has seen, is about to be another. */
void replica_empty(struct replica *replica);
struct store *replica_store_new(const struct shard *shard);

/* --- replica_apply.c -------------------------------------------------------------------------- */

/* True: more is to be done. */
bool replica_apply(struct replica *replica);
void replica_end_serving(struct replica *replica);

/* --- replica_peers.c -------------------------------------------------------------------------- */

void replica_take_raft(struct replica *replica, node_id from, struct slice bytes);
void replica_take_up_or_down(struct replica *replica, node_id node, bool up);
void replica_note_speaks(struct replica *replica, node_id node);
void replica_send_messages(struct replica *replica);

/* --- replica_state.c -------------------------------------------------------------------------- */

void replica_state_put(const struct replica *replica, struct buffer *frame);
/* `replica` NULL: of one that is not here. */
void replica_state_heard(struct replica *replica, node_id from, struct cursor *cursor);
void replica_state_turn(struct replica *replica);

/* --- replica_send.c, replica_install.c -------------------------------------------------------- */

void replica_part_wanted(struct replica *replica, const struct raft_msg *msg);
void replica_part_read(struct replica *replica, struct replica_part *part,
                       const struct io_completion *completion);
/* `*deadline` becomes earlier when parts wait for it. True: some wait. */
bool replica_send_turn(struct replica *replica, instant *deadline);
/* May the lane send something large now? What it sends goes off lane->send_allowance_bytes. */
bool lane_may_send(struct lane *lane);
void replica_send_close(struct replica *replica);

void replica_install_part(struct replica *replica, const struct raft_chunk *chunk);
void replica_install_complete(struct replica *replica, const struct io_completion *completion);
void replica_install_turn(struct replica *replica);
void replica_install_close(struct replica *replica);
/* Nothing may be appended to the log now: raft's messages are dropped. */
bool replica_is_installing(const struct replica *replica);

/* --- replica_fill.c --------------------------------------------------------------------------- */

void replica_fill_turn(struct replica *replica);
void replica_fill_forget(struct replica *replica); /* what is loaded so far */

/* --- replica_warm.c --------------------------------------------------------------------------- */

/* Serving has ended: the keys of caches go, those of warm ones to who leads next, if that was
 * `planned`. */
void replica_warm_leave(struct replica *replica, bool planned);
bool replica_warm_is_leaving(const struct replica *replica);
/* While the lane takes more than that, what leaves and is not sent yet is freed. */
void replica_warm_make_room(struct lane *lane, uint64_t used_bytes_max);
void replica_warm_come(struct replica *replica); /* serving begins */
void replica_warm_end_coming(struct replica *replica);
/* Before each call that runs here, while keys come. */
void replica_warm_note(struct replica *replica, const struct call *call);
static inline bool replica_warm_comes(const struct replica *replica)
{
    return replica->warm.coming.store != NULL;
}
void replica_warm_take(struct replica *replica, node_id from, struct slice bytes); /* LINK_WARM */
void replica_warm_down(struct replica *replica, node_id node);
/* True: it wants the next turn, and `*deadline` is not later than that. */
bool replica_warm_turn(struct replica *replica, instant *deadline);
void replica_warm_close(struct replica *replica);

/* --- replica_way.c ---------------------------------------------------------------------------- */

void replica_note_epoch(struct replica *replica);
/* It leads, and has proposed all that it has. */
void replica_hand_over(struct replica *replica, node_id to);
