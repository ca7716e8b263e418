/*
 * run_store.c -- writing runs. See run.h.
 *
 * Invariants
 *   W1  a run lies whole in memory or whole in the file: when memory is full while a run is being
 *       written, its blocks so far move to the file.
 *   W2  `block` holds a whole head, unwritten, and then records; a part ends with a whole block.
 */
#include <lz4.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cursor.h"
#include "io/memory.h"
#include "work/shuffle/run_impl.h"

enum { OUT_BYTES = 512 * 1024 };

struct run_store *run_store_new(const char *folder, size_t memory_bytes, size_t block_bytes)
{
    struct run_store *store = calloc(1, sizeof *store);
    ASSERT(store != NULL);
    store->folder = folder;
    store->block_bytes = block_bytes;
    store->file.fd = -1;
    store->memory_capacity = memory_bytes;
    if (memory_bytes > 0) store->memory = memory_map(memory_bytes);
    return store;
}

void run_store_free(struct run_store *store)
{
    if (store == NULL) return;
    if (store->memory != NULL) memory_unmap(store->memory, store->memory_capacity);
    file_close(&store->file);
    buffer_free(&store->block);
    buffer_free(&store->out);
    free(store->runs);
    free(store->parts);
    free(store);
}

uint64_t run_store_spilled_bytes(const struct run_store *store)
{
    return store->spilled_bytes;
}

static void block_reset(struct run_store *store)
{
    if (store->block.capacity > 4 * store->block_bytes) buffer_free(&store->block); /* a long one */
    buffer_clear(&store->block);
    (void)buffer_reserve(&store->block, store->block_bytes + RUN_HEAD_BYTES);
    store->block.len = RUN_HEAD_BYTES; /* [W2] */
}

void run_begin(struct run_store *store)
{
    store->open = (struct run){.in_memory = store->memory_capacity > 0,
                               .start = store->memory_capacity > 0 ? store->memory_len : 0};
    if (!store->open.in_memory) store->open.start = store->file_len;
    store->part_start = store->part_records = store->parts_count = 0;
    block_reset(store);
}

static enum err out_flush(struct run_store *store, struct fault *fault)
{
    if (store->out.len == 0) return ERR_OK;
    enum err err = ERR_OK;
    if (store->file.fd < 0) err = file_create_nameless(store->folder, &store->file, fault);
    if (err == ERR_OK) {
        err = file_write_at(&store->file, store->file_len, buffer_slice(&store->out), fault);
    }
    if (err != ERR_OK) {
        return fault_prefix(fault, "cannot spill to %s (--tmp names another folder)",
                            store->folder);
    }
    store->file_len += store->out.len;
    store->spilled_bytes += store->out.len;
    if (store->out.capacity > 4 * OUT_BYTES) buffer_free(&store->out);
    buffer_clear(&store->out);
    return ERR_OK;
}

/* Append a block to the file: compressed when that makes it shorter. */
static enum err block_to_file(struct run_store *store, struct slice records, struct fault *fault)
{
    uint8_t *at = buffer_reserve(&store->out, RUN_HEAD_BYTES + records.len);
    int len = LZ4_compress_default((const char *)records.data, (char *)at + RUN_HEAD_BYTES,
                                   (int)records.len, (int)records.len - 1);
    enum run_codec codec = len > 0 ? RUN_CODEC_LZ4 : RUN_CODEC_PLAIN;
    size_t stored = len > 0 ? (size_t)len : records.len;
    if (codec == RUN_CODEC_PLAIN) memcpy(at + RUN_HEAD_BYTES, records.data, records.len);
    run_head_write(at, records.len, slice_of(at + RUN_HEAD_BYTES, stored), codec);
    store->out.len += RUN_HEAD_BYTES + stored;
    store->open.bytes += RUN_HEAD_BYTES + stored;
    return store->out.len >= OUT_BYTES ? out_flush(store, fault) : ERR_OK;
}

/* The open run has moved: its parts begin elsewhere, so each part's length is new too. */
static void parts_measure(struct run_store *store)
{
    for (uint32_t i = 0; i < store->parts_count; i++) {
        uint64_t end = i + 1 < store->parts_count ? store->parts[i + 1].offset : store->part_start;
        store->parts[i].bytes = end - store->parts[i].offset;
    }
}

/* Memory is full: the blocks of the open run go to the file, one by one. [W1] */
static enum err move_to_file(struct run_store *store, struct fault *fault)
{
    struct slice blocks = slice_of(store->memory + store->open.start, store->open.bytes);
    uint64_t part_start = store->part_start, from = 0;
    uint32_t part = 0;
    store->memory_len = store->open.start;
    store->open.in_memory = false;
    store->open.start = store->file_len;
    store->open.bytes = 0;
    while (blocks.len > 0) {
        struct run_head head;
        enum err err = run_head_read(blocks.data, &head, fault);
        ASSERT(err == ERR_OK);
        while (part < store->parts_count && store->parts[part].offset == from) {
            store->parts[part++].offset = store->open.bytes;
        }
        if (part_start == from) store->part_start = store->open.bytes;
        err =
            block_to_file(store, slice_of(blocks.data + RUN_HEAD_BYTES, head.records_bytes), fault);
        if (err != ERR_OK) return err;
        blocks = slice_from(blocks, RUN_HEAD_BYTES + head.stored_bytes);
        from += RUN_HEAD_BYTES + head.stored_bytes;
    }
    if (part_start == from) store->part_start = store->open.bytes;
    parts_measure(store);
    return ERR_OK;
}

/* The block being filled is whole: put it where the run is. */
static enum err block_end(struct run_store *store, struct fault *fault)
{
    struct slice records = slice_from(buffer_slice(&store->block), RUN_HEAD_BYTES);
    if (records.len == 0) return ERR_OK;
    store->open.block_bytes_max = (uint32_t)u64_max(store->open.block_bytes_max, records.len);
    enum err err = ERR_OK;
    if (store->open.in_memory && store->memory_capacity - store->memory_len < store->block.len) {
        err = move_to_file(store, fault);
    }
    if (err == ERR_OK && store->open.in_memory) {
        run_head_write(store->block.data, records.len, records, RUN_CODEC_PLAIN);
        memcpy(store->memory + store->memory_len, store->block.data, store->block.len);
        store->memory_len += store->block.len;
        store->open.bytes += store->block.len;
    } else if (err == ERR_OK) {
        err = block_to_file(store, records, fault);
    }
    block_reset(store);
    return err;
}

static enum err too_long(struct slice key, struct slice value, struct fault *fault)
{
    return fault_set(fault, ERR_TOO_LONG,
                     "a key of %zu bytes with a value of %zu is longer than the %d bytes that "
                     "sorted data can hold in one record",
                     key.len, value.len, RUN_BLOCK_BYTES_MAX);
}

enum err run_put(struct run_store *store, struct slice key, struct slice value, struct fault *fault)
{
    size_t bytes = key.len + value.len + VARINT_BYTES_MAX;
    if (store->block.len + bytes > store->block_bytes + RUN_HEAD_BYTES) {
        enum err err = block_end(store, fault);
        if (err != ERR_OK) return err;
        if (bytes > RUN_BLOCK_BYTES_MAX) return too_long(key, value, fault);
    }
    uint8_t *start = buffer_reserve(&store->block, bytes);
    uint8_t *at = varint_write(varint_write(start, key.len), value.len);
    bytes_copy(at, key);
    at += key.len;
    bytes_copy(at, value);
    store->block.len += (size_t)(at + value.len - start);
    store->part_records++;
    return ERR_OK;
}

enum err run_end_part(struct run_store *store, uint32_t partition, struct fault *fault)
{
    enum err err = block_end(store, fault); /* [W2] */
    if (err != ERR_OK || store->part_records == 0) return err;
    if (store->parts_count == store->parts_capacity) {
        store->parts_capacity = store->parts_capacity * 2 + 8;
        store->parts = realloc(store->parts, store->parts_capacity * sizeof *store->parts);
        ASSERT(store->parts != NULL);
    }
    store->parts[store->parts_count++] = (struct run_part){
        .run = store->runs_count,
        .partition = partition,
        .offset = store->part_start,
        .bytes = store->open.bytes - store->part_start,
        .records = store->part_records,
    };
    store->part_start = store->open.bytes;
    store->part_records = 0;
    return ERR_OK;
}

enum err run_end(struct run_store *store, const struct run_part **parts, uint32_t *count,
                 struct fault *fault)
{
    if (!store->open.in_memory) {
        enum err err = out_flush(store, fault);
        if (err != ERR_OK) return err;
    }
    if (store->runs_count == store->runs_capacity) {
        store->runs_capacity = store->runs_capacity * 2 + 8;
        store->runs = realloc(store->runs, store->runs_capacity * sizeof *store->runs);
        ASSERT(store->runs != NULL);
    }
    store->runs[store->runs_count++] = store->open;
    *parts = store->parts;
    *count = store->parts_count;
    return ERR_OK;
}

void run_abandon(struct run_store *store)
{
    if (store->open.in_memory) store->memory_len = store->open.start;
    buffer_clear(&store->out);
}

struct run_mark run_store_mark(const struct run_store *store)
{
    return (struct run_mark){store->runs_count, store->file_len, store->memory_len};
}

void run_store_rewind(struct run_store *store, struct run_mark mark)
{
    ASSERT(mark.runs <= store->runs_count);
    if (store->file_len > mark.file_bytes) file_cut(&store->file, mark.file_bytes);
    store->file_len = mark.file_bytes;
    store->memory_len = mark.memory_bytes;
    store->runs_count = mark.runs;
}

void run_drop(struct run_store *store, uint64_t run)
{
    ASSERT(run < store->runs_count);
    struct run *dropped = &store->runs[run];
    if (!dropped->in_memory && dropped->bytes > 0) {
        file_punch(&store->file, dropped->start, dropped->bytes);
    }
    dropped->bytes = 0; /* reading it from now on is refused */
}
