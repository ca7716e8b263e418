/*
 * log_repair.c -- cutting a damaged log behind its last good record.
 *
 * Power may fail in between: the damaged segment is copied aside first, later ones are renamed from
 * the last on, and only then the segment gives way to its good beginning, in one step. Until then
 * the log is found damaged again.
 */
#include <stdio.h>

#include "io/file.h"
#include "io/memory.h"
#include "lane/log_scan.h"

enum { ASIDE_NAMES_MAX = 1000 };

/* PATH.damaged, or PATH.damaged-2 and so on: the first that is free. */
static enum err aside_name(struct arena *arena, const char *path, const char **aside,
                           struct fault *fault)
{
    *aside = arena_format(arena, "%s.damaged", path);
    for (int i = 2; path_exists(*aside); i++) {
        if (i > ASIDE_NAMES_MAX) {
            return fault_set(fault, ERR_EXISTS, "%s is there already; move it away", *aside);
        }
        *aside = arena_format(arena, "%s.damaged-%d", path, i);
    }
    return ERR_OK;
}

static enum err set_aside(struct arena *arena, const char *path, struct fault *fault)
{
    const char *aside;
    enum err err = aside_name(arena, path, &aside, fault);
    return err == ERR_OK ? file_rename(path, aside, fault) : err;
}

static enum err copy_to(struct file *from, uint64_t bytes, const char *path, struct fault *fault)
{
    struct file to;
    enum err err = file_create(path, &to, fault);
    if (err != ERR_OK) return err;
    err = file_copy(from, bytes, &to, NULL, fault);
    if (err == ERR_OK) err = file_sync(&to, fault);
    file_close(&to);
    return err;
}

static enum err copy_aside(struct arena *arena, const struct log_file *file, struct fault *fault)
{
    struct file from;
    const char *aside;
    enum err err = aside_name(arena, file->path, &aside, fault);
    if (err == ERR_OK) err = file_open_read(file->path, &from, fault);
    if (err != ERR_OK) return err;
    err = copy_to(&from, file->bytes, aside, fault);
    file_close(&from);
    return err;
}

/* Make `bytes` of the segment end behind the last good record; returns how many are left. */
static size_t end_behind_good(const struct log_segment *segment, uint8_t *bytes)
{
    struct log_batch batch;
    log_header_write(bytes, &segment->header);
    if (segment->offset <= segment->batch_at + LOG_BATCH_BYTES) return segment->batch_at;
    uint8_t *at = bytes + segment->batch_at;
    bool good = log_batch_read(slice_of(at, LOG_BATCH_BYTES), &batch);
    ASSERT(good);
    batch.records_count = segment->next_position - batch.first_position;
    batch.bytes = segment->offset - segment->batch_at - LOG_BATCH_BYTES;
    log_batch_write(at, &batch);
    size_t end = log_padded(segment->offset);
    memset(bytes + segment->offset, 0, end - segment->offset);
    return end;
}

static enum err write_good(const struct log_segment *segment, const struct log_file *file,
                           const char *path, struct fault *fault)
{
    struct file from, to;
    size_t got = 0, room = log_padded(u64_max(segment->offset, IO_BLOCK_BYTES));
    enum err err = file_open_read(file->path, &from, fault);
    if (err != ERR_OK) return err;
    uint8_t *bytes = memory_map(room);
    err = file_read_at(&from, 0, bytes, room, &got, fault);
    file_close(&from);
    file_remove(path); /* of an attempt that power ended */
    if (err == ERR_OK) err = file_create(path, &to, fault);
    if (err == ERR_OK) {
        err = file_write_at(&to, 0, slice_of(bytes, end_behind_good(segment, bytes)), fault);
        if (err == ERR_OK) err = file_sync(&to, fault);
        file_close(&to);
    }
    memory_unmap(bytes, room);
    return err;
}

static enum err set_later_aside(struct log_scan *scan, uint32_t from, struct fault *fault)
{
    enum err err = ERR_OK;
    for (uint32_t i = scan->files.used_count; i > from && err == ERR_OK; i--) {
        err = set_aside(scan->arena, scan->files.items[i - 1].path, fault);
    }
    return err;
}

static enum err cut_inside(const char *folder, struct log_scan *scan, struct fault *fault)
{
    const struct log_file *file = &scan->files.items[scan->file];
    char *partial = arena_alloc(scan->arena, LOG_PATH_BYTES_MAX);
    log_file_path(partial, folder, file->number, ".partial");
    enum err err = copy_aside(scan->arena, file, fault);
    if (err == ERR_OK) err = write_good(&scan->segment, file, partial, fault);
    if (err == ERR_OK) err = set_later_aside(scan, scan->file + 1, fault);
    if (err == ERR_OK) err = folder_sync(folder, fault);
    return err == ERR_OK ? file_rename(partial, file->path, fault) : err;
}

static enum err repair(const char *folder, uint64_t after, struct log_scan *scan,
                       struct fault *fault)
{
    enum err err = ERR_OK;
    switch (scan->damage) {
    case LOG_DAMAGE_NONE: return ERR_OK;
    case LOG_DAMAGE_START:
        if (after == 0) {
            return fault_set(fault, ERR_CORRUPT,
                             "%s, and there is no snapshot: nothing is left that the log could "
                             "follow; restore a backup with 'tutti restore'",
                             scan->text);
        }
        err = set_later_aside(scan, scan->first, fault);
        break;
    case LOG_DAMAGE_INSIDE: err = cut_inside(folder, scan, fault); break;
    case LOG_DAMAGE_UNCLEAR:
        err = set_aside(scan->arena, scan->files.items[scan->file].path, fault);
        break;
    }
    return err == ERR_OK ? folder_sync(folder, fault) : err;
}

/* Each round ends one damage, and takes at least one segment out of what is read. */
enum err log_repair(const char *folder, uint64_t after, struct log_found *found, bool *cut,
                    struct fault *fault)
{
    *cut = false;
    *found = (struct log_found){.last_position = after};
    for (;;) {
        struct log_scan scan;
        enum err err = log_scan(folder, after, NULL, NULL, &scan, fault);
        bool damaged = err == ERR_OK && scan.damage != LOG_DAMAGE_NONE;
        if (damaged) err = repair(folder, after, &scan, fault);
        *found = scan.found;
        log_scan_free(&scan);
        if (err != ERR_OK || !damaged) return err;
        *cut = true;
    }
}
