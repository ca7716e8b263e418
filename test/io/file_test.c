/* file_test.c -- files and folders: what is read is what was written, and what fails says why. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

enum { LARGE = 700 * 1000 };

static struct slice some_bytes(struct arena *arena, size_t len)
{
    uint8_t *bytes = arena_alloc(arena, len);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(i * 31 + i / 251);
    return slice_of(bytes, len);
}

static void expect_content(const char *path, struct slice want, struct arena *arena)
{
    struct file file;
    struct fault fault;
    uint64_t size;
    size_t got, more;
    uint8_t *bytes = arena_alloc(arena, want.len + 1);
    cr_assert_eq(file_open_read(path, &file, &fault), ERR_OK, "%s", fault.text);
    cr_expect_eq(file_size(&file, &size, &fault), ERR_OK);
    cr_expect_eq(size, want.len);
    cr_expect_eq(file_read_at(&file, 0, bytes, want.len + 1, &got, &fault), ERR_OK);
    cr_expect(slice_eq(slice_of(bytes, got), want));
    cr_expect_eq(file_read_at(&file, want.len + 9, bytes, 1, &got, &fault), ERR_OK);
    cr_expect_eq(got, 0, "behind the end");
    cr_expect_eq(file_read(&file, bytes, 7, &got, &fault), ERR_OK);
    cr_expect_eq(file_read(&file, bytes, 7, &more, &fault), ERR_OK);
    cr_expect_eq(got + more, u64_min(want.len, 14), "file_read has a place of its own");
    file_close(&file);
    file_close(&file);
}

Test(file, is_written_and_read)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *path = arena_format(arena, "%s/file", folder);
    const char *other = arena_format(arena, "%s/other", folder);
    struct file file;
    struct fault fault;
    struct slice bytes = some_bytes(arena, LARGE);
    cr_assert_eq(file_create(path, &file, &fault), ERR_OK);
    cr_expect_eq(file_write(&file, slice_of(bytes.data, 1000), &fault), ERR_OK);
    cr_expect_eq(file_write_at(&file, 1000, slice_from(bytes, 1000), &fault), ERR_OK);
    file_start_flush(&file, 0, 1000);
    cr_expect_eq(file_sync(&file, &fault), ERR_OK);
    file_close(&file);
    expect_content(path, bytes, arena);
    cr_expect_eq(file_create(path, &file, &fault), ERR_EXISTS);
    cr_expect_not_null(strstr(fault.text, path));
    cr_expect_eq(file_rename(path, other, &fault), ERR_OK);
    cr_expect(!path_exists(path) && path_exists(other) && !path_is_executable(other));
    cr_expect_eq(file_rename(path, other, &fault), ERR_NOT_FOUND);
    file_remove(other);
    file_remove(other);
    cr_expect_eq(file_open_read(other, &file, &fault), ERR_NOT_FOUND);
    cr_expect_eq(file.fd, -1);
    file_close(&file);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(file, without_a_name_leaves_nothing)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct file file;
    struct fault fault;
    uint8_t back[3];
    size_t got;
    cr_assert_eq(file_create_nameless(folder, &file, &fault), ERR_OK);
    cr_expect_eq(rmdir(folder), 0, "the folder looks empty");
    cr_expect_eq(file_write_at(&file, 5, SLICE("abc"), &fault), ERR_OK);
    cr_expect_eq(file_read_at(&file, 5, back, 3, &got, &fault), ERR_OK);
    cr_expect(slice_eq(slice_of(back, got), SLICE("abc")));
    file_punch(&file, 0, 4096);
    file_will_need(&file, 0, 0);
    file_close(&file);
    cr_expect_eq(file_create_nameless(folder, &file, &fault), ERR_NOT_FOUND);
    cr_expect_not_null(strstr(fault.text, folder));
    arena_free(arena);
}

/* clang-format off */
static const struct copy_row {
    const char *why;
    size_t len;
    uint64_t asked;
    int flags;
    enum err want;
} copies[] = {
    {"all",                                   LARGE, LARGE,     0,        ERR_OK},
    {"the start",                             LARGE, 100,       0,        ERR_OK},
    {"nothing",                               LARGE, 0,         0,        ERR_OK},
    {"to where the system does not copy",     LARGE, LARGE,     O_APPEND, ERR_OK},
    {"a file that has become shorter",        LARGE, LARGE + 1, 0,        ERR_CORRUPT},
    {"the same, through memory",              LARGE, LARGE + 1, O_APPEND, ERR_CORRUPT},
};
/* clang-format on */

Test(file, copies)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *to_path = arena_format(arena, "%s/to", folder);
    FOR_ROWS (row, copies) {
        struct slice bytes = some_bytes(arena, row->len);
        const char *path = fixture_file(arena, folder, "from", bytes);
        struct file from;
        struct fault fault;
        cr_assert_eq(file_open_read(path, &from, &fault), ERR_OK);
        struct file to = {open(to_path, O_CREAT | O_RDWR | O_CLOEXEC | row->flags, 0600), to_path};
        cr_assert_eq(file_write(&to, SLICE("head"), &fault), ERR_OK);
        ROW_EQ(row, file_copy(&from, row->asked, &to, NULL, &fault), row->want);
        file_close(&from);
        file_close(&to);
        struct buffer want = {0};
        buffer_append(&want, SLICE("head"));
        buffer_append(&want, slice_of(bytes.data, u64_min(row->asked, row->len)));
        expect_content(to_path, buffer_slice(&want), arena);
        buffer_free(&want);
        file_remove(path);
        file_remove(to_path);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(folder, is_removed_with_all_in_it_but_links_are_not_followed)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *tree = arena_format(arena, "%s/tree", folder);
    const char *inner = arena_format(arena, "%s/inner", tree);
    const char *link = arena_format(arena, "%s/link", inner);
    const char *kept = fixture_file(arena, folder, "kept", SLICE("kept"));
    struct fault fault;
    cr_assert_eq(folder_create(tree, &fault), ERR_OK);
    cr_expect_eq(folder_create(tree, &fault), ERR_EXISTS);
    cr_assert_eq(folder_create(inner, &fault), ERR_OK);
    cr_assert_eq(symlink(folder, link), 0);
    (void)fixture_file(arena, inner, "file", SLICE("x"));
    cr_expect_eq(folder_sync(tree, &fault), ERR_OK);
    folder_remove_tree(tree);
    cr_expect(!path_exists(tree));
    cr_expect(path_exists(kept), "the link led to it");
    cr_expect_eq(folder_sync(tree, &fault), ERR_NOT_FOUND);
    cr_assert_eq(symlink(folder, tree), 0);
    folder_remove_tree(tree);
    cr_expect(!path_exists(tree) && path_exists(kept), "a link itself is removed");
    folder_remove_tree(tree);
    file_remove(kept);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

/* Standard output may be a pipe that somebody else made one that does not wait. */
Test(file, writes_into_a_full_pipe_that_does_not_wait)
{
    enum { PIPE_BYTES_MORE = 300 * 1000 };
    struct arena *arena = arena_new();
    struct slice bytes = some_bytes(arena, PIPE_BYTES_MORE);
    struct fault fault = {0};
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    struct file out = {ends[1], "pipe"};
    pid_t writer = fork();
    if (writer == 0) {
        (void)close(ends[0]);
        _exit(file_write(&out, bytes, &fault) == ERR_OK ? 0 : 1);
    }
    (void)close(ends[1]);
    struct file in = {ends[0], "pipe"};
    uint8_t *got = arena_alloc(arena, bytes.len);
    size_t len = 0, more = 1;
    while (more > 0 && len < bytes.len) {
        cr_assert_eq(file_read(&in, got + len, bytes.len - len, &more, &fault), ERR_OK);
        len += more;
    }
    cr_expect(slice_eq(slice_of(got, len), bytes), "%zu bytes of %zu", len, bytes.len);
    int status;
    cr_expect_eq(waitpid(writer, &status, 0), writer);
    cr_expect_eq(status, 0);
    file_close(&in);
    arena_free(arena);
}

/* Nobody reads the pipe: only a signal ends the copying. */
Test(file, copying_ends_when_a_signal_comes)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct slice bytes = some_bytes(arena, LARGE);
    const char *path = fixture_file(arena, folder, "file", bytes);
    struct signals signals;
    struct fault fault = {0};
    struct file from;
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    struct file to = {ends[1], "pipe"};
    cr_assert_eq(signals_open(&signals, &fault), ERR_OK);
    cr_assert_eq(file_open_read(path, &from, &fault), ERR_OK);
    (void)kill(getpid(), SIGTERM);
    cr_expect_eq(file_copy(&from, bytes.len, &to, &signals, &fault), ERR_CANCELLED);
    cr_expect_eq(signals_take(&signals), SIGTERM, "it was looked at, not taken");
    file_close(&from);
    file_close(&to);
    (void)close(ends[0]);
    signals_close(&signals);
    folder_remove_tree(folder);
    arena_free(arena);
}

Test(file, is_copied_into_a_pipe_that_is_read_slowly)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct slice bytes = some_bytes(arena, LARGE);
    const char *path = fixture_file(arena, folder, "file", bytes);
    struct fault fault = {0};
    struct file from;
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(file_open_read(path, &from, &fault), ERR_OK);
    struct file to = {ends[1], "pipe"};
    pid_t writer = fork();
    if (writer == 0) _exit(file_copy(&from, bytes.len, &to, NULL, &fault) == ERR_OK ? 0 : 1);
    file_close(&to);
    uint8_t *got = arena_alloc(arena, bytes.len + 1);
    size_t len = 0;
    for (ssize_t more; (more = read(ends[0], got + len, 777)) > 0;) len += (size_t)more;
    cr_expect(slice_eq(slice_of(got, len), bytes), "%zu bytes of %zu", len, bytes.len);
    int status;
    cr_expect_eq(waitpid(writer, &status, 0), writer);
    cr_expect_eq(status, 0);
    (void)close(ends[0]);
    file_close(&from);
    folder_remove_tree(folder);
    arena_free(arena);
}
