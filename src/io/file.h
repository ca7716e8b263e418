/*
 * file.h -- files and folders. Blocking calls, for worker threads and start-up.
 *
 * Every failure fills the fault with the operation, the path or label, the offset where it has one,
 * and the system's reason. Interrupted and short calls are continued inside.
 */
#pragma once

#include "base/fault.h"
#include "io/signals.h"

struct file {
    int fd;            /* -1: not open */
    const char *label; /* for messages; borrowed for as long as the file is open */
};

/* Does not wait for the other end of a pipe; reading from one whose other end has not come yet
 * finds its end. */
MUST_USE enum err file_open_read(const char *path, struct file *file, struct fault *fault);
MUST_USE enum err file_create(const char *path, struct file *file, struct fault *fault);
/* The same, for this user alone from its first moment: mode 0600. */
MUST_USE enum err file_create_private(const char *path, struct file *file, struct fault *fault);

/* A file in `folder` that has no name and is gone when closed, however the process ends. */
MUST_USE enum err file_create_nameless(const char *folder, struct file *file, struct fault *fault);

/* A pipe or device: reading it may wait for somebody else. False where it cannot be told. */
bool file_is_stream(const struct file *file);

void file_close(struct file *file); /* closing twice, or what was never open with fd -1, is fine */

/* `*got` 0: the end. Less than `size` may come before it. */
MUST_USE enum err file_read(struct file *file, void *to, size_t size, size_t *got,
                            struct fault *fault);
MUST_USE enum err file_read_at(struct file *file, uint64_t offset, void *to, size_t size,
                               size_t *got, struct fault *fault);
MUST_USE enum err file_write(struct file *file, struct slice bytes, struct fault *fault);
MUST_USE enum err file_write_at(struct file *file, uint64_t offset, struct slice bytes,
                                struct fault *fault);
MUST_USE enum err file_size(struct file *file, uint64_t *size, struct fault *fault);
MUST_USE enum err file_sync(struct file *file, struct fault *fault);

/* Hints; they cannot fail. `bytes` 0: to the end. */
void file_will_need(struct file *file, uint64_t offset, uint64_t bytes);
void file_start_flush(struct file *file, uint64_t offset, uint64_t bytes);
void file_cut(struct file *file, uint64_t bytes); /* what is behind goes back to the disk */
void file_punch(struct file *file, uint64_t offset, uint64_t bytes); /* give the room back */

/* Append `bytes` of `from`, from its start, to `to`, without passing through this process where the
 * system can. ERR_CANCELLED: one of `stops` (may be NULL) came while the other end was not ready.
 */
MUST_USE enum err file_copy(struct file *from, uint64_t bytes, struct file *to,
                            const struct signals *stops, struct fault *fault);

bool path_exists(const char *path);
MUST_USE enum err file_set_mode(const char *path, uint32_t mode, struct fault *fault);
MUST_USE enum err file_rename(const char *from, const char *to, struct fault *fault);
void file_remove(const char *path);        /* if it is there */
bool path_is_executable(const char *path); /* by this user */
MUST_USE enum err folder_create(const char *path, struct fault *fault);
MUST_USE enum err folder_sync(const char *path, struct fault *fault);
/* All that was written there, in one go: where file_sync of each of many files would take long. The
 * whole file system that has the folder is flushed. */
MUST_USE enum err folder_sync_files(const char *path, struct fault *fault);

/* Give `from` the name `to`. An existing `to` is an error (ERR_EXISTS) unless `replace`, when the
 * two trade places in one step: the old one is then called `from`. */
MUST_USE enum err folder_publish(const char *from, const char *to, bool replace,
                                 struct fault *fault);
void folder_remove_tree(const char *path); /* as much as can be removed; never follows a link */
