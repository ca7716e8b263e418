/* guard_test.c -- what a guard was told of ends when it is let go, and what it forgot does not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "io/guard.h"
#include "test/rows.h"

static const struct guard_row {
    const char *why;
    enum guard_word words[3];
    size_t count;
    bool dies;
} rows[] = {
    {"a group that it was told of", {GUARD_WATCH}, 1, true},
    {"a group that it never heard of", {GUARD_WATCH}, 0, false},
    {"one that has ended in time, whose number is another's now",
     {GUARD_WATCH, GUARD_FORGET},
     2,
     false},
    {"the number once more", {GUARD_WATCH, GUARD_FORGET, GUARD_WATCH}, 3, true},
};

static pid_t start_sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        (void)pause();
        _exit(0);
    }
    (void)setpgid(pid, pid);
    return pid;
}

Test(guard, kills_what_it_watches)
{
    FOR_ROWS (row, rows) {
        struct fault fault;
        struct guard *guard;
        pid_t pid = start_sleeper();
        cr_assert(guard_new("/nonexistent", &guard, &fault) == ERR_OK);
        for (size_t i = 0; i < row->count; i++) guard_say(guard_pipe(guard), row->words[i], pid);
        guard_free(guard);
        int status;
        if (!row->dies) {
            ROW_EQ(row, waitpid(pid, &status, WNOHANG), 0);
            cr_assert(kill(pid, SIGTERM) == 0);
        }
        cr_assert(waitpid(pid, &status, 0) == pid);
        ROW_EQ(row, WTERMSIG(status), row->dies ? SIGKILL : SIGTERM);
    }
}

Test(guard, removes_its_folder)
{
    struct fault fault;
    struct guard *guard;
    char folder[] = "/tmp/tutti-guard-XXXXXX", inside[64];
    cr_assert(mkdtemp(folder) != NULL);
    cr_assert(snprintf(inside, sizeof inside, "%s/inside", folder) > 0);
    cr_assert(folder_create(inside, &fault) == ERR_OK);
    cr_assert(guard_new(folder, &guard, &fault) == ERR_OK);
    cr_expect(path_exists(folder), "not before it is let go");
    guard_free(guard);
    cr_expect(!path_exists(folder), "with all that is in it");
}
