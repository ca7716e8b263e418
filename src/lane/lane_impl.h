/* lane_impl.h -- inside of a lane; see lane.h. */
#pragma once

#include "lane/lane.h"
#include "lane/snapshot.h"

enum {
    LANE_TAG_LOG = 1,
    LANE_TAG_SNAPSHOT = LANE_TAG_LOG + LOG_TAGS,
    LANE_GROUP = 0, /* the one group of a solo lane, always in term 1 */
    LANE_TERM = 1,
};

enum lane_record_kind { LANE_RECORD_COMMANDS = 1 };

/* Several calls that are one record. */
struct lane_transaction {
    bool active;
    bool changed;
    uint64_t gate; /* what the calls so far wait for */
};

struct lane_save {
    struct snapshot_writer *writer; /* NULL: none is under way */
    bool own;                       /* into the lane's own folder: the log is covered afterwards */
    uint64_t index;
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
    const struct call_observer *observer;
    struct evict_request eviction;
    struct buffer record;  /* what is about to be logged */
    struct buffer instead; /* for call_log_instead */
    struct buffer places;  /* of the keys of a call that has many */
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

/* Run what a record says. ERR_CORRUPT: it is no such record, or names an unknown command. */
MUST_USE enum err record_replay(struct lane *lane, const struct log_record *record,
                                struct fault *fault);

/* --- snapshots (saving.c) -------------------------------------------------------------------- */

void lane_save_complete(struct lane *lane, const struct io_completion *completion);
void lane_save_turn(struct lane *lane, instant now, int64_t unix_ms);
