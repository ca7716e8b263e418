/* lane_impl.h -- inside of a lane; see lane.h. */
#pragma once

#include "core/raft/raft.h"
#include "lane/lane.h"
#include "lane/link.h"
#include "lane/snapshot.h"

enum {
    LANE_TAG_LOG = 1,
    LANE_TAG_SNAPSHOT = LANE_TAG_LOG + LOG_TAGS,
    LANE_TAG_REPLICA = LANE_TAG_SNAPSHOT + SNAPSHOT_TAGS,
    LANE_SLOTS = 32,
    LANE_TAG_LINKS = LANE_TAG_REPLICA + LANE_SLOTS,
    LANE_TAG_FILING = LANE_TAG_LINKS + LINK_TAGS,
    LANE_FILINGS = 8, /* shards that are opened and dropped at the same time */
    LANE_TAG_GOSSIP = LANE_TAG_FILING + LANE_FILINGS,
};
_Static_assert((int)LANE_TAG_GOSSIP <= (int)LANE_TAGS, "tags of the lane");

struct replica;
struct replica_part;

enum { LANE_SOLO_NODE = 1 };

/* One snapshot is written at a time. */
struct lane_saves {
    struct shard *now; /* whose; NULL: none is under way */
    bool all;          /* one shard after the other: what lane_save was asked for */
    const char *folder;
    uint32_t at; /* of lane->shards: the next one */
    instant began;
    uint64_t count;            /* so far: makes nonces differ */
    uint64_t log_bytes_before; /* in the log when it was opened */
    uint64_t unlogged_count;   /* calls over several shards that changed cache keys */
    uint64_t bytes;            /* of the last ones: how much log to let grow before the next */
    struct shard_saving told;
    struct fault fault;
};

/* Keys of warm caches that leave and come (replica_warm.c). */
struct lane_warm {
    uint64_t flight_bytes;          /* sent, and not known to be taken */
    uint32_t leaving_count;         /* shards */
    uint64_t keys_sent, keys_taken; /* ever */
    struct buffer keys;             /* of a slice */
};

/* What is under way with a snapshot file that comes or goes. */
struct lane_slot {
    struct replica *replica;   /* NULL: free */
    struct replica_part *part; /* NULL: of what is installed */
};

struct lane {
    struct lane_config config;
    struct io *io;
    struct arena *arena;
    struct log *log;
    struct links *links;     /* NULL: solo */
    struct link_peer *peers; /* owned; may have self */
    uint32_t peers_count;
    struct wiring *wiring; /* NULL: it is in no cluster */
    struct raft_config raft;
    struct raft_outbox out; /* of the step that is being settled */
    node_id self;
    bool is_linked;        /* to other nodes: groups may have other members */
    uint32_t many_count;   /* of groups that have any */
    struct shard **shards; /* those here, by rising number */
    uint32_t shards_here;
    struct shard **touched, **awaiting, **ahead, **turned; /* see lane_turn.c; room for all */
    uint32_t touched_count, awaiting_count, ahead_count, turned_count;
    bool ahead_rests; /* no raft must hear at once of what it has not heard of */
    instant ahead_told;
    struct shard **shard_of; /* [shards_count + 1]: by number, the root group last; or NULL */
    const struct call_observer *observer;
    bool was_damaged;          /* the folder: what is made anew there has been lost */
    uint64_t dropped_position; /* of the log's last, when a shard was dropped */
    struct evict_request eviction;
    struct buffer instead; /* for call_log_instead */
    struct buffer places;  /* of the keys of a call that has many */
    struct buffer unread;  /* replies to what is replayed */
    struct buffer frame;   /* the head of what is sent */
    struct message *inbox, *inbox_last;
    struct lane_saves saves;
    struct store *over; /* the stores of all shards here but the root's, as one */
    struct together *together;
    uint64_t used_bytes;    /* of all stores */
    size_t pending_bytes;   /* that are about to be appended to the log */
    uint32_t stalled_count; /* shards that put calls off */
    bool has_failed;
    struct fault fault;
    uint64_t log_seen;      /* the log's durable position that they were told of */
    uint64_t idle_position; /* the log's last when it was looked at */
    uint64_t marked_position;
    bool marks_due, work_due, states_due;
    instant idle_since, worked, deadline, wiring_due;
    uint32_t work_at;
    struct lane_slot slots[LANE_SLOTS];
    struct lane_filing *filings[LANE_FILINGS]; /* NULL: free */
    struct store **discarded;                  /* to be freed, some of one at a time */
    uint32_t discarded_count;
    uint64_t filled_turn; /* in which a store was loaded some more */
    struct lane_warm warm;
    int64_t send_allowance_bytes;
    instant send_allowed_at;
    uint64_t turn, news;
    instant now;
};

/* --- lane.c ----------------------------------------------------------------------------------- */

bool lane_disk_is_behind(const struct lane *lane); /* a snapshot: writes should wait */
void lane_fail(struct lane *lane, const struct fault *fault);

/* --- discard.c: stores that nobody needs any more ------------------------------------------------
 */

/* It is freed in slices. Takes it over; `store_over` does not know it any more. */
void lane_discard(struct lane *lane, struct store *store);
/* A slice. True: there is more. */
bool lane_discard_turn(struct lane *lane);
void lane_discard_rest(struct lane *lane);

/* --- lane_shards.c ---------------------------------------------------------------------------- */

void lane_make_all(struct lane *lane); /* as a folder of an older format has them */
void lane_make_found(struct lane *lane, const struct snapshot_found *found, uint32_t count);
/* Those of the configuration that the folder does not have: behind `last`, which the log has. */
MUST_USE enum err lane_make_new(struct lane *lane, uint64_t last, struct fault *fault);
/* In the folder, that an empty one is here. */
MUST_USE enum err lane_note_here(struct shard *shard, struct fault *fault);

/* Its file is on disk: it is here from now on. */
void lane_add_shard(struct lane *lane, shard_id number, const struct raft_members *members,
                    uint64_t position);
/* Its file is gone: so is it. */
void lane_remove_shard(struct lane *lane, struct shard *shard);

/* --- lane_filing.c: their files, without waiting for the disk --------------------------------- */

struct snapshot_header;
/* Begin, unless enough is under way. */
void lane_filing_open(struct lane *lane, const struct snapshot_header *header);
void lane_filing_drop(struct lane *lane, shard_id shard);
bool lane_filing_has(const struct lane *lane, shard_id shard);
bool lane_filing_is_idle(const struct lane *lane);
void lane_filing_complete(struct lane *lane, const struct io_completion *completion);
void lane_filing_turn(struct lane *lane);
void lane_filing_close(struct lane *lane);

/* --- lane_save.c ------------------------------------------------------------------------------ */

uint64_t lane_nonce(struct lane *lane, shard_id shard);

/* --- lane_turn.c ------------------------------------------------------------------------------ */

/* Something happened to it. */
void lane_touch(struct shard *shard);
/* One that had a turn since it was given the last time; NULL: none is left. */
struct shard *lane_take_turned(struct lane *lane);
/* The tag for something to do with a file; false: too much of the kind is under way. */
bool lane_slot_take(struct lane *lane, struct replica *replica, struct replica_part *part,
                    io_tag *tag);
void lane_slot_give(struct lane *lane, io_tag tag);

/* --- lane_frames.c: frames from and to other nodes ------------------------------------------- */

MUST_USE enum err lane_links_open(struct lane *lane, struct fault *fault);
void lane_links_close(struct lane *lane);
bool lane_knows(const struct lane *lane, node_id node); /* itself, or a peer */
void lane_take_frames(struct lane *lane);
/* To the others, which of the replicas here have changed in whether they have data. */
void lane_tell_states(struct lane *lane);

/* --- lane_save.c ------------------------------------------------------------------------------ */

void lane_save_complete(struct lane *lane, const struct io_completion *completion);
/* True: it wants to go on at once. */
bool lane_save_turn(struct lane *lane, instant now, int64_t unix_ms);
/* The log is open: with what it has. */
void lane_save_opened(struct lane *lane);
void lane_save_began(struct shard *shard); /* a snapshot of its own */
void lane_save_note(struct lane *lane, bool good, duration took, int64_t unix_ms);
/* No shard's snapshot needs the log up to where it begins. */
void lane_log_covered(struct lane *lane);
