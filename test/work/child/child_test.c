/*
 * child_test.c -- commands as they come: that obey, stop early, talk too much, hang, or are killed.
 * No child and no descriptor may be left over by any of them.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test/rows.h"
#include "test/work/child/child_fixture.h"

enum { BIG_BYTES = 5 << 20 };

static struct slice big_input(void)
{
    uint8_t *bytes = malloc(BIG_BYTES);
    for (size_t i = 0; i < BIG_BYTES; i++) bytes[i] = i % 64 == 63 ? '\n' : (uint8_t)('a' + i % 26);
    return slice_of(bytes, BIG_BYTES);
}

/* clang-format off */
static const struct command_row {
    const char *why;
    const char *command;
    bool big; /* fed with 5 MiB, else with "one\ntwo" */
    enum err want;
    size_t want_bytes;       /* of output */
    const char *want_output; /* NULL: only the bytes count */
    const char *want_words;  /* in the fault */
} rows[] = {
    {"what goes in comes out",          "cat", false, ERR_OK, 7, "one\ntwo", ""},
    {"more than the pipes hold too",    "cat", true, ERR_OK, BIG_BYTES, NULL, ""},
    {"a line of a megabyte",            "head -c 1000000 /dev/zero | tr '\\0' x; echo", false,
     ERR_OK, 1000001, NULL, ""},
    {"reading none of it is no fault",  "true", true, ERR_OK, 0, "", ""},
    {"reading a part is no fault",      "head -n 1", true, ERR_OK, 64, NULL, ""},
    {"not reading, but writing",        "exec <&-; echo hello", true, ERR_OK, 6, "hello\n", ""},
    {"it writes a lot, then reads",     "head -c 3000000 /dev/zero; cat", true, ERR_OK,
     3000000 + BIG_BYTES, NULL, ""},
    {"it reads all, then writes",       "wc -c", true, ERR_OK, 8, "5242880\n", ""},
    {"stdout closed, still reading",    "exec >&-; cat > /dev/null", true, ERR_OK, 0, "", ""},
    {"a status is told",                "cat; exit 3", false, ERR_CHILD_FAILED, 7, NULL,
     "exited with status 3; it said nothing"},
    {"with its last words",             "echo no such luck >&2; exit 4", true, ERR_CHILD_FAILED,
     0, NULL, "exited with status 4; its last words: no such luck"},
    {"killed for real",                 "kill -9 $$", true, ERR_CHILD_FAILED, 0, NULL,
     "was killed by signal 9 (Killed)"},
    {"a crash has its name",            "kill -SEGV $$", false, ERR_CHILD_FAILED, 0, NULL,
     "was killed by signal 11 (Segmentation fault)"},
    {"a command that is not there",     "/no/such/command", false, ERR_CHILD_FAILED, 0, NULL,
     "exited with status 127 (a command was not found); its last words: "},
    {"a file that is no program",       "/etc/passwd", false, ERR_CHILD_FAILED, 0, NULL,
     "exited with status 126 (a command could not be executed)"},
    {"a NUL does not cut the words",    "printf 'a\\000b' >&2; exit 1", false, ERR_CHILD_FAILED,
     0, NULL, "its last words: a?b"},
    {"a broken pipe inside ends it",    "yes | head -n 1", false, ERR_OK, 2, "y\n", ""},
};
/* clang-format on */

Test(child, rows, .timeout = 60)
{
    struct slice big = big_input();
    unsigned files = child_fixture_open_files();
    FOR_ROWS (row, rows) {
        struct child_result result =
            child_fixture_shell(row->command, row->big ? big : SLICE("one\ntwo"));
        ROW_EQ(row, result.err, row->want);
        ROW_EQ(row, result.output.len, row->want_bytes);
        if (row->want_output != NULL) {
            ROW_BYTES_EQ(row, buffer_slice(&result.output), row->want_output);
        }
        cr_expect(strstr(result.fault.text, row->want_words) != NULL, "%s: %s", row->why,
                  result.fault.text);
        ROW_EQ(row, result.fault.retry, row->want != ERR_OK);
        child_result_free(&result);
        ROW_EQ(row, child_fixture_has_children(), false);
        ROW_EQ(row, child_fixture_open_files(), files);
    }
    free((void *)(uintptr_t)big.data);
}

Test(child, that_cannot_start_says_so)
{
    unsigned files = child_fixture_open_files();
    const char *missing[] = {"no-such-program-anywhere", NULL};
    struct child_result result = child_fixture_run(missing, SLICE(""), 1);
    cr_expect_eq(result.err, ERR_NOT_FOUND);
    cr_expect(strstr(result.fault.text, "no-such-program-anywhere") != NULL);
    const char *folder[] = {"/etc", NULL};
    result = child_fixture_run(folder, SLICE(""), 1);
    cr_expect_eq(result.err, ERR_PERMISSION);
    cr_expect_eq(child_fixture_open_files(), files);
    cr_expect_not(child_fixture_has_children());
}

Test(child, keeps_the_last_of_much_stderr)
{
    struct child_result result = child_fixture_shell(
        "i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1", SLICE(""));
    cr_expect_eq(result.err, ERR_CHILD_FAILED);
    cr_expect(strstr(result.fault.text, "line 2999") != NULL);
    cr_expect(strstr(result.fault.text, "line 1000\n") == NULL);
    cr_expect_gt(strlen(result.fault.text), 4000);
    child_result_free(&result);
}

Test(child, counts_what_is_reported)
{
    struct child_result result =
        child_fixture_shell("printf 'reporter:counter:G,a,2\\nreporter:cou' >&2; cat; sleep 0.05; "
                            "printf 'nter:G,a,40\\nreporter:status:half way' >&2",
                            SLICE("x"));
    uint32_t count;
    const struct child_counter *counters = child_counters(result.child, &count);
    cr_assert_eq(result.err, ERR_OK, "%s", result.fault.text);
    cr_assert_eq(count, 1);
    cr_expect_eq(counters[0].amount, 42);
    cr_expect(slice_eq(child_status(result.child), slice_text("half way")));
    child_result_free(&result);
}

Test(child, sees_what_is_added_to_its_environment)
{
    const char *argv[] = {"/bin/sh", "-c", "echo $TASK $HOME; env | grep -c ^HOME=", NULL};
    struct env_pair env[] = {{SLICE("TASK"), SLICE("m 3")}, {SLICE("HOME"), SLICE("/nowhere")}};
    struct child_config config = {.argv = argv, .env = env, .env_count = 2};
    struct child *child;
    struct fault fault;
    struct buffer output = {0};
    bool done = false;
    cr_assert_eq(child_start(&config, &child, &fault), ERR_OK);
    while (!done) cr_assert_eq(child_finish(child, &output, 4096, &done, &fault), ERR_OK);
    cr_expect(slice_eq(buffer_slice(&output), SLICE("m 3 /nowhere\n1\n")));
    child_free(child);
    buffer_free(&output);
}

/* Reads a number and a line end that the child writes, and leaves it running. */
static int read_number(struct child *child)
{
    struct buffer output = {0};
    struct fault fault;
    while (output.len == 0 || output.data[output.len - 1] != '\n') {
        struct slice input = SLICE("x");
        cr_assert_eq(child_exchange(child, &input, &output, output.len + 1, &fault), ERR_OK);
    }
    buffer_append_byte(&output, '\0');
    int number = atoi((const char *)output.data);
    buffer_free(&output);
    return number;
}

Test(child, is_ended_with_its_whole_group, .timeout = 30)
{
    unsigned files = child_fixture_open_files();
    struct child *child = child_fixture_start("sleep 1000 & echo $!; cat > /dev/null; wait", NULL);
    int grandchild = read_number(child);
    cr_assert(child_fixture_is_alive(grandchild));
    child_free(child);
    for (int i = 0; i < 1000 && child_fixture_is_alive(grandchild); i++) (void)usleep(1000);
    cr_expect_not(child_fixture_is_alive(grandchild));
    cr_expect_not(child_fixture_has_children());
    cr_expect_eq(child_fixture_open_files(), files);
}

static void *raise_soon(void *stop)
{
    (void)usleep(20000);
    process_stop_raise(stop);
    return NULL;
}

/* clang-format off */
static const struct { const char *why, *command; } hangs[] = {
    {"it hangs with its streams open", "sleep 1000"},
    {"it hangs after closing stdout",  "exec >&-; sleep 1000"},
    {"it hangs after closing all",     "exec >&- 2>&- <&-; sleep 1000"},
    {"it leaves stdout to another",    "sleep 1000 & exit 0"},
};
/* clang-format on */

Test(child, that_hangs_is_stopped, .timeout = 30)
{
    FOR_ROWS (row, hangs) {
        struct process_stop *stop;
        struct fault fault;
        struct buffer output = {0};
        bool done = false;
        pthread_t thread;
        cr_assert_eq(process_stop_new(&stop, &fault), ERR_OK);
        struct child *child = child_fixture_start(row->command, stop);
        cr_assert_eq(pthread_create(&thread, NULL, raise_soon, stop), 0);
        ROW_EQ(row, child_finish(child, &output, 4096, &done, &fault), ERR_CANCELLED);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        child_free(child);
        ROW_EQ(row, child_fixture_has_children(), false);
        process_stop_free(stop);
        buffer_free(&output);
    }
}

static void *start_many(void *unused)
{
    (void)unused;
    struct buffer first = {0};
    for (int i = 0; i < 20; i++) {
        struct child_result result = child_fixture_shell("ls /proc/self/fd | wc -l", SLICE("in"));
        ASSERT(result.err == ERR_OK);
        if (i == 0) buffer_append(&first, buffer_slice(&result.output));
        ASSERT(slice_eq(buffer_slice(&first), buffer_slice(&result.output)));
        child_result_free(&result);
    }
    return first.data;
}

Test(child, starts_from_many_threads_leak_no_descriptor_to_others, .timeout = 60)
{
    pthread_t threads[4];
    char *seen[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, start_many, NULL), 0);
    for (int i = 0; i < 4; i++) cr_assert_eq(pthread_join(threads[i], (void **)&seen[i]), 0);
    for (int i = 1; i < 4; i++) cr_expect_eq(memcmp(seen[i], seen[0], 2), 0);
    for (int i = 0; i < 4; i++) free(seen[i]);
}

static void exchange_file(const char *path, uint64_t want_bytes)
{
    struct file file;
    struct fault fault;
    struct buffer output = {0};
    bool done = false;
    cr_assert_eq(file_open_read(path, &file, &fault), ERR_OK);
    struct child *child = child_fixture_start("cat", NULL);
    uint64_t offset = 3, bytes = want_bytes;
    while (bytes > 0) {
        cr_assert_eq(
            child_exchange_file(child, &file, &offset, &bytes, &output, output.len + 1000, &fault),
            ERR_OK, "%s", fault.text);
    }
    while (!done) {
        cr_assert_eq(child_finish(child, &output, output.len + 100000, &done, &fault), ERR_OK);
    }
    cr_expect_eq(offset, 3 + want_bytes);
    cr_assert_eq(output.len, want_bytes);
    uint8_t *want = malloc(want_bytes);
    size_t got;
    cr_assert_eq(file_read_at(&file, 3, want, want_bytes, &got, &fault), ERR_OK);
    cr_expect_eq(memcmp(want, output.data, want_bytes), 0);
    free(want);
    child_free(child);
    file_close(&file);
    buffer_free(&output);
}

Test(child, takes_a_file_by_splice_and_by_copy, .timeout = 30)
{
    struct slice big = big_input();
    struct file file;
    struct fault fault;
    char path[64];
    cr_assert_eq(file_create_nameless("/tmp", &file, &fault), ERR_OK);
    cr_assert_eq(file_write(&file, big, &fault), ERR_OK);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file.fd);
    exchange_file(path, 3000000);
    exchange_file("/proc/self/auxv", 200); /* a file that the system does not splice */
    file_close(&file);
    free((void *)(uintptr_t)big.data);
}

Test(child, is_told_that_a_file_became_shorter)
{
    struct file file;
    struct fault fault;
    struct buffer output = {0};
    cr_assert_eq(file_open_read("/etc/passwd", &file, &fault), ERR_OK);
    struct child *child = child_fixture_start("cat", NULL);
    uint64_t offset = 0, bytes = 1 << 20;
    enum err err = ERR_OK;
    while (err == ERR_OK && bytes > 0) {
        err = child_exchange_file(child, &file, &offset, &bytes, &output, 1 << 22, &fault);
    }
    cr_expect_eq(err, ERR_CORRUPT);
    cr_expect(strstr(fault.text, "/etc/passwd") != NULL);
    child_free(child);
    file_close(&file);
    buffer_free(&output);
}
