/* lane_impl.h -- inside of a lane; see lane.h. */
#pragma once

#include "lane/lane.h"
#include "lane/link.h"
#include "lane/snapshot.h"

enum {
    LANE_TAG_LOG = 1,
    LANE_TAG_SNAPSHOT = LANE_TAG_LOG + LOG_TAGS,
    LANE_TAG_REPLICA = LANE_TAG_SNAPSHOT + SNAPSHOT_TAGS,
    LANE_TAG_LINKS = LANE_TAG_REPLICA + 16,
};
_Static_assert((int)LANE_TAG_LINKS + (int)LINK_TAGS <= (int)LANE_TAGS + 1, "tags of the lane");

struct replica; /* replica_impl.h */

/* Several calls that are one record. */
struct lane_transaction {
    bool active;
    bool changed;
    uint64_t expired_seen; /* before it */
};

struct lane_save {
    struct snapshot_writer *writer; /* NULL: none is under way */
    bool own;                       /* into the lane's own folder: the log is covered afterwards */
    struct raft_pos pos;
    uint64_t index;         /* of pos; of the last own one, when none is under way */
    uint64_t position;      /* the log up to here is not needed with it */
    uint64_t hard_position; /* what must not be forgotten is there again */
    uint64_t count;         /* so far: makes nonces differ */
    instant began;
    uint64_t last_bytes; /* of the last one: how much log to let grow before the next */
    struct lane_saving told;
    struct fault fault; /* of the last one, where it failed */
};

struct lane {
    struct lane_config config;
    struct io *io;
    struct arena *arena;
    struct store *store;
    struct log *log;
    struct replica *replica;
    bool is_many; /* the group has other members */
    const struct call_observer *observer;
    struct evict_request eviction;
    struct buffer record;  /* what is about to be logged */
    struct buffer instead; /* for call_log_instead */
    struct buffer places;  /* of the keys of a call that has many */
    struct buffer unread;  /* replies to what is replayed */
    struct lane_transaction transaction;
    struct lane_save save;
    uint64_t changes; /* since the start */
    instant worked;   /* when the store's own work was last begun */
    bool work_due;
};

/* --- records (record.c) ---------------------------------------------------------------------- */

/* A record is the time, then groups of commands, each group with its database:
 *   now_ms varint, { database varint, count varint, count × { argc varint, argc × sized } } … */
void record_begin(struct buffer *record, int64_t now_ms);
void record_add(struct buffer *record, const struct call *call);

/* Run what a record says. `observer` NULL: nobody looks. ERR_CORRUPT: it is no such record, or
 * names an unknown command; the fault has its `number`. */
MUST_USE enum err record_replay(struct lane *lane, uint64_t number, struct slice bytes,
                                const struct call_observer *observer, struct fault *fault);

/* --- snapshots (saving.c) -------------------------------------------------------------------- */

void lane_save_complete(struct lane *lane, const struct io_completion *completion);
/* True: it wants to go on at once. */
bool lane_save_turn(struct lane *lane, instant now, int64_t unix_ms);
void lane_save_soon(struct lane *lane, instant now); /* unless one is under way, or failed */
void lane_save_abort(struct lane *lane);             /* what it holds has turned out not to be so */

/* --- running (lane.c) ------------------------------------------------------------------------- */

/* May any of its keys be under a cache policy? */
bool lane_is_about_cache(struct lane *lane, const struct call *call);
/* Log that time has passed, if the log does not know. */
void lane_log_time(struct lane *lane);
