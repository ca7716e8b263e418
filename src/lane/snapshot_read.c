/* snapshot_read.c -- the reading half of snapshot.h. */
#include <stdlib.h>

#include "base/crc.h"
#include "io/file.h"
#include "io/folder.h"
#include "lane/snapshot_format.h"

enum {
    READ_BYTES = 1 << 20,  /* at once */
    AHEAD_BYTES = 8 << 20, /* asked of the disk before they are needed: decoding overlaps reading */
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

/* `store` NULL: only looked at. */
static enum err read_block(struct reader *reader, const struct snapshot_head *head,
                           struct store *store, struct fault *fault)
{
    struct slice records = {0};
    uint64_t at = reader->at;
    enum err err = take(reader, head->bytes, &records, fault);
    if (err != ERR_OK) return err;
    if (crc32c(0, records) != head->records_crc) {
        return damaged(reader, at, "a block is damaged: its checksum is wrong", fault);
    }
    if (store == NULL || store_decode_entries(store, records, head->records_count)) return ERR_OK;
    return damaged(reader, at, "a record cannot be read, though the checksum is right", fault);
}

static enum err read_all(struct reader *reader, struct store *store, uint64_t *records_count,
                         struct fault *fault)
{
    uint64_t blocks = 0;
    *records_count = 0;
    for (;;) {
        struct slice bytes = {0};
        struct snapshot_head head;
        uint64_t at = reader->at;
        enum err err = take(reader, SNAPSHOT_HEAD_BYTES, &bytes, fault);
        if (err != ERR_OK) return err;
        if (!snapshot_head_read(bytes, reader->header_crc, &head)) {
            return damaged(reader, at, "the head of a block is damaged", fault);
        }
        if (head.number != blocks) return damaged(reader, at, "a block is missing", fault);
        if (head.part == SNAPSHOT_PART_FOOTER) {
            bool whole = head.bytes == reader->at && head.records_count == *records_count;
            if (whole && reader->at == reader->file_bytes) return ERR_OK;
            return damaged(reader, at, "its end does not fit the rest", fault);
        }
        err = read_block(reader, &head, store, fault);
        if (err != ERR_OK) return err;
        blocks++;
        *records_count += head.records_count;
    }
}

static enum err load(const char *path, struct store *store, struct snapshot_header *header,
                     uint64_t *keys_count, struct fault *fault)
{
    struct reader reader;
    enum err err = reader_open(path, &reader, fault);
    if (err != ERR_OK) return err;
    *header = reader.header;
    if (store != NULL) reserve(store, &reader);
    err = read_all(&reader, store, keys_count, fault);
    reader_close(&reader);
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
static enum err check_ends(const char *path, struct snapshot_header *header, struct fault *fault)
{
    struct reader reader;
    uint8_t footer[SNAPSHOT_HEAD_BYTES];
    struct snapshot_head head;
    size_t got = 0;
    enum err err = reader_open(path, &reader, fault);
    if (err != ERR_OK) return err;
    *header = reader.header;
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

struct found {
    const char *path;
    uint64_t index;
};

static int newest_first(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    return (a->index < b->index) - (a->index > b->index);
}

static enum err list(const char *folder, struct arena *arena, struct found **found, uint32_t *count,
                     struct fault *fault)
{
    struct folder_files files = {0};
    *count = 0;
    enum err err = folder_walk(folder, arena, NULL, &files, fault);
    *found = ARENA_ARRAY(arena, struct found, files.count + 1);
    for (uint32_t i = 0; i < files.count && err == ERR_OK; i++) {
        struct found *next = &(*found)[*count];
        struct slice suffix;
        next->path = (const char *)files.files[i].path.data;
        if (snapshot_name_read(files.files[i].path, &next->index, &suffix) && suffix.len == 0) {
            ++*count;
        }
    }
    folder_files_free(&files);
    if (*count > 1) qsort(*found, *count, sizeof **found, newest_first);
    return err;
}

enum err snapshot_find(const char *folder, struct arena *arena, const char **path,
                       struct snapshot_header *header, struct fault *fault)
{
    struct found *found;
    uint32_t count;
    struct fault other;
    enum err err = list(folder, arena, &found, &count, fault);
    if (err != ERR_OK) return err;
    for (uint32_t i = 0; i < count; i++) {
        *path = found[i].path;
        err = check_ends(*path, header, i == 0 ? fault : &other);
        if (err == ERR_OK) return ERR_OK;
        if (err == ERR_CORRUPT) continue;
        if (i > 0) *fault = other;
        return err;
    }
    if (count > 0) return ERR_CORRUPT;
    return fault_set(fault, ERR_NOT_FOUND, "there is no snapshot in %s", folder);
}

void snapshot_remove_older(struct io *io, io_tag tag, const char *folder, uint64_t index)
{
    struct arena *arena = arena_new();
    struct folder_files files = {0};
    struct fault ignored;
    uint32_t count = folder_walk(folder, arena, NULL, &files, &ignored) == ERR_OK ? files.count : 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t found;
        struct slice suffix, path = files.files[i].path;
        if (!snapshot_name_read(path, &found, &suffix)) continue;
        bool partial =
            slice_eq(suffix, SLICE(SNAPSHOT_PARTIAL)) || slice_eq(suffix, SLICE(SNAPSHOT_RECEIVED));
        bool older = suffix.len == 0 && found < index;
        if (!partial && !older) continue;
        io_remove(io, (const char *)path.data, (io_tag){tag.n + SNAPSHOT_TAG_REMOVE});
    }
    folder_files_free(&files);
    arena_free(arena);
}
