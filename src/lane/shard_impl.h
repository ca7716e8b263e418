/* shard_impl.h -- inside of a shard; see shard.h. */
#pragma once

#include "lane/lane_impl.h"

/* Several calls that are one record. */
struct shard_transaction {
    bool active;
    bool changed;
    uint64_t expired_seen; /* before it */
};

struct shard_save {
    struct snapshot_writer *writer; /* NULL: none is under way */
    bool own;                       /* into the lane's own folder: the log is covered afterwards */
    struct raft_pos pos;
    uint64_t index;         /* of pos; of the last own one, when none is under way */
    uint64_t position;      /* the log up to here is not needed with it */
    uint64_t hard_position; /* what must not be forgotten is there again */
    instant began;
    uint64_t last_bytes;    /* of the last one */
    uint64_t log_bytes;     /* ever in the log, when the last own one began */
    uint64_t unlogged_seen; /* of the lane's unlogged_count, then */
    struct shard_saving told;
};

struct shard {
    shard_id number;
    uint32_t at; /* of lane->shards */
    struct lane *lane;
    struct arena *arena;
    struct store *store;
    struct replica *replica;
    struct buffer record; /* what is about to be logged */
    struct shard_transaction transaction;
    struct shard_save save;
    uint64_t used_bytes; /* of its store, as its lane has counted it */
    uint64_t calls;
    bool work_due, touched, turned;
    bool stalled; /* a call was put off, for raft takes no more */
};

/* --- shard.c ---------------------------------------------------------------------------------- */

/* Empty, and its raft is still to begin. */
struct shard *shard_new(struct lane *lane, shard_id number, const struct raft_members *members);
void shard_close(struct shard *shard); /* frees it */
/* May any of its keys be under a cache policy? */
bool shard_is_about_cache(struct shard *shard, const struct call *call);
/* Of a follower: does it name a key that is over by this node's clock, and not by the log's? */
bool shard_is_about_expired(struct shard *shard, const struct call *call);

/* What a call is about: how it is logged, and whose cap counts. */
struct shard_manner {
    enum policy_mode mode;
    uint32_t policy; /* of the first key */
};
/* False: refused, and replied. A call without keys is about all of them: strong. */
bool shard_manner_of(struct shard *shard, struct call *call, struct shard_manner *manner);
/* All keys of the call; NULL: it has none, or the handler will refuse it. */
enum { SHARD_KEYS_LOOKED_AT = 64 };
const struct key_place *shard_keys_of(struct lane *lane, const struct call *call,
                                      struct key_place keys[SHARD_KEYS_LOOKED_AT], int64_t *count);
size_t shard_request_bytes(const struct call *call);
/* Room in the log for so many; *refused: there is none, and that is replied. */
enum shard_ran shard_ask_room(struct shard *shard, size_t bytes, struct reply *reply,
                              bool *refused);
bool shard_ask_memory(struct shard *shard, struct call *call); /* false: no room, and replied */
void shard_append(struct shard *shard);                        /* shard->record is the next entry */
void shard_keep_cap(struct shard *shard, uint32_t policy);
/* Log that time has passed, if the log does not know. */
void shard_log_time(struct shard *shard);
void shard_count_changes(struct shard *shard, uint64_t changes);
/* Its store's own work. True: there is more. */
bool shard_work(struct shard *shard, int64_t unix_ms);
/* What its store takes has changed. */
void shard_note_memory(struct shard *shard);

/* --- records (record.c) ---------------------------------------------------------------------- */

/* A record is the time, then groups of commands, each group with its database:
 *   now_ms varint, { database varint, count varint, count × { argc varint, argc × sized } } …
 * A command of no arguments is a key with its value, as snapshots have it: one sized. */
void record_begin(struct buffer *record, int64_t now_ms);
void record_add(struct buffer *record, const struct call *call);
void record_add_bytes(struct buffer *record, uint32_t database, uint32_t count, struct slice bytes);
void record_add_key(struct buffer *record, uint32_t database, struct slice encoded);
void record_add_delete(struct buffer *record, uint32_t database, struct slice key);

/* Run what a record says. `observer` NULL: nobody looks. ERR_CORRUPT: it is no such record, or
 * names an unknown command; the fault has its `number`. */
MUST_USE enum err record_replay(struct shard *shard, uint64_t number, struct slice bytes,
                                const struct call_observer *observer, struct fault *fault);

/* --- snapshots (shard_save.c) --------------------------------------------------------------------
 */

/* True: it wants to go on at once. */
bool shard_save_step(struct shard *shard, instant now, int64_t unix_ms);
/* A snapshot of its own, unless one of the lane is under way, or failed just now. */
void shard_save_soon(struct shard *shard, instant now);
void shard_save_abort(struct shard *shard); /* what it holds has turned out not to be so */
