/* log_files.c -- see log_files.h. */
#include "lane/log_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/file.h"
#include "io/folder.h"

#define NAME_START "log-"
#define NAME_END   ".segment"

enum { DIGITS_MAX = 18 };

void log_file_path(char path[LOG_PATH_BYTES_MAX], const char *folder, uint64_t number,
                   const char *suffix)
{
    int length = snprintf(path, LOG_PATH_BYTES_MAX, "%s/" NAME_START "%010llu" NAME_END "%s",
                          folder, (unsigned long long)number, suffix);
    ASSERT(length > 0);
    ASSERT(length < LOG_PATH_BYTES_MAX);
}

/* Its number and what is behind ".segment"; false: it is no segment. */
static bool read_name(struct slice path, uint64_t *number, struct slice *suffix)
{
    const uint8_t *slash = memrchr(path.data, '/', path.len);
    struct slice name = slash == NULL ? path : slice_from(path, (size_t)(slash - path.data) + 1);
    if (!slice_starts_with(name, SLICE(NAME_START))) return false;
    name = slice_from(name, strlen(NAME_START));
    size_t digits = 0;
    *number = 0;
    for (; digits < name.len && name.data[digits] >= '0' && name.data[digits] <= '9'; digits++) {
        if (digits == DIGITS_MAX) return false;
        *number = *number * 10 + (uint64_t)(name.data[digits] - '0');
    }
    name = slice_from(name, digits);
    if (digits == 0 || !slice_starts_with(name, SLICE(NAME_END))) return false;
    *suffix = slice_from(name, strlen(NAME_END));
    return true;
}

/* The first batch says all that the header does, should that be damaged. */
static enum log_use use_by_batch(struct slice start, uint64_t file_bytes, struct log_header *header)
{
    struct log_batch batch;
    if (start.len <= IO_BLOCK_BYTES) return LOG_USE_UNCLEAR;
    if (!log_batch_read(slice_from(start, IO_BLOCK_BYTES), &batch)) return LOG_USE_UNCLEAR;
    if (batch.first_position == 0) return LOG_USE_UNCLEAR;
    *header = (struct log_header){batch.format, batch.sequence, batch.salt, batch.first_position,
                                  file_bytes};
    return LOG_USE_RECORDS;
}

static enum err look_into(struct log_file *file, struct fault *fault)
{
    uint8_t start[IO_BLOCK_BYTES + LOG_BATCH_BYTES];
    struct file handle;
    size_t got = 0;
    uint32_t version = 0;
    enum err err = file_open_read(file->path, &handle, fault);
    if (err != ERR_OK) return err;
    err = file_read_at(&handle, 0, start, sizeof start, &got, fault);
    file_close(&handle);
    if (err != ERR_OK) return err;
    switch (log_header_read(slice_of(start, got), &file->header, &version)) {
    case LOG_HEADER_GOOD: file->use = LOG_USE_RECORDS; break;
    case LOG_HEADER_NEWER:
        return fault_set(fault, ERR_LIMIT,
                         "%s is of format %u, and this tutti knows formats up to %d; start the "
                         "version that wrote it, or a newer one",
                         file->path, version, LOG_FORMAT);
    case LOG_HEADER_BAD:
    case LOG_HEADER_ZERO:
        file->use = use_by_batch(slice_of(start, got), file->bytes, &file->header);
        bool zero = file->use == LOG_USE_UNCLEAR && got == sizeof start && start[0] == 0 &&
                    memcmp(start, start + 1, sizeof start - 1) == 0;
        if (zero) file->use = LOG_USE_NONE;
        break;
    }
    return ERR_OK;
}

static int by_use_and_sequence(const void *left, const void *right)
{
    const struct log_file *a = left, *b = right;
    if (a->use != b->use) return a->use < b->use ? -1 : 1;
    uint64_t first = a->use == LOG_USE_RECORDS ? a->header.sequence : a->number;
    uint64_t second = b->use == LOG_USE_RECORDS ? b->header.sequence : b->number;
    return (first > second) - (first < second);
}

static enum err add(struct log_files *files, const struct folder_file *found, struct fault *fault)
{
    uint64_t number;
    struct slice suffix;
    if (!read_name(found->path, &number, &suffix)) return ERR_OK;
    struct log_file *file = &files->items[files->count++];
    *file =
        (struct log_file){(const char *)found->path.data, number, found->bytes, LOG_USE_ASIDE, {0}};
    files->last_number = u64_max(files->last_number, number);
    if (slice_eq(suffix, SLICE(".partial"))) file->use = LOG_USE_PARTIAL;
    if (suffix.len > 0) return ERR_OK;
    enum err err = look_into(file, fault);
    if (err != ERR_OK || file->use != LOG_USE_RECORDS) return err;
    files->used_count++;
    files->last_sequence = u64_max(files->last_sequence, file->header.sequence);
    return ERR_OK;
}

enum err log_files_list(const char *folder, struct arena *arena, struct log_files *files,
                        struct fault *fault)
{
    struct folder_files found = {0};
    *files = (struct log_files){0};
    enum err err = folder_walk(folder, arena, NULL, &found, fault);
    if (err == ERR_OK) files->items = ARENA_ARRAY(arena, struct log_file, found.count + 1);
    for (uint32_t i = 0; i < found.count && err == ERR_OK; i++) {
        err = add(files, &found.files[i], fault);
    }
    folder_files_free(&found);
    if (err == ERR_OK && files->count > 0) {
        qsort(files->items, files->count, sizeof *files->items, by_use_and_sequence);
    }
    return err;
}
