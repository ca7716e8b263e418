/*
 * snapshot.h -- snapshot files, which are also backups: one store at one moment.
 *
 * A file is a header, blocks of whole records each with its length and CRC32C, and a footer with
 * the counts; one without a valid footer is no snapshot. It is written aside under a name that
 * ends in .partial, flushed, renamed, and its folder flushed. The name says the shard, and the
 * index that it covers: snapshot-00042-00000000000000004711; an older one, only the index. One that
 * comes from another node ends in .received until it is whole.
 */
#pragma once

#include "base/arena.h"
#include "core/raft/raft_members.h"
#include "core/store/walk.h"
#include "io/io.h"

enum {
    SNAPSHOT_FORMAT = 2, /* what is written; 1 is read as well */
    SNAPSHOT_TAGS = 8,
    SNAPSHOT_HEAD_BYTES = 32 /* of a block, and the whole footer */
};

struct snapshot_header {
    uint64_t index, term; /* of the last entry of the group's log that is in it */
    /* In the log of this folder, records up to here are not needed with it. Another folder's log
     * has its own: see snapshot_own_write. */
    uint64_t position;
    struct raft_members members; /* of the group at that entry; none: it has never had any */
    int64_t made_at_ms;          /* the store's time */
    uint64_t seed;               /* of the store */
    uint64_t nonce;              /* no other snapshot has it: parts of two never pass for one */
    shard_id shard;
    uint32_t shards_count;          /* of the cluster */
    uint64_t keys[STORE_DATABASES]; /* about how many, to make room before loading */
};

/* Writing, in slices: begin fixes the moment; step serialises some and hands full blocks to the
 * disk; it holds at most a few blocks in memory. */
struct snapshot_writer;
MUST_USE enum err snapshot_begin(struct io *io, io_tag tag, const char *folder, struct store *store,
                                 const struct snapshot_header *header,
                                 struct snapshot_writer **writer, struct fault *fault);
/* WAITING: the disk is behind, so nothing was serialised. */
enum snapshot_progress { SNAPSHOT_RUNNING, SNAPSHOT_WAITING, SNAPSHOT_DONE, SNAPSHOT_FAILED };
enum snapshot_progress snapshot_step(struct snapshot_writer *writer, uint32_t buckets);
void snapshot_complete(struct snapshot_writer *writer, const struct io_completion *completion);
const struct fault *snapshot_fault(const struct snapshot_writer *writer); /* NULL: all is well */
/* More than a few blocks wait for the disk, because writes had to save the buckets that they
 * changed: writes should wait, or memory grows as fast as they come. */
bool snapshot_is_behind(const struct snapshot_writer *writer);
uint64_t snapshot_written_bytes(const struct snapshot_writer *writer);
/* At any time. Waits for what is under way on its file; what is not whole is removed; frees. */
void snapshot_end(struct snapshot_writer *writer);

/* Of stores that have nothing, at once: each says that the shard is here, and who belongs to it.
 * Returns when they are on disk; on a failure some may be there. */
MUST_USE enum err snapshot_write_empty(const char *folder, const struct snapshot_header *headers,
                                       uint32_t count, struct fault *fault);

/* Reading. Of each shard that has any in the folder, the newest file whose footer is good; by
 * rising shard, in the arena. Damaged ones that are newer are told in the fault's text only when no
 * good one of that shard is left: ERR_CORRUPT, with file and offset. */
struct snapshot_found {
    const char *path;
    struct snapshot_header header;
    uint64_t bytes;
};
MUST_USE enum err snapshot_find(const char *folder, struct arena *arena,
                                struct snapshot_found **found, uint32_t *count,
                                struct fault *fault);
MUST_USE enum err snapshot_load(const char *path, struct store *store,
                                struct snapshot_header *header, uint64_t *keys_count,
                                struct fault *fault);
/* The same in slices: begin reads the header; a step takes about `bytes` more, small records
 * counting for more than they have, and says in `*over` that those were the last. The store is
 * whole only then. */
struct snapshot_loader;
MUST_USE enum err snapshot_load_begin(const char *path, struct store *store,
                                      struct snapshot_loader **loader, struct fault *fault);
MUST_USE enum err snapshot_load_step(struct snapshot_loader *loader, uint64_t bytes, bool *over,
                                     struct fault *fault);
const struct snapshot_header *snapshot_load_header(const struct snapshot_loader *loader);
uint64_t snapshot_load_bytes(const struct snapshot_loader *loader); /* of the file */
void snapshot_load_end(struct snapshot_loader *loader);             /* at any time; NULL is well */
/* All checksums, without a store: for doctor and restore. */
MUST_USE enum err snapshot_verify(const char *path, struct snapshot_header *header,
                                  uint64_t *keys_count, struct fault *fault);
/* The same of one that comes in pieces, before it is a file. */
struct snapshot_check {
    uint32_t header_crc, header_left;
    uint64_t at, blocks_count, records_count;
    uint8_t head[SNAPSHOT_HEAD_BYTES]; /* of the next block, as far as it has come */
    uint32_t head_bytes;
    uint64_t block_left; /* of the records of a block … */
    uint32_t block_crc;  /* … whose checksum so far is this … */
    uint32_t block_told; /* … and shall be this */
    bool is_whole;
};
/* `start` has the whole header. False: it is none. */
MUST_USE bool snapshot_check_begin(struct snapshot_check *check, struct slice start);
/* The next piece, from the header on. False: it is damaged. */
MUST_USE bool snapshot_check_more(struct snapshot_check *check, struct slice piece);
/* The snapshot `from`, as that of a folder whose log goes on behind `position`: into `to`, on disk
 * but for its folder. One of format 1 stays as it is. `from` may be `to`. */
MUST_USE enum err snapshot_copy(const char *from, const char *to, uint64_t position,
                                struct fault *fault);
/* Takes a file off the disk, which may take its time: `tag` is as in snapshot_begin. */
void snapshot_remove(struct io *io, io_tag tag, const char *folder, shard_id shard, uint64_t index);
/* Take what is left over from an earlier process off the folder: those not whole, and those that
 * are older than what was found. Not while one is being written. */
void snapshot_tidy(const char *folder, const struct snapshot_found *found, uint32_t count);
