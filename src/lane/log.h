/*
 * log.h -- a lane's write-ahead log: records appended now, durable a flush later, in segments.
 *
 * Records of all groups of the lane gather in memory; log_flush writes what has gathered as one
 * batch, while the next one gathers. Each batch begins at a multiple of IO_BLOCK_BYTES, and what
 * was acknowledged is never written again. Segments are files of a fixed size, allocated ahead of
 * need as written zeros, in the folder given; the next one is always being made ready, so that a
 * full disk shows before it is needed: log_has_room then says no, and log_append may not be called
 * until it says yes again.
 *
 * A position is the count of records ever appended: that of the last one. What a record's group,
 * kind, term and index mean is its writer's: see replica_log.h. A record:
 *
 *   length u32, crc32c u32 (of the rest), group u32, kind u32, term u64, index u64, payload
 *
 * A failed write is final: log_failed; the node must stop, never acknowledge again.
 */
#pragma once

#include "base/arena.h"
#include "io/io.h"

struct log; /* opaque */

struct log_config {
    const char *folder;       /* exists; borrowed for the life of the log */
    uint64_t segment_bytes;   /* 64 MiB; multiple of IO_BLOCK_BYTES */
    uint64_t batch_bytes_max; /* of one write: 8 MiB; a larger record is a batch of its own */
    uint64_t seed;            /* what no client can guess: records are salted with it */
    io_tag tag;               /* its completions: tag.n .. tag.n + LOG_TAGS - 1 */
};
enum { LOG_TAGS = 8, LOG_RECORD_BYTES_MAX = 1 << 30, LOG_RECORD_EXTRA_BYTES = 32 };

struct log_record {
    uint64_t position; /* told by its place: it is not written */
    uint32_t group, kind;
    uint64_t term, index;
    struct slice payload;
};

/* What is found on disk, in order, before the log is opened for writing. `visit` (NULL: only look)
 * may fail, which ends the reading with its error. Records up to `after` (a snapshot covers them)
 * are passed over. A torn tail (the last batch was not whole) is dropped and told in `found`;
 * damage in the middle is ERR_CORRUPT with file and offset, and how to repair. */
struct log_found {
    uint64_t last_position, last_term;
    uint64_t records_count;
    uint64_t dropped_bytes; /* of a torn tail; 0: none */
    char dropped_at[256];   /* "FILE, offset N" */
};
typedef enum err (*log_visit)(void *context, const struct log_record *record, struct fault *fault);
MUST_USE enum err log_recover(const char *folder, uint64_t after, log_visit visit, void *context,
                              struct log_found *found, struct fault *fault);

/* Cut a damaged log behind its last good record: what `tutti doctor --repair` does, with the same
 * `after`. What was cut off is kept aside in files named *.damaged. *`cut`: there was damage. */
MUST_USE enum err log_repair(const char *folder, uint64_t after, struct log_found *found, bool *cut,
                             struct fault *fault);

/* Open behind `last_position`, which log_recover told. Returns at once: the first segment is still
 * being made ready, and log_has_room says when it is. What comes next goes into a segment of its
 * own, never behind what was there: a write of an earlier process may still be on its way. */
MUST_USE enum err log_open(const struct log_config *config, struct io *io, uint64_t last_position,
                           struct log **log, struct fault *fault);
/* What is not durable by then is lost: flush first. Waits for what is under way on its files;
 * completions of its tags may still come, so no other log may be opened with this io. */
void log_close(struct log *log);

/* Room for a record of `payload_bytes`, before it is needed, and for others of `pending_bytes`
 * (each with LOG_RECORD_EXTRA_BYTES) that are about to be appended? Asking is what makes the log
 * allocate more; after a no, ask again after log_complete, or a second later. */
enum log_room { LOG_ROOM, LOG_ROOM_SOON, LOG_ROOM_DISK_FULL };
#define LOG_RETRY_NS INT64_C(500000000) /* between two attempts to allocate on a full disk */
enum log_room log_has_room(struct log *log, size_t pending_bytes, size_t payload_bytes);

/* Returns its position. Of `head`, group, kind, term and index count; the payload comes in parts,
 * which are copied. */
uint64_t log_append(struct log *log, const struct log_record *head, const struct slice *parts,
                    uint32_t count);
/* What is appended in between is one record on the disk: after a crash all of it is there, or none.
 * log_recover shows what was appended, each with the position of the whole. Nothing else is done
 * to the log meanwhile; it has room for LOG_TOGETHER_BYTES more for each. */
enum { LOG_TOGETHER_BYTES = 32 };
void log_begin_together(struct log *log);
void log_end_together(struct log *log);

/* Start writing what has gathered, unless a write is under way. To be called each turn, and at
 * least each LOG_RETRY_NS while the disk is full: it is what finds out that there is room again. */
void log_flush(struct log *log);
void log_complete(struct log *log, const struct io_completion *completion); /* one of its tags */

uint64_t log_last(const struct log *log);              /* position of the last record appended */
uint64_t log_durable(const struct log *log);           /* … that is on disk */
const struct fault *log_failed(const struct log *log); /* NULL: all is well */

/* A snapshot covers all up to `position`: segments that hold nothing newer are removed or reused.
 */
void log_covered(struct log *log, uint64_t position);
uint64_t log_bytes(const struct log *log); /* on disk, covered or not */

struct log_stats {
    uint64_t flushes, flushed_bytes, flushed_records;
    duration last_flush, longest_flush;
};
const struct log_stats *log_stats(const struct log *log);
