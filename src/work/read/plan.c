/*
 * plan.c -- see plan.h. First a list of files, in order; then splits, from the list.
 *
 * Small files are not opened here: a folder may hold very many of them. Only a file that may be cut
 * is looked into, to see whether it is compressed.
 */
#include <stdlib.h>

#include "io/folder.h"
#include "work/read/csv_cuts.h"
#include "work/read/plan.h"
#include "work/read/source.h"

enum { SPLITS_COUNT_MIN = 64 };

#define STREAM_BYTES UINT64_MAX /* the size, in the list, of what has none: a pipe, a device */

struct planner {
    struct arena *arena;
    const struct job_spec *spec;
    struct plan *plan;
    struct fault *fault;
    struct folder_files files;
    uint64_t split_bytes;
    struct split *splits; /* owned; from malloc */
    uint32_t splits_count, splits_capacity;
    struct piece *open; /* the split being packed: room for SPLIT_PIECES_MAX */
    uint32_t open_count;
    uint64_t open_bytes;
};

/* The list. */

static enum err add_path(struct planner *planner, const char *path, bool named)
{
    struct path_status status;
    enum err err = path_look(path, &status, planner->fault);
    if (err != ERR_OK) return fault_prefix(planner->fault, "input");
    switch (status.kind) {
    case PATH_FILE: folder_files_add(&planner->files, slice_text(path), status.bytes); break;
    case PATH_FOLDER: return folder_walk(path, planner->arena, &planner->files, planner->fault);
    case PATH_STREAM:
        if (named) folder_files_add(&planner->files, slice_text(path), STREAM_BYTES);
        break;
    case PATH_OTHER:
        if (!named) break;
        return fault_set(planner->fault, ERR_IO,
                         "input %s cannot be read: it is not a file, a folder or a pipe", path);
    }
    return ERR_OK;
}

static enum err add_pattern(struct planner *planner, const char *pattern)
{
    char **paths;
    uint32_t count;
    enum err err = path_glob(pattern, planner->arena, &paths, &count, planner->fault);
    if (err != ERR_OK) return err;
    if (count == 0) {
        return fault_set(planner->fault, ERR_NOT_FOUND, "input %s: nothing matches this pattern",
                         pattern);
    }
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        const char *slash = strrchr(paths[i], '/');
        const char *name = slash != NULL ? slash + 1 : paths[i];
        if (!folder_passes_over(name)) err = add_path(planner, paths[i], false);
    }
    return err;
}

static enum err add_stdin(struct planner *planner)
{
    for (uint32_t i = 0; i < planner->files.count; i++) {
        if (slice_eq(planner->files.files[i].path, SLICE("-"))) {
            return fault_set(planner->fault, ERR_USAGE,
                             "input - (standard input) is named twice, but can be read once only");
        }
    }
    folder_files_add(&planner->files, SLICE("-"), STREAM_BYTES);
    return ERR_OK;
}

static enum err add_input(struct planner *planner, struct slice input)
{
    if (input.len == 0 || memchr(input.data, '\0', input.len) != NULL) {
        return fault_set(planner->fault, ERR_USAGE, "an input has an empty or impossible name");
    }
    const char *path = arena_text(planner->arena, input);
    if (slice_eq(input, SLICE("-"))) return add_stdin(planner);
    if (path_is_pattern(path) && !path_exists(path)) return add_pattern(planner, path);
    return add_path(planner, path, true);
}

/* The splits. */

static enum err push_split(struct planner *planner, struct piece *pieces, uint32_t count,
                           uint64_t bytes)
{
    if (planner->splits_count == PLAN_SPLITS_MAX) {
        return fault_set(planner->fault, ERR_LIMIT,
                         "the input makes more than %d splits; choose a larger --split-size",
                         PLAN_SPLITS_MAX);
    }
    if (planner->splits_count == planner->splits_capacity) {
        uint64_t capacity = u64_max(2 * (uint64_t)planner->splits_capacity, SPLITS_COUNT_MIN);
        planner->splits = realloc(planner->splits, capacity * sizeof *planner->splits);
        ASSERT(planner->splits != NULL);
        planner->splits_capacity = (uint32_t)capacity;
    }
    struct piece *kept = ARENA_ARRAY(planner->arena, struct piece, count);
    memcpy(kept, pieces, count * sizeof *pieces);
    planner->splits[planner->splits_count++] = (struct split){kept, count, bytes};
    return ERR_OK;
}

static enum err flush_open(struct planner *planner)
{
    if (planner->open_count == 0) return ERR_OK;
    uint32_t count = planner->open_count;
    uint64_t bytes = planner->open_bytes;
    planner->open_count = 0;
    planner->open_bytes = 0;
    return push_split(planner, planner->open, count, bytes);
}

/* Small files are not opened for this: their names have to do. */
static bool is_named_compressed(struct slice name)
{
    return slice_ends_with(name, SLICE(".zst")) || slice_ends_with(name, SLICE(".xz")) ||
           slice_ends_with(name, SLICE(".bz2"));
}

static enum err pack_small(struct planner *planner, const struct folder_file *file)
{
    bool full = planner->open_count == SPLIT_PIECES_MAX ||
                file->bytes > planner->split_bytes - planner->open_bytes;
    enum err err = full || !planner->spec->pack ? flush_open(planner) : ERR_OK;
    if (err != ERR_OK) return err;
    planner->plan->has_windows |= is_named_compressed(file->path);
    planner->open[planner->open_count++] = (struct piece){file->path, 0, file->bytes, true, true};
    planner->open_bytes += file->bytes;
    return ERR_OK;
}

static enum err push_whole(struct planner *planner, struct slice path, uint64_t bytes)
{
    struct piece piece = {path, 0, bytes, true, true};
    return push_split(planner, &piece, 1, bytes);
}

static enum err cut_evenly(struct planner *planner, const struct folder_file *file)
{
    enum err err = ERR_OK;
    for (uint64_t offset = 0; offset < file->bytes && err == ERR_OK;) {
        uint64_t bytes = u64_min(planner->split_bytes, file->bytes - offset);
        bool last = offset + bytes == file->bytes;
        struct piece piece = {file->path, offset, bytes, false, last};
        err = push_split(planner, &piece, 1, bytes);
        offset += bytes;
    }
    return err;
}

static enum err cut_csv(struct planner *planner, const struct folder_file *file,
                        struct file *opened)
{
    struct csv_cuts cuts;
    enum err err = csv_cuts_find(opened, file->bytes, planner->split_bytes, PLAN_SPLITS_MAX, &cuts,
                                 planner->fault);
    uint64_t offset = 0;
    for (uint32_t i = 0; i < cuts.count && err == ERR_OK; i++) {
        uint64_t bytes = cuts.ends[i] - offset;
        struct piece piece = {file->path, offset, bytes, false, i + 1 == cuts.count};
        err = push_split(planner, &piece, 1, bytes);
        offset = cuts.ends[i];
    }
    csv_cuts_free(&cuts);
    return err;
}

static enum err add_large(struct planner *planner, const struct folder_file *file)
{
    struct file opened;
    enum err err = file_open_read((const char *)file->path.data, &opened, planner->fault);
    if (err != ERR_OK) return err;
    uint8_t first[SOURCE_MAGIC_BYTES_MAX];
    size_t got;
    err = file_read_at(&opened, 0, first, sizeof first, &got, planner->fault);
    if (err == ERR_OK) {
        enum source_kind kind = source_kind_of(slice_of(first, got), file->path);
        if (kind != SOURCE_PLAIN) {
            planner->plan->has_windows |= kind != SOURCE_GZIP;
            err = push_whole(planner, file->path, file->bytes);
        } else if (planner->spec->format == FORMAT_CSV) {
            err = cut_csv(planner, file, &opened);
        } else {
            err = cut_evenly(planner, file);
        }
    }
    file_close(&opened);
    return err;
}

static enum err add_file(struct planner *planner, const struct folder_file *file)
{
    planner->plan->files++;
    if (file->bytes <= planner->split_bytes) {
        planner->plan->bytes += file->bytes;
        return pack_small(planner, file);
    }
    enum err err = flush_open(planner);
    if (err != ERR_OK) return err;
    if (file->bytes == STREAM_BYTES) {
        planner->plan->has_windows = true;
        return push_whole(planner, file->path, 0);
    }
    planner->plan->bytes += file->bytes;
    return add_large(planner, file);
}

/* The list is there, so that what it comes to is known. */
static uint64_t choose_split_bytes(const struct planner *planner, struct plan_grain grain)
{
    uint64_t bytes = 0, most = planner->spec->split_bytes;
    for (uint32_t i = 0; i < planner->files.count; i++) {
        uint64_t more = planner->files.files[i].bytes;
        if (more != STREAM_BYTES) bytes += more;
    }
    if (grain.splits_wanted == 0) return most;
    return u64_min(most, u64_max(bytes / grain.splits_wanted, grain.split_bytes_least));
}

enum err plan_new(struct arena *arena, const struct job_spec *spec, struct plan_grain grain,
                  const struct slice *inputs, uint32_t inputs_count, struct plan *plan,
                  struct fault *fault)
{
    ASSERT(spec->split_bytes > 0);
    ASSERT(spec->split_bytes < STREAM_BYTES);
    *plan = (struct plan){0};
    struct planner planner = {.arena = arena, .spec = spec, .plan = plan, .fault = fault};
    planner.open = calloc(SPLIT_PIECES_MAX, sizeof *planner.open);
    ASSERT(planner.open != NULL);
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < inputs_count && err == ERR_OK; i++) {
        err = add_input(&planner, inputs[i]);
    }
    planner.split_bytes = choose_split_bytes(&planner, grain);
    for (uint32_t i = 0; i < planner.files.count && err == ERR_OK; i++) {
        err = add_file(&planner, &planner.files.files[i]);
    }
    if (err == ERR_OK) err = flush_open(&planner);
    if (err == ERR_OK && planner.splits_count > 0) {
        plan->splits = ARENA_ARRAY(arena, struct split, planner.splits_count);
        memcpy(plan->splits, planner.splits, planner.splits_count * sizeof *plan->splits);
        plan->count = planner.splits_count;
    }
    folder_files_free(&planner.files);
    free(planner.splits);
    free(planner.open);
    return err;
}
