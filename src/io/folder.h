/*
 * folder.h -- what is where: looking at paths, walking folders, matching globs.
 *
 * Links are followed where they lead to files; a folder behind a link is entered only when it is
 * named directly, so that a walk cannot go in circles.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "io/signals.h"

enum path_kind {
    PATH_FILE,
    PATH_FOLDER,
    PATH_STREAM, /* a pipe or a device: can be read from its start to its end, once */
    PATH_OTHER   /* cannot be read: a socket */
};

struct path_status {
    enum path_kind kind;
    uint64_t bytes; /* of a file; else 0 */
};

/* ERR_NOT_FOUND, ERR_PERMISSION: also what exists but may not be read. */
MUST_USE enum err path_look(const char *path, struct path_status *status, struct fault *fault);

/* Of the whole file system on which it is; 0: that cannot be told. */
uint64_t path_disk_bytes(const char *path);

/* The one full name of what `path` leads to, links followed: in `arena`. NULL: nothing is there. */
const char *path_real(const char *path, struct arena *arena);

struct folder_file {
    struct slice path; /* NUL-terminated behind its end */
    uint64_t bytes;
};

struct folder_files {
    struct folder_file *files; /* owned; from malloc */
    uint32_t count, capacity;
};

/* Append; `path` must outlive the list. */
void folder_files_add(struct folder_files *list, struct slice path, uint64_t bytes);
void folder_files_free(struct folder_files *list);

/* Append every file under `path`, in byte order of the names in each folder; paths live in `arena`.
 * Passed over: hidden files and folders, `_SUCCESS`, dangling links, pipes, devices, sockets. A
 * file or folder that may not be read is an error, and so is one of `stops` (may be NULL) that
 * comes (ERR_CANCELLED). */
MUST_USE enum err folder_walk(const char *path, struct arena *arena, const struct signals *stops,
                              struct folder_files *list, struct fault *fault);

/* The name of an entry of the folder that is not `expected`, in `arena`. NULL: all are, or there is
 * no such folder. */
const char *folder_find_unexpected(const char *path, bool (*expected)(const char *name),
                                   struct arena *arena);

/* The name under which a folder's files are passed over by a walk. */
bool folder_passes_over(const char *name);

/* What matches `pattern` (glob(3), and {a,b}), in byte order; paths live in `arena`. No match is
 * not an error: a count of 0. */
MUST_USE enum err path_glob(const char *pattern, struct arena *arena, char ***paths,
                            uint32_t *count, struct fault *fault);
bool path_is_pattern(const char *path);
