/* disk_op.c -- what each disk submission does, step by step: see disk_impl.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/disk_impl.h"

enum { STEP_BYTES_MAX = 1 << 30 }; /* the system takes no more than 2 GiB at once */

void disk_list_add(struct disk_list *list, struct disk_op *op)
{
    op->next = NULL;
    if (list->first == NULL) {
        list->first = op;
    } else {
        list->last->next = op;
    }
    list->last = op;
}

struct disk_op *disk_list_take(struct disk_list *list)
{
    struct disk_op *op = list->first;
    if (op != NULL) list->first = op->next;
    return op;
}

void disk_op_free(struct disk_op *op)
{
    if (op->folder >= 0) (void)close(op->folder);
    free(op->from);
    free(op->to);
    free(op);
}

void disk_op_fail(struct disk_op *op, enum err err, int error_number)
{
    op->err = err;
    op->error_number = error_number;
}

static bool fail(struct disk_op *op, int error_number)
{
    disk_op_fail(op, err_of_errno(error_number), error_number);
    return false;
}

/* --- reading and writing --------------------------------------------------------------------- */

static bool transfer(struct disk_op *op, enum disk_step_kind kind)
{
    op->step = (struct disk_step){.kind = kind,
                                  .fd = op->fd,
                                  .offset = op->offset + op->done_bytes,
                                  .memory = op->memory + op->done_bytes,
                                  .bytes = u64_min(op->bytes - op->done_bytes, STEP_BYTES_MAX)};
    return true;
}

/* With O_DIRECT the rest has to begin at a block again: the last part is written twice. */
static uint64_t resumable(const struct disk_op *op, uint64_t bytes)
{
    return op->direct ? bytes - bytes % IO_BLOCK_BYTES : bytes;
}

static bool write_on(struct disk_op *op, int64_t result)
{
    uint64_t done = op->done_bytes + (uint64_t)result;
    if (done < op->bytes) {
        done = resumable(op, done);
        if (done == op->done_bytes)
            return fail(op, EIO); /* it takes nothing, and gives no reason */
    }
    op->done_bytes = done;
    return done < op->bytes && transfer(op, STEP_WRITE);
}

static bool read_on(struct disk_op *op, int64_t result)
{
    op->done_bytes += (uint64_t)result;
    bool end = result == 0 || op->done_bytes == op->bytes ||
               op->done_bytes != resumable(op, op->done_bytes);
    return !end && transfer(op, STEP_READ);
}

/* --- allocating ------------------------------------------------------------------------------ */

/* Zeros are written from the end of the old file on; with O_DIRECT, from its next whole block. */
static uint64_t zeros_start(const struct disk_op *op)
{
    uint64_t past = op->old_bytes % IO_BLOCK_BYTES;
    return past == 0 ? op->old_bytes : op->old_bytes + IO_BLOCK_BYTES - past;
}

static bool write_zeros(struct disk_op *op)
{
    uint64_t offset = zeros_start(op) + op->done_bytes;
    if (offset >= op->bytes) {
        op->step = (struct disk_step){.kind = STEP_SYNC, .fd = op->fd};
        return true;
    }
    op->step = (struct disk_step){.kind = STEP_WRITE,
                                  .fd = op->fd,
                                  .offset = offset,
                                  .memory = op->memory,
                                  .bytes = u64_min(op->bytes - offset, DISK_PIECE_BYTES)};
    return true;
}

static bool allocate_on(struct disk_op *op, int64_t result)
{
    switch (op->step.kind) {
    case STEP_RESERVE: return write_zeros(op);
    case STEP_WRITE: {
        uint64_t done = resumable(op, (uint64_t)result);
        if (done == 0) return fail(op, EIO);
        op->done_bytes += done;
        return write_zeros(op);
    }
    case STEP_SYNC:
    case STEP_SYNC_DATA:
    case STEP_READ:
    case STEP_RENAME:
    case STEP_REMOVE: break;
    }
    return false;
}

static bool allocate_failed(struct disk_op *op, int error_number)
{
    bool no_reserving = error_number == EOPNOTSUPP || error_number == ENOSYS;
    if (op->step.kind == STEP_RESERVE && no_reserving) return write_zeros(op);
    if (ftruncate(op->fd, (off_t)op->old_bytes) != 0) return fail(op, errno);
    return fail(op, error_number);
}

/* --- renaming -------------------------------------------------------------------------------- */

static int open_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    ASSERT(folder != NULL);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return fd;
}

static bool rename_on(struct disk_op *op)
{
    if (op->step.kind == STEP_SYNC) return false;
    op->folder = open_folder_of(op->to);
    if (op->folder < 0) return fail(op, errno);
    op->step = (struct disk_step){.kind = STEP_SYNC, .fd = op->folder};
    return true;
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool only_step(struct disk_op *op, enum disk_step_kind kind)
{
    op->step = (struct disk_step){.kind = kind, .fd = op->fd};
    return true;
}

static bool reserve(struct disk_op *op)
{
    if (op->bytes <= op->old_bytes) return only_step(op, STEP_SYNC);
    op->step = (struct disk_step){.kind = STEP_RESERVE,
                                  .fd = op->fd,
                                  .offset = op->old_bytes,
                                  .bytes = op->bytes - op->old_bytes};
    return true;
}

bool disk_op_begin(struct disk_op *op)
{
    if (op->err != ERR_OK) return false;
    switch (op->kind) {
    case OP_WRITE: return op->bytes > 0 && transfer(op, STEP_WRITE);
    case OP_READ: return op->bytes > 0 && transfer(op, STEP_READ);
    case OP_SYNC: return only_step(op, STEP_SYNC_DATA);
    case OP_ALLOCATE: return reserve(op);
    case OP_RENAME: return only_step(op, STEP_RENAME);
    case OP_REMOVE: return only_step(op, STEP_REMOVE);
    }
    return false;
}

bool disk_op_advance(struct disk_op *op, int64_t result)
{
    if (result == -EINTR || result == -EAGAIN) return true; /* the same step again */
    if (result < 0) {
        int error_number = (int)-result;
        return op->kind == OP_ALLOCATE ? allocate_failed(op, error_number) : fail(op, error_number);
    }
    switch (op->kind) {
    case OP_WRITE: return write_on(op, result);
    case OP_READ: return read_on(op, result);
    case OP_ALLOCATE: return allocate_on(op, result);
    case OP_RENAME: return rename_on(op);
    case OP_SYNC:
    case OP_REMOVE: return false;
    }
    return false;
}
