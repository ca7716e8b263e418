/*
 * log_space.c -- the segments of an open log: made ahead of need, used, used again.
 *
 * Invariants
 *   S1  at most one segment is being made at a time.
 *   S2  a segment is free only when its name and its zeros are on disk, and it is open.
 *   S3  full segments stand in `others` in the order of their records.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/file.h"
#include "lane/log_impl.h"

enum { OPEN_HOW = IO_OPEN_WRITE | IO_OPEN_DIRECT, FIRST_BYTES = 4 << 20 };

void log_fail(struct log *log, int error_number, const char *what, uint64_t number)
{
    char path[LOG_PATH_BYTES_MAX];
    if (log->has_failed) return;
    log_file_path(path, log->config.folder, number, "");
    log->has_failed = true;
    (void)fault_set_errno(&log->fault, error_number, "cannot %s %s", what, path);
}

uint64_t log_segment_bytes_for(uint64_t records_bytes)
{
    return IO_BLOCK_BYTES + log_padded(LOG_BATCH_BYTES + records_bytes);
}

uint64_t log_batch_room(const struct log *log)
{
    return log->current.handle.n < 0 ? 0 : log->current.bytes - log->current_at;
}

struct log_file_state *log_find_free(struct log *log, uint64_t bytes)
{
    for (uint32_t i = 0; i < log->others_count; i++) {
        struct log_file_state *file = &log->others[i];
        if (file->state == SEGMENT_FREE && file->bytes >= bytes) return file;
    }
    return NULL;
}

static void others_add(struct log *log, const struct log_file_state *file)
{
    if (log->others_count == log->others_capacity) {
        log->others_capacity = log->others_capacity == 0 ? 16 : log->others_capacity * 2;
        log->others = reallocarray(log->others, log->others_capacity, sizeof *log->others);
        ASSERT(log->others != NULL);
    }
    log->others[log->others_count++] = *file;
}

static void others_take(struct log *log, struct log_file_state *file)
{
    size_t at = (size_t)(file - log->others);
    log->others_count--;
    memmove(file, file + 1, (log->others_count - at) * sizeof *file); /* [S3] */
}

static io_tag tag(const struct log *log, uint64_t which)
{
    return (io_tag){log->config.tag.n + which};
}

/* --- making one ready ------------------------------------------------------------------------- */

static void wait_for_room(struct log *log)
{
    log->making.disk_full = true;
    log->making.state = MAKING_LATER;
    log->making.again_at.ns = io_now(log->io).ns + LOG_RETRY_NS;
}

static void drop_partial(struct log *log)
{
    char path[LOG_PATH_BYTES_MAX];
    if (log->making.handle.n < 0) return;
    io_close(log->io, log->making.handle);
    log->making.handle = IO_NONE;
    log_file_path(path, log->config.folder, log->making.number, ".partial");
    io_remove(log->io, path, tag(log, TAG_REMOVE));
}

/* [S1] */
static void make(struct log *log, uint64_t bytes)
{
    struct log_making *making = &log->making;
    char path[LOG_PATH_BYTES_MAX];
    struct fault fault;
    making->number = ++log->last_number;
    making->bytes = bytes;
    log_file_path(path, log->config.folder, making->number, ".partial");
    enum err err = io_open(log->io, path, OPEN_HOW | IO_OPEN_CREATE, &making->handle, &fault);
    if (err == ERR_OK) {
        making->state = MAKING_ALLOCATE;
        io_allocate(log->io, making->handle, bytes, tag(log, TAG_ALLOCATE));
        return;
    }
    making->handle = IO_NONE;
    if (err == ERR_NO_SPACE) {
        wait_for_room(log);
    } else if (!log->has_failed) {
        log->has_failed = true;
        log->fault = fault;
    }
}

void log_want_segment(struct log *log, uint64_t bytes)
{
    struct log_making *making = &log->making;
    if (log->has_failed) return;
    switch (making->state) {
    case MAKING_ALLOCATE:
    case MAKING_RENAME: return;
    case MAKING_LATER:
        if (io_now(log->io).ns < making->again_at.ns) return;
        break;
    case MAKING_NONE: break;
    }
    make(log, log_padded(u64_max(bytes, log->config.segment_bytes)));
}

void log_keep_ready(struct log *log)
{
    if (log_find_free(log, 0) == NULL) log_want_segment(log, log->config.segment_bytes);
}

/* A small one, so that the first writes need not wait for zeros that fill a large one. */
void log_make_first(struct log *log)
{
    make(log, u64_min(log->config.segment_bytes, FIRST_BYTES));
}

static void allocated(struct log *log, const struct io_completion *completion)
{
    struct log_making *making = &log->making;
    char from[LOG_PATH_BYTES_MAX], to[LOG_PATH_BYTES_MAX];
    if (completion->err == ERR_OK) {
        making->state = MAKING_RENAME;
        log_file_path(from, log->config.folder, making->number, ".partial");
        log_file_path(to, log->config.folder, making->number, "");
        io_rename(log->io, from, to, tag(log, TAG_RENAME));
        return;
    }
    drop_partial(log);
    if (completion->err == ERR_NO_SPACE) {
        wait_for_room(log);
    } else {
        log_fail(log, completion->error_number, "allocate", making->number);
    }
}

/* [S2] */
static void renamed(struct log *log, const struct io_completion *completion)
{
    struct log_making *making = &log->making;
    if (completion->err != ERR_OK) {
        log_fail(log, completion->error_number, "make a name for", making->number);
        return;
    }
    others_add(log, &(struct log_file_state){SEGMENT_FREE, making->handle, making->number,
                                             making->bytes, 0, false});
    *making = (struct log_making){.handle = IO_NONE};
}

void log_space_complete(struct log *log, const struct io_completion *completion)
{
    uint64_t which = completion->tag.n - log->config.tag.n;
    if (which == TAG_ALLOCATE && log->making.state == MAKING_ALLOCATE) allocated(log, completion);
    if (which == TAG_RENAME && log->making.state == MAKING_RENAME) renamed(log, completion);
}

/* --- using, and using again ------------------------------------------------------------------- */

void log_switch_to(struct log *log, struct log_file_state *next, uint64_t first_position)
{
    struct log_file_state ended = log->current;
    log->current = *next;
    log->current.first_position = first_position;
    log->current_at = 0;
    others_take(log, next);
    if (ended.handle.n < 0) return;
    io_close(log->io, ended.handle);
    ended.handle = IO_NONE;
    ended.state = SEGMENT_FULL;
    others_add(log, &ended); /* [S3] */
}

static void remove_file(struct log *log, struct log_file_state *file)
{
    char path[LOG_PATH_BYTES_MAX];
    log_file_path(path, log->config.folder, file->number, "");
    if (file->handle.n >= 0) io_close(log->io, file->handle);
    io_remove(log->io, path, tag(log, TAG_REMOVE));
    others_take(log, file);
}

static uint32_t free_count(const struct log *log)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < log->others_count; i++) {
        count += log->others[i].state == SEGMENT_FREE;
    }
    return count;
}

/* Keep it to be written to again, if it is of the usual size and not too many are kept. */
static void release(struct log *log, struct log_file_state *file)
{
    char path[LOG_PATH_BYTES_MAX];
    struct fault ignored; /* it is removed then */
    bool keep = !file->inherited && file->bytes == log->config.segment_bytes &&
                free_count(log) < FREE_SEGMENTS_MAX;
    log_file_path(path, log->config.folder, file->number, "");
    keep = keep && io_open(log->io, path, OPEN_HOW, &file->handle, &ignored) == ERR_OK;
    if (keep) {
        file->state = SEGMENT_FREE; /* [S2] */
    } else {
        remove_file(log, file);
    }
}

/* Of the segment behind full one `i`: full ones stand in order [S3]. */
static uint64_t next_first_position(const struct log *log, uint32_t i)
{
    for (i++; i < log->others_count; i++) {
        if (log->others[i].state == SEGMENT_FULL) return log->others[i].first_position;
    }
    if (log->current.handle.n >= 0) return log->current.first_position;
    return log->last_position + 1 - log->gathering.records_count;
}

void log_covered(struct log *log, uint64_t position)
{
    for (uint32_t i = 0; i < log->others_count;) {
        uint32_t count = log->others_count;
        struct log_file_state *file = &log->others[i];
        if (file->state == SEGMENT_FULL) {
            if (next_first_position(log, i) > position + 1) return;
            release(log, file);
        }
        if (log->others_count == count) i++;
    }
}

uint64_t log_bytes(const struct log *log)
{
    uint64_t bytes = log->current.handle.n < 0 ? 0 : log->current.bytes;
    for (uint32_t i = 0; i < log->others_count; i++) bytes += log->others[i].bytes;
    return bytes;
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* Nothing of it is written to again: a write of an earlier process may still be on its way. */
static void take_over(struct log *log, const struct log_file *file)
{
    switch (file->use) {
    case LOG_USE_RECORDS:
        others_add(log, &(struct log_file_state){SEGMENT_FULL, IO_NONE, file->number, file->bytes,
                                                 file->header.first_position, true});
        return;
    case LOG_USE_NONE:
    case LOG_USE_UNCLEAR: /* log_recover found that nothing in it is needed */
    case LOG_USE_PARTIAL: file_remove(file->path); return;
    case LOG_USE_ASIDE: return;
    }
}

enum err log_space_open(struct log *log, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct log_files files;
    enum err err = log_files_list(log->config.folder, arena, &files, fault);
    log->making.handle = IO_NONE;
    log->current.handle = IO_NONE;
    log->last_number = files.last_number;
    log->last_sequence = files.last_sequence;
    for (uint32_t i = 0; i < files.count && err == ERR_OK; i++) take_over(log, &files.items[i]);
    arena_free(arena);
    return err;
}

void log_space_close(struct log *log)
{
    for (uint32_t i = 0; i < log->others_count; i++) {
        if (log->others[i].handle.n >= 0) io_close(log->io, log->others[i].handle);
    }
    if (log->current.handle.n >= 0) io_close(log->io, log->current.handle);
    if (log->making.handle.n >= 0) io_close(log->io, log->making.handle);
    free(log->others);
}
