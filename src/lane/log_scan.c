/* log_scan.c -- see log_scan.h. */
#include "lane/log_scan.h"

#include <stdio.h>

#include "io/file.h"
#include "io/memory.h"

/* A whole segment at a time: records and batches then lie in one piece. */
struct segment_bytes {
    uint8_t *memory;
    size_t capacity;
};

static void make_room(struct segment_bytes *bytes, size_t size)
{
    if (size <= bytes->capacity) return;
    memory_unmap(bytes->memory, bytes->capacity);
    bytes->capacity = size;
    bytes->memory = memory_map(size);
}

static enum err load(struct segment_bytes *bytes, const struct log_file *file, struct slice *got,
                     struct fault *fault)
{
    struct file handle;
    size_t size = 0;
    enum err err = file_open_read(file->path, &handle, fault);
    if (err != ERR_OK) return err;
    make_room(bytes, (size_t)file->bytes);
    err = file_read_at(&handle, 0, bytes->memory, (size_t)file->bytes, &size, fault);
    file_close(&handle);
    *got = slice_of(bytes->memory, size);
    return err;
}

static void will_need(const struct log_file *file)
{
    struct file handle;
    struct fault ignored;
    if (file_open_read(file->path, &handle, &ignored) != ERR_OK) return; /* told when it is read */
    file_will_need(&handle, 0, 0);
    file_close(&handle);
}

static const struct log_file *file_at(const struct log_scan *scan, uint32_t i)
{
    return &scan->files.items[i];
}

static void damaged_at(struct log_scan *scan, enum log_damage damage, uint64_t offset,
                       const char *what)
{
    scan->damage = damage;
    (void)snprintf(scan->text, sizeof scan->text, "%.300s, offset %llu: %s",
                   file_at(scan, scan->file)->path, (unsigned long long)offset, what);
}

static enum err check_unclear(struct log_scan *scan, struct segment_bytes *bytes, uint64_t after,
                              struct fault *fault)
{
    enum err err = ERR_OK;
    for (uint32_t i = scan->files.used_count; i < scan->files.count; i++) {
        struct slice got;
        if (file_at(scan, i)->use != LOG_USE_UNCLEAR || file_at(scan, i)->bytes == 0) continue;
        err = load(bytes, file_at(scan, i), &got, fault);
        if (err != ERR_OK) return err;
        if (!log_segment_has_newer(got, after)) continue;
        scan->file = i;
        damaged_at(scan, LOG_DAMAGE_UNCLEAR, 0,
                   "the first blocks of the segment are damaged, and records that are needed "
                   "follow");
    }
    return ERR_OK;
}

static void check_inside(struct log_scan *scan, uint64_t stop_position, uint64_t after)
{
    char what[160];
    const struct log_segment *segment = &scan->segment;
    if (stop_position != UINT64_MAX) {
        if (segment->next_position == stop_position) return;
        (void)snprintf(
            what, sizeof what, "records %llu to %llu are damaged or missing; good ones follow",
            (unsigned long long)segment->next_position, (unsigned long long)stop_position - 1);
        damaged_at(scan, LOG_DAMAGE_INSIDE, segment->offset, what);
        return;
    }
    struct log_tail tail = log_segment_tail(segment, after);
    if (tail.damaged) {
        (void)snprintf(what, sizeof what, "record %llu is damaged; good ones follow at offset %llu",
                       (unsigned long long)segment->next_position,
                       (unsigned long long)tail.later_at);
        damaged_at(scan, LOG_DAMAGE_INSIDE, segment->offset, what);
    } else if (tail.torn_bytes > 0) {
        scan->found.dropped_bytes = tail.torn_bytes;
        (void)snprintf(scan->found.dropped_at, sizeof scan->found.dropped_at, "%.200s, offset %llu",
                       file_at(scan, scan->file)->path, (unsigned long long)segment->offset);
    }
}

static enum err read_file(struct log_scan *scan, struct segment_bytes *bytes, uint64_t after,
                          log_visit visit, void *context, struct fault *fault)
{
    const struct log_file *file = file_at(scan, scan->file);
    bool last = scan->file + 1 == scan->files.used_count;
    uint64_t stop_position = last ? UINT64_MAX : file[1].header.first_position;
    struct slice got;
    if (!last) will_need(file + 1);
    enum err err = load(bytes, file, &got, fault);
    if (err != ERR_OK) return err;
    scan->segment = log_segment_of(got, &file->header, stop_position);
    err = log_segment_read(&scan->segment, after, visit, context, fault);
    struct log_found *found = &scan->found;
    found->records_count += scan->segment.records_count;
    found->last_position = u64_max(found->last_position, scan->segment.next_position - 1);
    found->last_term = u64_max(found->last_term, scan->segment.last_term);
    if (err == ERR_OK) check_inside(scan, stop_position, after);
    return err;
}

static void find_first(struct log_scan *scan, uint64_t after)
{
    uint32_t last = scan->files.used_count - 1;
    while (scan->first < last &&
           file_at(scan, scan->first + 1)->header.first_position <= after + 1) {
        scan->first++;
    }
    scan->file = scan->first;
    uint64_t first_position = file_at(scan, scan->first)->header.first_position;
    if (first_position <= after + 1) return;
    char what[160];
    (void)snprintf(what, sizeof what,
                   "it begins with record %llu, and records %llu to %llu are "
                   "missing",
                   (unsigned long long)first_position, (unsigned long long)after + 1,
                   (unsigned long long)first_position - 1);
    damaged_at(scan, LOG_DAMAGE_START, 0, what);
}

enum err log_scan(const char *folder, uint64_t after, log_visit visit, void *context,
                  struct log_scan *scan, struct fault *fault)
{
    *scan = (struct log_scan){.arena = arena_new(), .found = {.last_position = after}};
    struct segment_bytes bytes = {0};
    enum err err = log_files_list(folder, scan->arena, &scan->files, fault);
    if (err == ERR_OK) err = check_unclear(scan, &bytes, after, fault);
    bool any = err == ERR_OK && scan->files.used_count > 0 && scan->damage == LOG_DAMAGE_NONE;
    if (any) find_first(scan, after);
    while (any && err == ERR_OK && scan->damage == LOG_DAMAGE_NONE) {
        err = read_file(scan, &bytes, after, visit, context, fault);
        if (scan->file + 1 == scan->files.used_count) break;
        if (scan->damage == LOG_DAMAGE_NONE) scan->file++;
    }
    memory_unmap(bytes.memory, bytes.capacity);
    return err;
}

void log_scan_free(struct log_scan *scan)
{
    arena_free(scan->arena);
}

enum err log_recover(const char *folder, uint64_t after, log_visit visit, void *context,
                     struct log_found *found, struct fault *fault)
{
    struct log_scan scan;
    enum err err = log_scan(folder, after, visit, context, &scan, fault);
    *found = scan.found;
    if (err == ERR_OK && scan.damage != LOG_DAMAGE_NONE) {
        err = fault_set(fault, ERR_CORRUPT,
                        "%s. Nothing was changed; 'tutti doctor --repair' cuts the log there and "
                        "keeps the rest aside, or restore a backup",
                        scan.text);
    }
    log_scan_free(&scan);
    return err;
}
