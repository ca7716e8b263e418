/*
 * guard.h -- a process that tidies up behind us, however we end: killed, crashed, or in a hurry.
 *
 * It sleeps until this process is gone or lets it go; then it kills the groups of processes that it
 * was told of and not told to forget, and removes a folder. A process that leaves its group
 * (setsid) escapes it.
 */
#pragma once

#include "base/fault.h"

struct guard; /* opaque; guard_free frees it */

enum { GUARD_GROUPS_MAX = 4096 }; /* at one time; further ones are not guarded */

/* Forks: to be called while this process has one thread. `folder` need not exist. */
MUST_USE enum err guard_new(const char *folder, struct guard **guard, struct fault *fault);

/* Lets it do its work, and waits for that. NULL is allowed. */
void guard_free(struct guard *guard);

/* The end of a pipe that guard_say writes to: a number, to be had between vfork and exec too. */
int guard_pipe(const struct guard *guard);

enum guard_word { GUARD_WATCH, GUARD_FORGET };

/* `pipe` -1: nobody listens. A system call and no more. */
void guard_say(int pipe, enum guard_word word, int group);
