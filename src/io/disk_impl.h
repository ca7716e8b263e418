/*
 * disk_impl.h -- a disk submission as a row of steps, and the two that can run steps.
 *
 * What a submission means (continuing a short write, reserving before writing zeros, flushing the
 * folder behind a rename) is said once, in disk_op.c, as one step after the other; a step is one
 * call of the system. A runner only runs steps: io_uring hands them to the kernel, threads call the
 * system themselves.
 */
#pragma once

#include "io/io.h"

enum disk_step_kind {
    STEP_WRITE,
    STEP_READ,
    STEP_SYNC_DATA,
    STEP_SYNC,
    STEP_RESERVE, /* fallocate */
    STEP_RENAME,
    STEP_REMOVE
};

struct disk_step {
    enum disk_step_kind kind;
    int fd;
    uint64_t offset;
    void *memory; /* written from, or read into */
    uint64_t bytes;
};

enum disk_op_kind { OP_WRITE, OP_READ, OP_SYNC, OP_ALLOCATE, OP_RENAME, OP_REMOVE };

enum { DISK_PIECE_BYTES = 1 << 20 }; /* of zeros, written at once */

struct disk_op {
    struct disk_op *next; /* in the one list that has it */
    enum disk_op_kind kind;
    bool direct; /* the file has O_DIRECT: whole blocks alone */
    int fd;
    io_handle file;
    io_tag tag;
    uint64_t offset, bytes;
    uint8_t *memory;       /* borrowed from the submitter; of an allocation, a piece of zeros */
    char *from, *to;       /* owned */
    uint64_t old_bytes;    /* of an allocation: the size that a full disk gives back */
    int folder;            /* of a rename: flushed and closed; else -1 */
    struct disk_step step; /* the one to run */
    /* what came of it */
    uint64_t done_bytes;
    int error_number;
    enum err err;
    instant ready_at; /* held back until then: io_set_faults */
};

struct disk_list {
    struct disk_op *first, *last;
};
void disk_list_add(struct disk_list *list, struct disk_op *op);
struct disk_op *disk_list_take(struct disk_list *list); /* NULL: it is empty */

/* Set the first step. False: there is nothing to do, and it is done. */
MUST_USE bool disk_op_begin(struct disk_op *op);
/* `result` of the step: as the system's, or -errno. False: the submission is done. */
MUST_USE bool disk_op_advance(struct disk_op *op, int64_t result);
void disk_op_fail(struct disk_op *op, enum err err, int error_number);
void disk_op_free(struct disk_op *op);

struct disk_runner { /* how steps are run; the owner's own begins with it */
    const char *name;
    int descriptor; /* an eventfd, written to when `reap` will give something; never read */
    void (*start)(struct disk_runner *runner, struct disk_op *op);
    /* Append what is done. With `wait`: at least one, of those under way. */
    void (*reap)(struct disk_runner *runner, struct disk_list *done, bool wait);
    void (*free)(struct disk_runner *runner); /* nothing is under way any more */
};

/* ERR_PERMISSION: the kernel, or who runs us, does not allow io_uring, or it is too old. */
MUST_USE enum err uring_new(struct disk_runner **runner, struct fault *fault);
MUST_USE enum err threads_new(struct disk_runner **runner, struct fault *fault);
