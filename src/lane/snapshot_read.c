/* snapshot_read.c -- the reading half of snapshot.h. */
#include <stdlib.h>

#include "base/crc.h"
#include "io/file.h"
#include "io/folder.h"
#include "lane/snapshot_format.h"

enum {
    READ_BYTES = 256 << 10, /* at once */
    AHEAD_BYTES = 8 << 20, /* asked of the disk before they are needed: decoding overlaps reading */
    STEP_RECORDS = 64,     /* between two looks at how much was done … */
    RECORD_BYTES = 512,    /* … where each counts as so many more than it has */
};

struct reader {
    struct file file;
    uint64_t file_bytes;
    struct buffer window; /* read, from `at` on */
    uint64_t at;          /* of the file: where what was taken ended */
    size_t taken;         /* of the window */
    struct snapshot_header header;
    uint32_t header_crc;
};

static enum err damaged(const struct reader *reader, uint64_t at, const char *what,
                        struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT,
                     "%s, offset %llu: %s; 'tutti doctor' tells what is whole, and 'tutti restore' "
                     "brings back a backup",
                     reader->file.label, (unsigned long long)at, what);
}

/* The next `size` bytes, in one piece; borrowed until the next call. */
static enum err take(struct reader *reader, uint64_t size, struct slice *bytes, struct fault *fault)
{
    struct buffer *window = &reader->window;
    uint64_t left = window->len - reader->taken;
    if (size > reader->file_bytes - reader->at) {
        return damaged(reader, reader->at, "the file ends too early", fault);
    }
    if (left < size) {
        uint64_t from = reader->at + left;
        size_t got,
            want = (size_t)u64_min(u64_max(size - left, READ_BYTES), reader->file_bytes - from);
        buffer_consume(window, reader->taken);
        reader->taken = 0;
        uint8_t *to = buffer_reserve(window, want);
        file_will_need(&reader->file, from + want, AHEAD_BYTES);
        enum err err = file_read_at(&reader->file, from, to, want, &got, fault);
        if (err != ERR_OK) return err;
        window->len += got;
        if (window->len < size) {
            return damaged(reader, reader->at, "the file became shorter", fault);
        }
    }
    *bytes = slice_of(window->data + reader->taken, (size_t)size);
    reader->taken += (size_t)size;
    reader->at += size;
    return ERR_OK;
}

static void reader_close(struct reader *reader)
{
    file_close(&reader->file);
    buffer_free(&reader->window);
}

static enum err read_header(struct reader *reader, struct fault *fault)
{
    uint8_t header[SNAPSHOT_HEADER_BYTES];
    struct slice bytes = {0};
    uint32_t version = 0, size = SNAPSHOT_HEADER_1_BYTES;
    enum err err = file_size(&reader->file, &reader->file_bytes, fault);
    if (err == ERR_OK) err = take(reader, size, &bytes, fault);
    if (err != ERR_OK) return err;
    ASSERT(bytes.data != NULL);
    memcpy(header, bytes.data, size);
    if (snapshot_header_bytes(bytes) > size) {
        err = take(reader, SNAPSHOT_HEADER_BYTES - SNAPSHOT_HEADER_1_BYTES, &bytes, fault);
        if (err != ERR_OK) return err;
        memcpy(header + size, bytes.data, bytes.len);
        size = SNAPSHOT_HEADER_BYTES;
    }
    bytes = slice_of(header, size);
    switch (snapshot_header_read(bytes, &reader->header, &reader->header_crc, &version)) {
    case SNAPSHOT_HEADER_GOOD: return ERR_OK;
    case SNAPSHOT_HEADER_NEWER:
        return fault_set(fault, ERR_LIMIT,
                         "%s is of format %u, and this tutti knows formats up to %d; start the "
                         "version that wrote it, or a newer one",
                         reader->file.label, version, SNAPSHOT_FORMAT);
    case SNAPSHOT_HEADER_BAD: break;
    }
    return damaged(reader, 0, "it does not begin as a snapshot does", fault);
}

static enum err reader_open(const char *path, struct reader *reader, struct fault *fault)
{
    *reader = (struct reader){0};
    enum err err = file_open_read(path, &reader->file, fault);
    if (err != ERR_OK) return err;
    err = read_header(reader, fault);
    if (err != ERR_OK) reader_close(reader);
    return err;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void reserve(struct store *store, const struct reader *reader)
{
    enum { RECORD_BYTES_MIN = 4 };
    uint64_t left = reader->file_bytes / RECORD_BYTES_MIN; /* a damaged count asks for no more */
    for (uint32_t i = 0; i < STORE_DATABASES; i++) {
        uint64_t keys = u64_min(reader->header.keys[i], left);
        if (keys > 0) store_reserve(store, i, keys);
        left -= keys;
    }
}

struct snapshot_loader {
    struct reader reader;
    struct store *store; /* NULL: only looked at */
    struct cursor block; /* what is left of it; borrowed from the reader */
    uint64_t block_at, block_count;
    uint64_t blocks_count, records_count; /* seen */
};

/* Records of the block that is in memory. */
static enum err decode(struct snapshot_loader *loader, uint64_t count, struct fault *fault)
{
    loader->block_count -= count;
    if (loader->store == NULL) return ERR_OK;
    bool good = store_decode_some(loader->store, &loader->block, count);
    if (good && (loader->block_count > 0 || cursor_left(&loader->block) == 0)) return ERR_OK;
    return damaged(&loader->reader, loader->block_at,
                   "a record cannot be read, though the checksum is right", fault);
}

/* A block is in memory: its first records are next. */
static enum err take_block(struct snapshot_loader *loader, const struct snapshot_head *head,
                           struct fault *fault)
{
    struct reader *reader = &loader->reader;
    struct slice records = {0};
    loader->block_at = reader->at;
    enum err err = take(reader, head->bytes, &records, fault);
    if (err != ERR_OK) return err;
    if (crc32c(0, records) != head->records_crc) {
        return damaged(reader, loader->block_at, "a block is damaged: its checksum is wrong",
                       fault);
    }
    loader->blocks_count++;
    loader->records_count += head->records_count;
    loader->block = cursor_of(records);
    loader->block_count = head->records_count;
    return head->records_count > 0 ? ERR_OK : decode(loader, 0, fault);
}

static enum err take_next(struct snapshot_loader *loader, bool *over, struct fault *fault)
{
    struct reader *reader = &loader->reader;
    struct slice bytes = {0};
    struct snapshot_head head;
    uint64_t at = reader->at;
    enum err err = take(reader, SNAPSHOT_HEAD_BYTES, &bytes, fault);
    if (err != ERR_OK) return err;
    if (!snapshot_head_read(bytes, reader->header_crc, &head)) {
        return damaged(reader, at, "the head of a block is damaged", fault);
    }
    if (head.number != loader->blocks_count) {
        return damaged(reader, at, "a block is missing", fault);
    }
    if (head.part == SNAPSHOT_PART_BLOCK) return take_block(loader, &head, fault);
    bool whole = head.bytes == reader->at && head.records_count == loader->records_count;
    if (!whole || reader->at != reader->file_bytes) {
        return damaged(reader, at, "its end does not fit the rest", fault);
    }
    *over = true;
    return ERR_OK;
}

enum err snapshot_load_step(struct snapshot_loader *loader, uint64_t bytes, bool *over,
                            struct fault *fault)
{
    enum err err = ERR_OK;
    *over = false;
    for (uint64_t done = 0; err == ERR_OK && !*over && done < bytes;) {
        if (loader->block_count == 0) {
            err = take_next(loader, over, fault);
            continue;
        }
        uint64_t count = u64_min(STEP_RECORDS, loader->block_count);
        size_t left = cursor_left(&loader->block);
        err = decode(loader, count, fault);
        done += count * RECORD_BYTES + (left - cursor_left(&loader->block));
    }
    return err;
}

enum err snapshot_load_begin(const char *path, struct store *store, struct snapshot_loader **begun,
                             struct fault *fault)
{
    struct snapshot_loader *loader = calloc(1, sizeof *loader);
    ASSERT(loader != NULL);
    loader->store = store;
    enum err err = reader_open(path, &loader->reader, fault);
    if (err != ERR_OK) {
        free(loader);
        return err;
    }
    if (store != NULL) reserve(store, &loader->reader);
    *begun = loader;
    return ERR_OK;
}

const struct snapshot_header *snapshot_load_header(const struct snapshot_loader *loader)
{
    return &loader->reader.header;
}

uint64_t snapshot_load_bytes(const struct snapshot_loader *loader)
{
    return loader->reader.file_bytes;
}

void snapshot_load_end(struct snapshot_loader *loader)
{
    if (loader == NULL) return;
    reader_close(&loader->reader);
    free(loader);
}

static enum err load(const char *path, struct store *store, struct snapshot_header *header,
                     uint64_t *keys_count, struct fault *fault)
{
    struct snapshot_loader *loader;
    bool over;
    enum err err = snapshot_load_begin(path, store, &loader, fault);
    if (err != ERR_OK) return err;
    *header = loader->reader.header;
    err = snapshot_load_step(loader, UINT64_MAX, &over, fault);
    *keys_count = loader->records_count;
    snapshot_load_end(loader);
    return err;
}

enum err snapshot_load(const char *path, struct store *store, struct snapshot_header *header,
                       uint64_t *keys_count, struct fault *fault)
{
    return load(path, store, header, keys_count, fault);
}

enum err snapshot_verify(const char *path, struct snapshot_header *header, uint64_t *keys_count,
                         struct fault *fault)
{
    return load(path, NULL, header, keys_count, fault);
}

/* --- which there are -------------------------------------------------------------------------- */

/* Header and footer: it was written to its end. */
static enum err check_ends(struct snapshot_found *found, struct fault *fault)
{
    struct reader reader;
    uint8_t footer[SNAPSHOT_HEAD_BYTES];
    struct snapshot_head head;
    size_t got = 0;
    enum err err = reader_open(found->path, &reader, fault);
    if (err != ERR_OK) return err;
    found->header = reader.header;
    found->bytes = reader.file_bytes;
    uint64_t at = reader.file_bytes - u64_min(reader.file_bytes, sizeof footer);
    err = file_read_at(&reader.file, at, footer, sizeof footer, &got, fault);
    if (err == ERR_OK) {
        bool good = snapshot_head_read(slice_of(footer, got), reader.header_crc, &head) &&
                    head.part == SNAPSHOT_PART_FOOTER && head.bytes == reader.file_bytes;
        if (!good) err = damaged(&reader, at, "it is cut off, or its end is damaged", fault);
    }
    reader_close(&reader);
    return err;
}

struct listed {
    const char *path;
    struct snapshot_name name;
};

/* Those whose name says no shard come first. */
static uint32_t shard_rank(const struct listed *listed)
{
    return listed->name.has_shard ? listed->name.shard.n + 1 : 0;
}

static int by_shard_newest_first(const void *left, const void *right)
{
    const struct listed *a = left, *b = right;
    uint32_t ranks[] = {shard_rank(a), shard_rank(b)};
    if (ranks[0] != ranks[1]) return ranks[0] < ranks[1] ? -1 : 1;
    return (a->name.index < b->name.index) - (a->name.index > b->name.index);
}

static enum err list(const char *folder, struct arena *arena, struct listed **listed,
                     uint32_t *count, struct fault *fault)
{
    struct folder_files files = {0};
    *count = 0;
    enum err err = folder_walk(folder, arena, NULL, &files, fault);
    *listed = ARENA_ARRAY(arena, struct listed, files.count + 1);
    for (uint32_t i = 0; i < files.count && err == ERR_OK; i++) {
        struct listed *next = &(*listed)[*count];
        next->path = (const char *)files.files[i].path.data;
        if (!snapshot_name_read(files.files[i].path, &next->name)) continue;
        *count += next->name.suffix.len == 0;
    }
    folder_files_free(&files);
    if (*count > 1) qsort(*listed, *count, sizeof **listed, by_shard_newest_first);
    return err;
}

static bool is_found(const struct snapshot_found *found, uint32_t count, shard_id shard)
{
    return count > 0 && shard_eq(found[count - 1].header.shard, shard);
}

/* The newest good one of a shard, of those from `from` until the next shard; ERR_CORRUPT: none. */
static enum err find_one(const struct listed *listed, uint32_t count, uint32_t *at,
                         struct snapshot_found *found, struct fault *fault)
{
    uint32_t rank = shard_rank(&listed[*at]), from = *at;
    enum err err = ERR_CORRUPT;
    struct fault other;
    for (; *at < count && shard_rank(&listed[*at]) == rank; ++*at) {
        if (err != ERR_CORRUPT) continue;
        found->path = listed[*at].path;
        err = check_ends(found, *at == from ? fault : &other);
        if (err != ERR_OK && err != ERR_CORRUPT && *at != from) *fault = other;
        if (err != ERR_OK || rank == 0 || found->header.shard.n + 1 == rank) continue;
        err = fault_set(*at == from ? fault : &other, ERR_CORRUPT,
                        "%s is of shard %u: it has another one's name", found->path,
                        found->header.shard.n);
    }
    return err;
}

static int by_shard(const void *left, const void *right)
{
    const struct snapshot_found *a = left, *b = right;
    return (a->header.shard.n > b->header.shard.n) - (a->header.shard.n < b->header.shard.n);
}

/* One with an older name, and a newer of the same shard: only the newer counts. */
static void leave_newest(struct snapshot_found *found, uint32_t *count)
{
    uint32_t kept = 0;
    if (*count > 1) qsort(found, *count, sizeof *found, by_shard);
    for (uint32_t i = 0; i < *count; i++) {
        if (!is_found(found, kept, found[i].header.shard)) {
            found[kept++] = found[i];
        } else if (found[i].header.index > found[kept - 1].header.index) {
            found[kept - 1] = found[i];
        }
    }
    *count = kept;
}

enum err snapshot_find(const char *folder, struct arena *arena, struct snapshot_found **found,
                       uint32_t *count, struct fault *fault)
{
    struct listed *listed;
    uint32_t listed_count;
    *count = 0;
    enum err err = list(folder, arena, &listed, &listed_count, fault);
    *found = ARENA_ARRAY(arena, struct snapshot_found, listed_count + 1);
    for (uint32_t at = 0; at < listed_count && err == ERR_OK;) {
        err = find_one(listed, listed_count, &at, &(*found)[*count], fault);
        *count += err == ERR_OK;
    }
    leave_newest(*found, count);
    return err;
}

void snapshot_remove(struct io *io, io_tag tag, const char *folder, shard_id shard, uint64_t index)
{
    char path[SNAPSHOT_PATH_MAX];
    snapshot_path(path, folder, shard, index, "");
    io_remove(io, path, (io_tag){tag.n + SNAPSHOT_TAG_REMOVE});
}

static bool is_older(const struct snapshot_name *name, const struct snapshot_found *found,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_header *header = &found[i].header;
        if (!name->has_shard || !shard_eq(name->shard, header->shard)) continue;
        return name->index < header->index;
    }
    return false;
}

void snapshot_tidy(const char *folder, const struct snapshot_found *found, uint32_t count)
{
    struct arena *arena = arena_new();
    struct folder_files files = {0};
    struct fault ignored;
    uint32_t files_count =
        folder_walk(folder, arena, NULL, &files, &ignored) == ERR_OK ? files.count : 0;
    for (uint32_t i = 0; i < files_count; i++) {
        struct slice path = files.files[i].path;
        struct snapshot_name name;
        if (!snapshot_name_read(path, &name)) continue;
        bool whole = name.suffix.len == 0;
        bool partial = slice_eq(name.suffix, SLICE(SNAPSHOT_PARTIAL)) ||
                       slice_eq(name.suffix, SLICE(SNAPSHOT_RECEIVED)) ||
                       slice_eq(name.suffix, SLICE(SNAPSHOT_DROPPED));
        if (partial || (whole && is_older(&name, found, count))) {
            file_remove((const char *)path.data);
        }
    }
    folder_files_free(&files);
    arena_free(arena);
}
