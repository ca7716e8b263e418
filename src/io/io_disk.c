/*
 * io_disk.c -- files and disk submissions: see io.h.
 *
 * Invariants
 *   D1  a submission is with the runner, or in the list of finished ones, or freed.
 *   D2  `under_way` of a file's slot is how many of its submissions are with the runner; the file
 * is closed when none is, so that borrowed memory and the descriptor are never used after.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/disk_impl.h"
#include "io/io_impl.h"
#include "io/memory.h"

enum { FILE_MODE = 0600 };

struct disk {
    struct disk_runner *runner;
    struct disk_list finished;
    uint64_t under_way; /* with the runner, of all files */
    void *zeros;        /* DISK_PIECE_BYTES; made when first needed */
    struct io_faults faults;
};

static enum err runner_new(enum io_disk kind, struct disk_runner **runner, struct fault *fault)
{
    switch (kind) {
    case IO_DISK_AUTO: {
        enum err err = uring_new(runner, fault);
        return err == ERR_OK ? ERR_OK : threads_new(runner, fault);
    }
    case IO_DISK_URING: return uring_new(runner, fault);
    case IO_DISK_THREADS: break;
    }
    return threads_new(runner, fault);
}

enum err disk_new(enum io_disk kind, struct disk **made, struct fault *fault)
{
    struct disk_runner *runner;
    enum err err = runner_new(kind, &runner, fault);
    if (err != ERR_OK) return err;
    struct disk *disk = calloc(1, sizeof *disk);
    ASSERT(disk != NULL);
    disk->runner = runner;
    *made = disk;
    return ERR_OK;
}

int disk_descriptor(const struct disk *disk)
{
    return disk->runner->descriptor;
}

const char *io_disk_name(const struct io *io)
{
    return io->disk->runner->name;
}

/* --- finished submissions -------------------------------------------------------------------- */

static void finish(struct io *io, struct disk_op *op)
{
    op->ready_at.ns = io->now.ns + io->disk->faults.delay.ns;
    disk_list_add(&io->disk->finished, op);
}

static void collect(struct io *io, bool wait)
{
    struct disk_list done = {0};
    struct disk_runner *runner = io->disk->runner;
    runner->reap(runner, &done, wait);
    for (struct disk_op *op; (op = disk_list_take(&done)) != NULL;) {
        io->disk->under_way--;
        if (op->file.n >= 0) slot_of(io, op->file)->under_way--; /* [D2] */
        finish(io, op);
    }
}

void disk_reap(struct io *io)
{
    collect(io, false);
}

void disk_gather(struct io *io, struct gather *gather)
{
    struct disk_list *finished = &io->disk->finished;
    while (finished->first != NULL && gather->count < gather->max) {
        if (finished->first->ready_at.ns > io->now.ns) return;
        struct disk_op *op = disk_list_take(finished);
        struct io_completion *completion = gather_add(gather, IO_DISK_DONE, op->tag, op->file);
        completion->err = op->err;
        completion->error_number = op->error_number;
        completion->bytes_count = op->done_bytes;
        disk_op_free(op);
    }
}

instant disk_deadline(const struct io *io, instant deadline)
{
    const struct disk_op *first = io->disk->finished.first;
    return first != NULL && first->ready_at.ns < deadline.ns ? first->ready_at : deadline;
}

static void drop_finished(struct disk *disk, io_handle file)
{
    struct disk_list all = disk->finished;
    disk->finished = (struct disk_list){0};
    for (struct disk_op *op; (op = disk_list_take(&all)) != NULL;) {
        if (op->file.n == file.n) {
            disk_op_free(op);
        } else {
            disk_list_add(&disk->finished, op);
        }
    }
}

void disk_close_file(struct io *io, io_handle file)
{
    while (slot_of(io, file)->under_way > 0) collect(io, true); /* [D2] */
    drop_finished(io->disk, file);
}

void disk_free(struct io *io)
{
    struct disk *disk = io->disk;
    while (disk->under_way > 0) collect(io, true);
    for (struct disk_op *op; (op = disk_list_take(&disk->finished)) != NULL;) disk_op_free(op);
    disk->runner->free(disk->runner);
    memory_unmap(disk->zeros, DISK_PIECE_BYTES);
    free(disk);
}

/* --- submitting ------------------------------------------------------------------------------ */

static struct disk_op *op_new(enum disk_op_kind kind, io_tag tag)
{
    struct disk_op *op = calloc(1, sizeof *op);
    ASSERT(op != NULL);
    op->kind = kind;
    op->tag = tag;
    op->file = IO_NONE;
    op->fd = AT_FDCWD;
    op->folder = -1;
    return op;
}

static struct disk_op *file_op_new(struct io *io, enum disk_op_kind kind, io_handle file,
                                   io_tag tag)
{
    const struct io_slot *slot = slot_of(io, file);
    ASSERT(slot->kind == SLOT_FILE);
    struct disk_op *op = op_new(kind, tag);
    op->file = file;
    op->fd = slot->fd;
    op->direct = slot->flags & SLOT_DIRECT;
    return op;
}

/* What io_set_faults wants of this one. */
static void apply_faults(struct io_faults *faults, struct disk_op *op)
{
    bool counts = op->kind == OP_WRITE || op->kind == OP_ALLOCATE;
    if (!counts || faults->write_err == ERR_OK) return;
    if (faults->writes_before > 0) {
        faults->writes_before--;
    } else {
        disk_op_fail(op, faults->write_err, faults->write_err == ERR_NO_SPACE ? ENOSPC : EIO);
    }
}

static void submit(struct io *io, struct disk_op *op)
{
    struct disk *disk = io->disk;
    apply_faults(&disk->faults, op);
    if (!disk_op_begin(op)) {
        finish(io, op);
        return;
    }
    if (op->file.n >= 0) slot_of(io, op->file)->under_way++;
    disk->under_way++;
    disk->runner->start(disk->runner, op);
}

void io_write(struct io *io, io_handle file, uint64_t offset, struct slice bytes, io_tag tag)
{
    struct disk_op *op = file_op_new(io, OP_WRITE, file, tag);
    op->offset = offset;
    op->bytes = bytes.len;
    op->memory = (uint8_t *)(uintptr_t)bytes.data; /* only read */
    submit(io, op);
}

void io_read(struct io *io, io_handle file, uint64_t offset, uint8_t *to, size_t size, io_tag tag)
{
    struct disk_op *op = file_op_new(io, OP_READ, file, tag);
    op->offset = offset;
    op->bytes = size;
    op->memory = to;
    submit(io, op);
}

void io_sync(struct io *io, io_handle file, io_tag tag)
{
    submit(io, file_op_new(io, OP_SYNC, file, tag));
}

void io_allocate(struct io *io, io_handle file, uint64_t bytes, io_tag tag)
{
    struct disk *disk = io->disk;
    if (disk->zeros == NULL) disk->zeros = memory_map(DISK_PIECE_BYTES);
    struct disk_op *op = file_op_new(io, OP_ALLOCATE, file, tag);
    op->bytes = bytes;
    op->memory = disk->zeros;
    op->old_bytes = io_file_bytes(io, file);
    submit(io, op);
}

static char *copied(const char *path)
{
    char *copy = strdup(path);
    ASSERT(copy != NULL);
    return copy;
}

void io_rename(struct io *io, const char *from, const char *to, io_tag tag)
{
    struct disk_op *op = op_new(OP_RENAME, tag);
    op->from = copied(from);
    op->to = copied(to);
    submit(io, op);
}

void io_remove(struct io *io, const char *path, io_tag tag)
{
    struct disk_op *op = op_new(OP_REMOVE, tag);
    op->from = copied(path);
    submit(io, op);
}

void io_set_faults(struct io *io, const struct io_faults *faults)
{
    io->disk->faults = *faults;
}

/* --- files ----------------------------------------------------------------------------------- */

static int open_flags(uint32_t how)
{
    bool reads = how & IO_OPEN_READ, writes = how & IO_OPEN_WRITE;
    int flags = O_CLOEXEC | O_NOCTTY | (reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY);
    if (how & IO_OPEN_CREATE) flags |= O_CREAT | O_EXCL;
    if (how & IO_OPEN_DIRECT) flags |= O_DSYNC;
    return flags;
}

enum err io_open(struct io *io, const char *path, uint32_t how, io_handle *file,
                 struct fault *fault)
{
    bool direct = how & IO_OPEN_DIRECT;
    int fd = open(path, open_flags(how) | (direct ? O_DIRECT : 0), FILE_MODE);
    if (fd < 0 && direct && errno == EINVAL) {
        /* No O_DIRECT here. Some file systems have made the file before they find that out. */
        direct = false;
        if (how & IO_OPEN_CREATE) (void)unlink(path);
        fd = open(path, open_flags(how), FILE_MODE);
    }
    if (fd < 0) return fault_set_errno(fault, errno, "cannot open %s", path);
    if (!slot_new(io, SLOT_FILE, fd, (io_tag){0}, file)) {
        return fault_set(fault, ERR_LIMIT, "cannot open %s: too many sockets and files are open",
                         path);
    }
    if (direct) slot_of(io, *file)->flags |= SLOT_DIRECT;
    return ERR_OK;
}

uint64_t io_file_bytes(const struct io *io, io_handle file)
{
    struct stat status;
    int failed = fstat(slot_of(io, file)->fd, &status);
    ASSERT(failed == 0);
    return (uint64_t)status.st_size;
}

void *io_block_memory(size_t size)
{
    return memory_map(size);
}

void io_block_memory_free(void *memory, size_t size)
{
    memory_unmap(memory, size);
}
