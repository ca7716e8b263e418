/* place_check.c -- see place_check.h. */
#include "work/job/place_check.h"
#include "io/file.h"
#include "io/folder.h"

static enum err check_tmp(const char *tmp, struct fault *fault)
{
    struct path_status status;
    enum err err = path_look(tmp, &status, fault);
    if (err == ERR_OK && status.kind == PATH_FOLDER) return ERR_OK;
    if (err == ERR_OK) (void)fault_set(fault, ERR_NOT_FOUND, "%s is not a folder", tmp);
    struct fault why = *fault;
    return fault_set(fault, why.code,
                     "nothing can be spilled to disk: %s; name another folder with --tmp",
                     why.text);
}

static enum err check_parent(const char *output, struct arena *arena, struct fault *fault)
{
    size_t len = strlen(output);
    while (len > 1 && output[len - 1] == '/') len--;
    while (len > 0 && output[len - 1] != '/') len--;
    if (len == 0) return ERR_OK; /* the current folder */
    const char *parent = arena_text(arena, slice_of(output, len > 1 ? len - 1 : len));
    if (path_real(parent, arena) != NULL) return ERR_OK;
    return fault_set(fault, ERR_NOT_FOUND,
                     "the output %s cannot be made: there is no folder %s; make it first: "
                     "mkdir -p '%s'",
                     output, parent, parent);
}

static bool lies_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    if (strncmp(path, folder, len) != 0) return false;
    return path[len] == '\0' || path[len] == '/' || folder[len - 1] == '/';
}

/* What --force replaces is removed in the end. */
static enum err check_inputs(const char *output, const struct plan *plan, struct arena *arena,
                             struct fault *fault)
{
    const char *folder = path_real(output, arena);
    if (folder == NULL) return ERR_OK;
    for (uint32_t i = 0; i < plan->count; i++) {
        for (uint32_t j = 0; j < plan->splits[i].count; j++) {
            const struct piece *piece = &plan->splits[i].pieces[j];
            if (piece->offset != 0 || slice_eq(piece->path, SLICE("-"))) continue;
            struct arena *scratch = arena_new();
            const char *path = path_real(arena_text(scratch, piece->path), scratch);
            bool doomed = path != NULL && lies_in(path, folder);
            arena_free(scratch);
            if (!doomed) continue;
            return fault_set(fault, ERR_USAGE,
                             "--force would remove the input %.*s, which is the output %s or lies "
                             "in it; give the output another name",
                             (int)piece->path.len, (const char *)piece->path.data, output);
        }
    }
    return ERR_OK;
}

static bool is_of_a_job(const char *name)
{
    return strncmp(name, "part-", 5) == 0 || strcmp(name, "_SUCCESS") == 0;
}

/* A slip of the hand must not cost a home folder: --force replaces what a job has made, no more. */
static enum err check_replaced(const char *output, struct arena *arena, struct fault *fault)
{
    if (!path_exists(output)) return ERR_OK;
    struct path_status status;
    enum err err = path_look(output, &status, fault);
    if (err != ERR_OK) return err;
    if (status.kind != PATH_FOLDER) {
        return fault_set(fault, ERR_EXISTS,
                         "--force replaces the output of a job, and %s is not a folder; remove it "
                         "yourself, or give another name",
                         output);
    }
    const char *other = folder_find_unexpected(output, is_of_a_job, arena);
    if (other == NULL) return ERR_OK;
    return fault_set(fault, ERR_EXISTS,
                     "--force replaces the output of a job, and %s holds something else: %s; "
                     "remove it yourself, or give another name",
                     output, other);
}

enum err place_check(const struct job_options *options, const struct plan *plan,
                     struct arena *arena, struct fault *fault)
{
    enum err err = check_tmp(options->tmp, fault);
    if (err != ERR_OK || strcmp(options->output, "-") == 0) return err;
    err = check_parent(options->output, arena, fault);
    if (err != ERR_OK || !options->force) return err;
    err = check_inputs(options->output, plan, arena, fault);
    return err == ERR_OK ? check_replaced(options->output, arena, fault) : err;
}
