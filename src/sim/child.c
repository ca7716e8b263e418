/* child.c -- see child.h. */
#include "sim/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_SECONDS_MAX = 600, WHY_BYTES_MAX = 1024 };

struct told { /* what a child writes before it ends: less than a pipe holds */
    struct sim_result result;
    uint32_t why_len;
    uint8_t why[WHY_BYTES_MAX];
};

struct child {
    pid_t id;
    int from; /* a pipe */
};

static void run_and_tell(const struct sim_options *options, int to)
{
    struct rlimit limit = {CPU_SECONDS_MAX, CPU_SECONDS_MAX};
    (void)setrlimit(RLIMIT_CPU, &limit);
    struct told told = {0};
    sim_run(options, &told.result);
    told.why_len = (uint32_t)u64_min(told.result.why.len, WHY_BYTES_MAX);
    if (told.why_len > 0) memcpy(told.why, told.result.why.data, told.why_len);
    buffer_free(&told.result.why);
    (void)fflush(stdout);
    if (write(to, &told, sizeof told) != (ssize_t)sizeof told) _exit(1);
}

enum err child_start(const struct sim_options *options, struct child **made, struct fault *fault)
{
    int ends[2];
    (void)fflush(stdout);
    if (pipe(ends) != 0) return fault_set_errno(fault, errno, "cannot make a pipe");
    pid_t id = fork();
    if (id == 0) {
        (void)close(ends[0]);
        run_and_tell(options, ends[1]);
        exit(0); /* as any program ends, so that leaks are looked for */
    }
    int error_number = errno;
    (void)close(ends[1]);
    if (id < 0) {
        (void)close(ends[0]);
        return fault_set_errno(fault, error_number, "cannot start a process");
    }
    struct child *child = calloc(1, sizeof *child);
    ASSERT(child != NULL);
    *child = (struct child){id, ends[0]};
    *made = child;
    return ERR_OK;
}

static void crashed(int status, struct sim_result *result)
{
    result->failed = true;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const char *property = number == SIGXCPU || number == SIGKILL ? "a run ends" : "no crash";
    (void)snprintf(result->property, sizeof result->property, "%s", property);
    if (number != 0) {
        buffer_append_format(&result->why, "the run was ended by SIG%s", sigabbrev_np(number));
    } else {
        buffer_append_format(&result->why, "the run ended with status %d", WEXITSTATUS(status));
    }
}

static void take_result(const struct child *child, int status, struct sim_result *result)
{
    struct told told = {0};
    *result = (struct sim_result){0};
    bool whole = read(child->from, &told, sizeof told) == (ssize_t)sizeof told;
    if (whole) {
        *result = told.result;
        result->why = (struct buffer){0};
        buffer_append(&result->why, slice_of(told.why, told.why_len));
    }
    if (!whole || status != 0) crashed(status, result);
}

uint32_t child_wait(struct child **children, uint32_t count, struct sim_result *result)
{
    for (;;) { /* ends: one of them does */
        int status;
        pid_t id = waitpid(-1, &status, 0);
        if (id < 0) ASSERT(errno == EINTR);
        for (uint32_t i = 0; i < count; i++) {
            struct child *child = children[i];
            if (child == NULL || child->id != id) continue;
            take_result(child, status, result);
            (void)close(child->from);
            free(child);
            children[i] = NULL;
            return i;
        }
    }
}

enum err child_run(const struct sim_options *options, struct sim_result *result,
                   struct fault *fault)
{
    struct child *child = NULL;
    enum err err = child_start(options, &child, fault);
    if (err == ERR_OK) (void)child_wait(&child, 1, result);
    return err;
}
