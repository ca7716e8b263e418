/* child_fixture.h -- a child fed with bytes, all in one call. */
#pragma once

#include "work/child/child.h"

struct child_result {
    enum err err;
    struct fault fault;
    struct buffer output;
    struct child *child; /* NULL where it could not start */
};

/* Feed all of `input` in slices of `step` bytes and finish. Free with child_result_free. */
struct child_result child_fixture_run(const char *const *argv, struct slice input, size_t step);
struct child_result child_fixture_shell(const char *command, struct slice input);
void child_result_free(struct child_result *result);

struct child *child_fixture_start(const char *command, const struct process_stop *stop);

unsigned child_fixture_open_files(void);      /* of this process */
bool child_fixture_has_children(void);        /* running, or dead and not reaped */
bool child_fixture_is_alive(int pid);         /* and no zombie */
char *child_fixture_beside(const char *path); /* PATH in the build's folder; the caller frees it */
