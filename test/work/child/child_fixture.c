/* child_fixture.c -- see child_fixture.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/work/child/child_fixture.h"

enum { OUTPUT_STEP = 64 * 1024 };

static enum err feed(struct child_result *result, struct slice input, size_t step)
{
    while (input.len > 0) {
        struct slice part = slice_of(input.data, u64_min(input.len, step));
        input = slice_from(input, part.len);
        while (part.len > 0) {
            size_t room = result->output.len + OUTPUT_STEP;
            enum err err =
                child_exchange(result->child, &part, &result->output, room, &result->fault);
            if (err != ERR_OK) return err;
        }
    }
    return ERR_OK;
}

static enum err finish(struct child_result *result)
{
    bool done = false;
    enum err err = ERR_OK;
    while (err == ERR_OK && !done) {
        size_t room = result->output.len + OUTPUT_STEP;
        err = child_finish(result->child, &result->output, room, &done, &result->fault);
    }
    return err;
}

struct child_result child_fixture_run(const char *const *argv, struct slice input, size_t step)
{
    struct child_result result = {0};
    struct child_config config = {.argv = argv, .label = slice_text(argv[0])};
    result.err = child_start(&config, &result.child, &result.fault);
    if (result.err == ERR_OK) result.err = feed(&result, input, step);
    if (result.err == ERR_OK) result.err = finish(&result);
    return result;
}

struct child_result child_fixture_shell(const char *command, struct slice input)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    return child_fixture_run(argv, input, OUTPUT_STEP);
}

void child_result_free(struct child_result *result)
{
    child_free(result->child);
    buffer_free(&result->output);
}

struct child *child_fixture_start(const char *command, const struct process_stop *stop)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    struct child_config config = {.argv = argv, .label = slice_text(command), .stop = stop};
    struct child *child = NULL;
    struct fault fault;
    enum err err = child_start(&config, &child, &fault);
    ASSERT(err == ERR_OK);
    return child;
}

unsigned child_fixture_open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    while (readdir(folder) != NULL) count++;
    (void)closedir(folder);
    return count;
}

bool child_fixture_has_children(void)
{
    return waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

bool child_fixture_is_alive(int pid)
{
    char path[64], state = 'X';
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    (void)fclose(file);
    return state != 'Z' && state != 'X';
}

char *child_fixture_beside(const char *path)
{
    char self[4096], *beside = NULL;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    ASSERT(len > 0);
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    ASSERT(asprintf(&beside, "%s/%s", self, path) > 0);
    return beside;
}
