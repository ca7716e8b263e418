/*
 * snapshot_write.c -- the writing half of snapshot.h.
 *
 * Invariants
 *   N1  the file has its name only when all of it is on disk: its blocks, then a flush, then the
 *       name.
 *   N2  after a failure nothing more is written, and FAILED is told when nothing is under way and
 *       what was written is removed: the next one may have the same name.
 */
#include <stdlib.h>

#include "base/crc.h"
#include "io/file.h"
#include "lane/snapshot_format.h"

enum {
    BLOCK_BYTES = 256 * 1024,
    BLOCK_KEEP_BYTES_MAX = 4 * BLOCK_BYTES, /* of memory, to be used again */
    SLOTS_COUNT = 4,                        /* blocks under way; their tags are 0 … */
    TAG_SYNC = SLOTS_COUNT,
    TAG_RENAME,
    TAG_REMOVE,
    QUEUE_BYTES_MAX = 64 << 20, /* sealed, without a slot: more is only added by steps under way */
    SYNCED_EACH_MAX = 8,  /* of several files: more are flushed with all that waits for the disk */
    STEP_BUCKETS = 4,     /* between two looks at how much was done */
    SYNC_BYTES = 1 << 20, /* written between two flushes: the disk never has a flood to take */
};

struct block {
    struct block *next;
    struct buffer bytes; /* room for its head, then the records */
    uint64_t records_count;
    uint64_t offset;
};

enum stage { STAGE_BLOCKS, STAGE_FLUSH, STAGE_RENAME, STAGE_DONE, STAGE_REMOVE, STAGE_REMOVED };

struct snapshot_writer {
    struct io *io;
    io_tag tag;
    struct store *store;
    char partial[SNAPSHOT_PATH_MAX], path[SNAPSHOT_PATH_MAX];
    io_handle file;
    uint32_t header_crc;

    struct block *filling; /* never NULL until the end */
    struct block *slots[SLOTS_COUNT];
    struct block *waiting, *waiting_last; /* sealed, without a slot */
    uint64_t waiting_bytes;
    struct block *spare;
    uint64_t end;          /* of the file, as sealed so far */
    uint64_t blocks_count; /* sealed */
    uint64_t records_count;
    uint64_t unsynced_bytes; /* written since the last flush began */
    bool syncing;
    bool walk_over;

    enum stage stage;
    bool failed;
    struct fault fault;
};

/* --- blocks ----------------------------------------------------------------------------------- */

static struct block *block_take(struct snapshot_writer *writer)
{
    struct block *block = writer->spare;
    if (block != NULL) {
        writer->spare = block->next;
    } else {
        block = calloc(1, sizeof *block);
        ASSERT(block != NULL);
    }
    block->next = NULL;
    block->records_count = 0;
    buffer_clear(&block->bytes);
    return block;
}

static void block_free(struct block *block)
{
    if (block == NULL) return;
    buffer_free(&block->bytes);
    free(block);
}

static void block_give(struct snapshot_writer *writer, struct block *block)
{
    if (writer->spare != NULL || block->bytes.capacity > BLOCK_KEEP_BYTES_MAX) {
        block_free(block);
        return;
    }
    block->next = NULL;
    writer->spare = block;
}

static bool is_idle(const struct snapshot_writer *writer)
{
    for (uint32_t i = 0; i < SLOTS_COUNT; i++) {
        if (writer->slots[i] != NULL) return false;
    }
    return !writer->syncing;
}

/* What is written and not flushed goes to the disk in one piece, and the log's writes behind it:
 * so it is never more than two small ones. */
static bool flush_is_behind(const struct snapshot_writer *writer)
{
    return writer->syncing && writer->unsynced_bytes >= SYNC_BYTES;
}

static void submit_waiting(struct snapshot_writer *writer)
{
    for (uint32_t i = 0; i < SLOTS_COUNT && !writer->failed; i++) {
        struct block *block = writer->waiting;
        if (block == NULL || flush_is_behind(writer)) return;
        if (writer->slots[i] != NULL) continue;
        writer->waiting = block->next;
        writer->waiting_bytes -= block->bytes.len;
        writer->slots[i] = block;
        io_write(writer->io, writer->file, block->offset, buffer_slice(&block->bytes),
                 (io_tag){writer->tag.n + i});
    }
}

static void send(struct snapshot_writer *writer, struct block *block)
{
    block->offset = writer->end;
    writer->end += block->bytes.len;
    if (writer->waiting == NULL) {
        writer->waiting = block;
    } else {
        writer->waiting_last->next = block;
    }
    writer->waiting_last = block;
    writer->waiting_bytes += block->bytes.len;
    submit_waiting(writer);
}

static void begin_block(struct snapshot_writer *writer)
{
    writer->filling = block_take(writer);
    (void)buffer_reserve(&writer->filling->bytes, SNAPSHOT_HEAD_BYTES);
    writer->filling->bytes.len = SNAPSHOT_HEAD_BYTES;
}

static void seal_block(struct snapshot_writer *writer)
{
    struct block *block = writer->filling;
    struct slice records = slice_from(buffer_slice(&block->bytes), SNAPSHOT_HEAD_BYTES);
    struct snapshot_head head = {
        .part = SNAPSHOT_PART_BLOCK,
        .number = writer->blocks_count++,
        .bytes = records.len,
        .records_count = block->records_count,
        .records_crc = crc32c(0, records),
    };
    snapshot_head_write(block->bytes.data, writer->header_crc, &head);
    writer->records_count += block->records_count;
    writer->filling = NULL;
    send(writer, block);
}

static void take_records(void *context, struct slice records, uint64_t records_count)
{
    struct snapshot_writer *writer = context;
    struct block *block = writer->filling;
    if (writer->failed || records.len == 0) return;
    buffer_append(&block->bytes, records);
    block->records_count += records_count;
    if (block->bytes.len < BLOCK_BYTES) return;
    seal_block(writer);
    begin_block(writer);
}

static void seal_footer(struct snapshot_writer *writer)
{
    if (writer->filling->records_count > 0) {
        seal_block(writer);
    } else {
        block_give(writer, writer->filling);
    }
    struct block *block = block_take(writer);
    uint8_t *to = buffer_reserve(&block->bytes, SNAPSHOT_HEAD_BYTES);
    struct snapshot_head head = {
        .part = SNAPSHOT_PART_FOOTER,
        .number = writer->blocks_count,
        .bytes = writer->end + SNAPSHOT_HEAD_BYTES,
        .records_count = writer->records_count,
    };
    snapshot_head_write(to, writer->header_crc, &head);
    block->bytes.len = SNAPSHOT_HEAD_BYTES;
    writer->filling = NULL;
    send(writer, block);
}

/* --- beginning and ending --------------------------------------------------------------------- */

static void send_header(struct snapshot_writer *writer, const struct snapshot_header *header)
{
    struct block *block = block_take(writer);
    uint8_t *to = buffer_reserve(&block->bytes, SNAPSHOT_HEADER_BYTES);
    writer->header_crc = snapshot_header_write(to, header);
    block->bytes.len = SNAPSHOT_HEADER_BYTES;
    send(writer, block);
}

enum err snapshot_begin(struct io *io, io_tag tag, const char *folder, struct store *store,
                        const struct snapshot_header *header, struct snapshot_writer **begun,
                        struct fault *fault)
{
    struct snapshot_writer *writer = calloc(1, sizeof *writer);
    ASSERT(writer != NULL);
    writer->io = io;
    writer->tag = tag;
    writer->store = store;
    snapshot_path(writer->path, folder, header->shard, header->index, "");
    snapshot_path(writer->partial, folder, header->shard, header->index, SNAPSHOT_PARTIAL);
    file_remove(writer->partial); /* of a process that was ended */
    enum err err =
        io_open(io, writer->partial, IO_OPEN_WRITE | IO_OPEN_CREATE, &writer->file, fault);
    if (err != ERR_OK) {
        free(writer);
        return err;
    }
    send_header(writer, header);
    begin_block(writer);
    store_walk_begin(store, take_records, writer);
    *begun = writer;
    return ERR_OK;
}

static void fail(struct snapshot_writer *writer, int error_number, const char *what)
{
    if (writer->failed) return;
    writer->failed = true;
    (void)fault_set_errno(&writer->fault, error_number, "cannot %s the snapshot %s", what,
                          writer->path);
    if (!writer->walk_over) store_walk_cancel(writer->store);
    writer->walk_over = true;
}

/* [N1] */
static void go_on(struct snapshot_writer *writer)
{
    bool idle = writer->waiting == NULL && is_idle(writer);
    bool flush = writer->unsynced_bytes >= SYNC_BYTES && !writer->syncing;
    if (writer->failed) return;
    if (writer->stage == STAGE_BLOCKS && writer->walk_over && idle) {
        writer->stage = STAGE_FLUSH;
        flush = true;
    }
    if (!flush || writer->stage > STAGE_FLUSH) return;
    writer->syncing = true;
    writer->unsynced_bytes = 0;
    io_sync(writer->io, writer->file, (io_tag){writer->tag.n + TAG_SYNC});
}

static void written(struct snapshot_writer *writer, uint32_t slot)
{
    struct block *block = writer->slots[slot];
    writer->slots[slot] = NULL;
    writer->unsynced_bytes += block->bytes.len;
    block_give(writer, block);
    submit_waiting(writer);
}

static void synced(struct snapshot_writer *writer)
{
    writer->syncing = false;
    submit_waiting(writer);
    if (writer->stage != STAGE_FLUSH || writer->failed) return;
    writer->stage = STAGE_RENAME;
    io_rename(writer->io, writer->partial, writer->path,
              (io_tag){writer->tag.n + TAG_RENAME}); /* [N1] */
}

void snapshot_complete(struct snapshot_writer *writer, const struct io_completion *completion)
{
    uint64_t which = completion->tag.n - writer->tag.n;
    if (which == SNAPSHOT_TAG_REMOVE) return;
    if (which == TAG_REMOVE) {
        writer->stage = STAGE_REMOVED;
        return;
    }
    if (completion->err != ERR_OK) {
        fail(writer, completion->error_number, which < TAG_SYNC ? "write" : "finish");
    }
    if (which < SLOTS_COUNT) {
        written(writer, (uint32_t)which);
    } else if (which == TAG_SYNC) {
        synced(writer);
    } else if (which == TAG_RENAME && !writer->failed) {
        writer->stage = STAGE_DONE;
    }
    go_on(writer);
}

/* [N2] */
static enum snapshot_progress step_failed(struct snapshot_writer *writer)
{
    if (writer->stage == STAGE_REMOVED) return SNAPSHOT_FAILED;
    if (writer->stage == STAGE_REMOVE || !is_idle(writer)) return SNAPSHOT_WAITING;
    writer->stage = STAGE_REMOVE;
    io_remove(writer->io, writer->partial, (io_tag){writer->tag.n + TAG_REMOVE});
    return SNAPSHOT_WAITING;
}

enum snapshot_progress snapshot_step(struct snapshot_writer *writer, uint32_t buckets)
{
    if (writer->failed) return step_failed(writer);
    if (writer->stage == STAGE_DONE) return SNAPSHOT_DONE;
    if (writer->walk_over || writer->waiting != NULL) return SNAPSHOT_WAITING;
    uint64_t blocks_before = writer->blocks_count;
    for (uint32_t done = 0; done < buckets; done += STEP_BUCKETS) {
        writer->walk_over = !store_walk_step(writer->store, STEP_BUCKETS);
        if (writer->walk_over) break;
        if (writer->blocks_count > blocks_before) return SNAPSHOT_RUNNING; /* that was much */
    }
    if (!writer->walk_over) return SNAPSHOT_RUNNING;
    seal_footer(writer);
    return SNAPSHOT_WAITING;
}

const struct fault *snapshot_fault(const struct snapshot_writer *writer)
{
    return writer->failed ? &writer->fault : NULL;
}

bool snapshot_is_behind(const struct snapshot_writer *writer)
{
    return !writer->failed && writer->waiting_bytes > QUEUE_BYTES_MAX;
}

uint64_t snapshot_written_bytes(const struct snapshot_writer *writer)
{
    return writer->end;
}

void snapshot_end(struct snapshot_writer *writer)
{
    if (!writer->walk_over) store_walk_cancel(writer->store);
    io_close(writer->io, writer->file); /* and wait for what is under way: it borrows the blocks */
    if (writer->stage <= STAGE_FLUSH) file_remove(writer->partial);
    for (uint32_t i = 0; i < SLOTS_COUNT; i++) block_free(writer->slots[i]);
    while (writer->waiting != NULL) {
        struct block *block = writer->waiting;
        writer->waiting = block->next;
        block_free(block);
    }
    block_free(writer->filling);
    block_free(writer->spare);
    free(writer);
}

static enum err write_partial(const char *folder, const struct snapshot_header *header, bool sync,
                              struct fault *fault)
{
    uint8_t bytes[SNAPSHOT_EMPTY_BYTES];
    char partial[SNAPSHOT_PATH_MAX];
    struct file file;
    snapshot_empty_write(bytes, header);
    snapshot_path(partial, folder, header->shard, header->index, SNAPSHOT_PARTIAL);
    enum err err = file_create(partial, &file, fault);
    if (err != ERR_OK) return err;
    err = file_write(&file, slice_of(bytes, sizeof bytes), fault);
    if (err == ERR_OK && sync) err = file_sync(&file, fault);
    file_close(&file);
    return err;
}

static enum err name_whole(const char *folder, const struct snapshot_header *header,
                           struct fault *fault)
{
    char path[SNAPSHOT_PATH_MAX], partial[SNAPSHOT_PATH_MAX];
    snapshot_path(path, folder, header->shard, header->index, "");
    snapshot_path(partial, folder, header->shard, header->index, SNAPSHOT_PARTIAL);
    return file_rename(partial, path, fault);
}

enum err snapshot_write_empty(const char *folder, const struct snapshot_header *headers,
                              uint32_t count, struct fault *fault)
{
    bool each = count <= SYNCED_EACH_MAX;
    enum err err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        err = write_partial(folder, &headers[i], each, fault);
    }
    if (err == ERR_OK && !each) err = folder_sync_files(folder, fault);
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        err = name_whole(folder, &headers[i], fault); /* [N1] */
    }
    return err == ERR_OK ? folder_sync(folder, fault) : err;
}
