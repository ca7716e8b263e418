/*
 * lock.h -- a file that one process at a time holds: what keeps two nodes out of one folder.
 *
 * The lock goes with the process, however it ends. The file stays, and holds the process id of
 * whoever held it last.
 */
#pragma once

#include "base/fault.h"

struct lock {
    int fd; /* -1: not held */
};

/* ERR_EXISTS: another process holds it; `*holder` is its id, 0: unknown. */
MUST_USE enum err lock_take(const char *path, struct lock *lock, uint32_t *holder,
                            struct fault *fault);
void lock_drop(struct lock *lock); /* twice is fine */
