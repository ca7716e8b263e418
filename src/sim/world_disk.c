/*
 * world_disk.c -- the disk of io.h in a simulated world: see world_impl.h.
 *
 * Invariants
 *   W1  the agenda has one item for each operation until it is done; an operation that nobody
 *       waits for any more is freed when its item comes.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/memory.h"
#include "sim/world_impl.h"

enum disk_op_kind { OP_WRITE, OP_READ, OP_SYNC, OP_ALLOCATE, OP_RENAME, OP_REMOVE };

struct disk_op {
    struct disk_op *next;           /* in `finished` */
    struct disk_op *next_under_way; /* in `under_way` */
    enum disk_op_kind kind;
    struct io *io; /* NULL: nobody waits for it */
    io_handle file;
    io_tag tag;
    struct inode *inode; /* a reference */
    bool direct;
    uint64_t offset, bytes, serial;
    uint8_t *memory; /* of a read */
    char from[DISK_PATH_MAX], to[DISK_PATH_MAX];
    uint64_t done_bytes;
    enum err err;
};

/* --- how long, and what fails ------------------------------------------------------------------
 */

static int64_t time_of(struct host *host, uint64_t bytes)
{
    struct sim *sim = host->sim;
    const struct sim_disks *disks = &sim->disks;
    int64_t moving = (int64_t)(bytes >> 10) * disks->ns_per_kib * host->disk_slowness;
    int64_t waiting =
        disks->latency_ns + (int64_t)prng_below(&sim->disk_prng, (uint64_t)disks->jitter_ns + 1);
    int64_t start = sim->now_ns + host->spent_ns;
    if (host->disk_busy_until_ns > start) start = host->disk_busy_until_ns;
    host->disk_busy_until_ns = start + moving;
    return start + moving + waiting * host->disk_slowness;
}

/* A failing disk may have done the write all the same. */
static bool fails_now(struct host *host)
{
    if (!host->disk_fails) return false;
    host->disk_fails = false;
    return true;
}

/* --- submitting --------------------------------------------------------------------------------
 */

static struct disk_op *op_new(struct io *io, enum disk_op_kind kind, io_handle file, io_tag tag)
{
    struct disk_op *op = calloc(1, sizeof *op);
    ASSERT(op != NULL);
    *op = (struct disk_op){.kind = kind, .io = io, .file = file, .tag = tag};
    if (file.n < 0) return op;
    const struct io_slot *slot = slot_of(io, file);
    ASSERT(slot->kind == SLOT_FILE);
    op->inode = slot->inode;
    op->direct = slot->flags & SLOT_DIRECT;
    inode_hold(op->inode);
    return op;
}

static void submit(struct io *io, struct disk_op *op, uint64_t cost_bytes)
{
    op->next_under_way = io->under_way;
    io->under_way = op;
    sim_happen(io->host->sim, time_of(io->host, cost_bytes), SIM_DISK_DONE, 0, (uintptr_t)op);
}

void io_write(struct io *io, io_handle file, uint64_t offset, struct slice bytes, io_tag tag)
{
    struct disk_op *op = op_new(io, OP_WRITE, file, tag);
    op->offset = offset;
    op->bytes = bytes.len;
    bool fails = fails_now(io->host);
    bool done = !fails || prng_below(&io->host->sim->disk_prng, 2) == 0;
    if (fails) op->err = ERR_IO;
    if (done && !inode_write(&io->host->disk, op->inode, offset, bytes, op)) op->err = ERR_NO_SPACE;
    submit(io, op, bytes.len);
}

void io_read(struct io *io, io_handle file, uint64_t offset, uint8_t *to, size_t size, io_tag tag)
{
    struct disk_op *op = op_new(io, OP_READ, file, tag);
    op->offset = offset;
    op->bytes = size;
    op->memory = to;
    submit(io, op, size);
}

void io_sync(struct io *io, io_handle file, io_tag tag)
{
    struct disk_op *op = op_new(io, OP_SYNC, file, tag);
    op->serial = io->host->disk.serial;
    if (fails_now(io->host)) op->err = ERR_IO;
    submit(io, op, 0);
}

void io_allocate(struct io *io, io_handle file, uint64_t bytes, io_tag tag)
{
    struct disk_op *op = op_new(io, OP_ALLOCATE, file, tag);
    op->bytes = bytes;
    if (fails_now(io->host)) op->err = ERR_IO;
    ASSERT(op->inode != NULL);
    submit(io, op, bytes - u64_min(bytes, op->inode->bytes));
}

static void set_path(char to[DISK_PATH_MAX], const char *path)
{
    size_t len = strlen(path);
    ASSERT(len < DISK_PATH_MAX);
    memcpy(to, path, len + 1);
}

void io_rename(struct io *io, const char *from, const char *to, io_tag tag)
{
    struct disk_op *op = op_new(io, OP_RENAME, IO_NONE, tag);
    set_path(op->from, from);
    set_path(op->to, to);
    submit(io, op, 0);
}

void io_remove(struct io *io, const char *path, io_tag tag)
{
    struct disk_op *op = op_new(io, OP_REMOVE, IO_NONE, tag);
    set_path(op->from, path);
    submit(io, op, 0);
}

/* --- what they do ------------------------------------------------------------------------------
 */

static void do_read(struct disk_op *op)
{
    uint64_t end = u64_min(op->offset + op->bytes, op->inode->bytes);
    if (op->offset >= end) return;
    op->done_bytes = end - op->offset;
    memcpy(op->memory, op->inode->cache + op->offset, op->done_bytes);
}

static void do_rename(struct disk *disk, struct disk_op *op)
{
    if (disk_find(disk, op->from) == NULL) {
        op->err = ERR_NOT_FOUND;
        return;
    }
    disk_rename(disk, op->from, op->to);
    char folder[DISK_PATH_MAX];
    set_path(folder, op->to);
    *strrchr(folder, '/') = '\0';
    disk_sync_folder(disk, folder);
}

static void do_allocate(struct disk *disk, struct disk_op *op)
{
    bool fits = op->bytes <= op->inode->bytes || inode_resize(disk, op->inode, op->bytes);
    if (!fits) op->err = ERR_NO_SPACE;
    if (fits) inode_sync(op->inode, disk->serial);
}

static void do_op(struct disk *disk, struct disk_op *op)
{
    if (op->kind == OP_WRITE) inode_written(disk, op->inode, op, op->direct);
    if (op->err != ERR_OK) return;
    op->done_bytes = op->bytes;
    switch (op->kind) {
    case OP_WRITE: break;
    case OP_READ: do_read(op); break;
    case OP_SYNC: inode_sync(op->inode, op->serial); break;
    case OP_ALLOCATE: do_allocate(disk, op); break;
    case OP_RENAME: do_rename(disk, op); break;
    case OP_REMOVE:
        if (disk_find(disk, op->from) != NULL) disk_remove(disk, op->from);
        break;
    }
}

/* --- done --------------------------------------------------------------------------------------
 */

static void leave(struct disk_op *op)
{
    struct disk_op **at = &op->io->under_way;
    while (*at != op) at = &(*at)->next_under_way;
    *at = op->next_under_way;
}

static void let_go(struct host *host, struct disk_op *op)
{
    if (op->inode != NULL) inode_drop(&host->disk, op->inode);
    op->inode = NULL;
    op->io = NULL;
}

static void finish(struct io *io, struct disk_op *op)
{
    op->next = NULL;
    if (io->finished.first == NULL) {
        io->finished.first = op;
    } else {
        io->finished.last->next = op;
    }
    io->finished.last = op;
    host_want_turn(io->host, io->lane, io->host->sim->now_ns);
}

void io_disk_done(struct sim *sim, uint64_t operation)
{
    struct disk_op *op = (struct disk_op *)(uintptr_t)operation;
    struct io *io = op->io;
    if (io == NULL) { /* [W1] */
        free(op);
        return;
    }
    struct host *host = io->host;
    bool cut_before = host->cut_off_by_crash && prng_below(&sim->fault_prng, 2) == 0;
    if (!cut_before) {
        leave(op);
        do_op(&host->disk, op);
        sim_note(sim, op->kind ^ op->done_bytes << 8 ^ (uint64_t)op->err << 4);
        finish(io, op);
    }
    if (!host->cut_off_by_crash) return;
    if (cut_before) { /* its item is this one, and is over */
        leave(op);
        let_go(host, op);
        free(op);
    }
    host_cut_power(host, host->crash_loss);
}

void disk_gather(struct io *io, struct gather *gather)
{
    while (io->finished.first != NULL && gather->count < gather->max) {
        struct disk_op *op = io->finished.first;
        io->finished.first = op->next;
        struct io_completion *completion = gather_add(gather, IO_DISK_DONE, op->tag, op->file);
        completion->err = op->err;
        completion->bytes_count = op->done_bytes;
        if (op->err != ERR_OK) completion->error_number = op->err == ERR_NO_SPACE ? ENOSPC : EIO;
        let_go(io->host, op);
        free(op);
    }
}

static void drop_finished(struct io *io, io_handle file, bool all)
{
    struct disk_op *at = io->finished.first;
    io->finished = (struct disk_op_list){0};
    while (at != NULL) {
        struct disk_op *next = at->next;
        if (all || at->file.n == file.n) {
            let_go(io->host, at);
            free(at);
        } else {
            finish(io, at);
        }
        at = next;
    }
}

/* Done at once, and nobody is told. */
static void drop_under_way(struct io *io, io_handle file, bool all)
{
    struct disk_op **at = &io->under_way;
    while (*at != NULL) {
        struct disk_op *op = *at;
        if (!all && op->file.n != file.n) {
            at = &op->next_under_way;
            continue;
        }
        *at = op->next_under_way;
        if (io->host->has_power) do_op(&io->host->disk, op);
        let_go(io->host, op);
    }
}

void disk_close_file(struct io *io, io_handle handle)
{
    drop_under_way(io, handle, false);
    drop_finished(io, handle, false);
    inode_drop(&io->host->disk, slot_of(io, handle)->inode);
}

void disk_drop_all(struct io *io)
{
    drop_under_way(io, IO_NONE, true);
    drop_finished(io, IO_NONE, true);
}

/* What changes names or sizes is half done, or not; writes are torn with the rest of the disk. */
void io_power_lost(struct io *io, enum disk_loss loss)
{
    struct host *host = io->host;
    for (struct disk_op *op = io->under_way; op != NULL; op = op->next_under_way) {
        bool names = op->kind == OP_RENAME || op->kind == OP_REMOVE || op->kind == OP_ALLOCATE;
        if (!names || loss == DISK_LOSES_ALL) continue;
        if (loss == DISK_TEARS && prng_below(&host->sim->disk_prng, 2) == 0) continue;
        if (op->kind == OP_ALLOCATE && op->bytes > op->inode->bytes) {
            uint64_t more = op->bytes - op->inode->bytes;
            if (loss == DISK_TEARS) more = prng_below(&host->sim->disk_prng, more);
            op->bytes = op->inode->bytes + more - more % IO_BLOCK_BYTES;
        }
        do_op(&host->disk, op);
    }
}

/* --- files -------------------------------------------------------------------------------------
 */

enum err io_open(struct io *io, const char *path, uint32_t how, io_handle *file,
                 struct fault *fault)
{
    struct disk *disk = &io->host->disk;
    const struct disk_name *name = disk_find(disk, path);
    bool creates = how & IO_OPEN_CREATE;
    if (creates && name != NULL) return fault_set(fault, ERR_EXISTS, "%s exists", path);
    if (!creates && name == NULL) return fault_set(fault, ERR_NOT_FOUND, "there is no %s", path);
    struct inode *inode = creates ? disk_create(disk, path) : name->inode;
    ASSERT(inode != NULL);
    inode_hold(inode);
    struct io_slot *slot = slot_new(io, SLOT_FILE, (io_tag){0}, file);
    slot->inode = inode;
    if (how & IO_OPEN_DIRECT) slot->flags |= SLOT_DIRECT;
    return ERR_OK;
}

uint64_t io_file_bytes(const struct io *io, io_handle file)
{
    return slot_of(io, file)->inode->bytes;
}

void *io_block_memory(size_t size)
{
    return memory_map(size);
}

void io_block_memory_free(void *memory, size_t size)
{
    memory_unmap(memory, size);
}
