/* guard.c -- a forked process at the other end of a pipe. See guard.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "io/guard.h"

struct guard {
    int pipe;
    pid_t pid;
};

enum { GUARD_INPUT = 0 }; /* its only descriptor */

static bool hear(int32_t *said)
{
    ssize_t got;
    do got = read(GUARD_INPUT, said, sizeof *said);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *said;
}

static size_t forget(int32_t *groups, size_t count, int32_t group)
{
    for (size_t i = 0; i < count; i++) {
        if (groups[i] != group) continue;
        groups[i] = groups[count - 1];
        return count - 1;
    }
    return count;
}

/* In a session of its own, where neither a terminal nor a `timeout` reaches it. */
NORETURN static void serve(int pipe, const char *folder)
{
    int32_t groups[GUARD_GROUPS_MAX];
    size_t count = 0;
    (void)setsid();
    (void)dup2(pipe, GUARD_INPUT);
    (void)close_range(GUARD_INPUT + 1, ~0U, 0);
    for (int32_t said; hear(&said);) { /* until we are gone: the pipe has ended */
        if (said < 0) {
            count = forget(groups, count, -said);
        } else if (count < GUARD_GROUPS_MAX) {
            groups[count++] = said;
        }
    }
    for (size_t i = 0; i < count; i++) (void)kill(-groups[i], SIGKILL);
    folder_remove_tree(folder);
    _exit(EXIT_SUCCESS);
}

enum err guard_new(const char *folder, struct guard **out, struct fault *fault)
{
    int ends[2];
    *out = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) return fault_set_errno(fault, errno, "cannot make a pipe");
    pid_t pid = fork();
    if (pid == 0) serve(ends[0], folder);
    int reason = errno;
    (void)close(ends[0]);
    if (pid < 0) {
        (void)close(ends[1]);
        return fault_set_errno(fault, reason, "cannot start another process (raise ulimit -u)");
    }
    struct guard *guard = calloc(1, sizeof *guard);
    ASSERT(guard != NULL);
    *guard = (struct guard){ends[1], pid};
    *out = guard;
    return ERR_OK;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL) return;
    (void)close(guard->pipe);
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR) continue;
    free(guard);
}

int guard_pipe(const struct guard *guard)
{
    return guard->pipe;
}

void guard_say(int pipe, enum guard_word word, int group)
{
    if (pipe < 0) return;
    int32_t said = word == GUARD_WATCH ? group : -group;
    (void)!write(pipe, &said, sizeof said);
}
