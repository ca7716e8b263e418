/*
 * snapshot.h -- snapshot files, which are also backups: one store at one moment.
 *
 * A file is a header, blocks of whole records each with its length and CRC32C, and a footer with
 * the counts; one without a valid footer is no snapshot. It is written aside under a name that
 * ends in .partial, flushed, renamed, and its folder flushed. The name says the index that it
 * covers: snapshot-00000000000000004711. One that comes from another node ends in .received until
 * it is whole.
 */
#pragma once

#include "base/arena.h"
#include "core/raft/raft_members.h"
#include "core/store/walk.h"
#include "io/io.h"

enum {
    SNAPSHOT_FORMAT = 2, /* what is written; 1 is read as well */
    SNAPSHOT_TAGS = 8
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
    uint32_t lane, lanes_count;
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

/* Reading. The newest file of the folder whose footer is good; ERR_NOT_FOUND: none is there.
 * Damaged ones that are newer are told in the fault's text only when no good one is left:
 * ERR_CORRUPT, with file and offset. */
MUST_USE enum err snapshot_find(const char *folder, struct arena *arena, const char **path,
                                struct snapshot_header *header, struct fault *fault);
MUST_USE enum err snapshot_load(const char *path, struct store *store,
                                struct snapshot_header *header, uint64_t *keys_count,
                                struct fault *fault);
/* All checksums, without a store: for doctor and restore. */
MUST_USE enum err snapshot_verify(const char *path, struct snapshot_header *header,
                                  uint64_t *keys_count, struct fault *fault);
/* Those before `index`, and those not whole; with an `io`, whose `tag` is as in snapshot_begin:
 * taking gigabytes off a disk takes its time. Not while one is being written. */
void snapshot_remove_older(struct io *io, io_tag tag, const char *folder, uint64_t index);
