/* io_disk_test.c -- the disk, by io_uring and by threads: the same tests for both. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"
#include "test/io/io_fixture.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

enum { BLOCK = IO_BLOCK_BYTES };

/* Both kinds, or threads alone where this machine refuses io_uring. */
static const enum io_disk kinds[] = {IO_DISK_THREADS, IO_DISK_URING};

static uint32_t kinds_here(void)
{
    struct io *io = io_fixture(IO_DISK_AUTO);
    bool uring = strcmp(io_disk_name(io), "io_uring") == 0;
    io_free(io);
    return uring ? 2 : 1;
}

#define FOR_KINDS(io)                                                                              \
    for (uint32_t kind = 0, kinds_count = kinds_here(); kind < kinds_count; kind++)                \
        for (struct io *io = io_fixture(kinds[kind]); io != NULL; io_free(io), io = NULL)

static io_handle open_file(struct io *io, const char *path, uint32_t how)
{
    io_handle file;
    struct fault fault;
    cr_assert_eq(io_open(io, path, how, &file, &fault), ERR_OK, "%s", fault.text);
    return file;
}

static io_handle new_file(struct io *io, struct arena *arena, const char **path)
{
    *path = arena_format(arena, "%s/file", fixture_folder(arena));
    return open_file(io, *path, IO_OPEN_READ | IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_DIRECT);
}

static void fill(uint8_t *bytes, size_t size, uint8_t seed)
{
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i / 7 + seed);
}

Test(io_disk, writes_and_reads_many_at_once)
{
    enum { WRITES = 200 }; /* more than a ring holds */
    struct arena *arena = arena_new();
    uint8_t *out = io_block_memory(WRITES * BLOCK), *in = io_block_memory(WRITES * BLOCK);
    FOR_KINDS(io)
    {
        const char *path;
        io_handle file = new_file(io, arena, &path);
        fill(out, WRITES * BLOCK, (uint8_t)kind);
        for (uint64_t i = 0; i < WRITES; i++) {
            io_write(io, file, i * BLOCK, slice_of(out + i * BLOCK, BLOCK), (io_tag){i});
        }
        struct seen seen = {0};
        bool done[WRITES] = {false};
        io_fixture_wait(io, &seen, WRITES);
        for (uint32_t i = 0; i < WRITES; i++) {
            cr_expect_eq(seen.completions[i].kind, IO_DISK_DONE);
            cr_expect_eq(seen.completions[i].err, ERR_OK);
            done[seen.completions[i].tag.n] = true;
        }
        for (uint32_t i = 0; i < WRITES; i++) cr_expect(done[i], "%u", i);
        cr_expect_eq(io_file_bytes(io, file), WRITES * BLOCK);
        io_read(io, file, 0, in, WRITES * BLOCK, (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).bytes_count, WRITES * BLOCK);
        cr_expect_eq(memcmp(in, out, WRITES * BLOCK), 0);
        io_read(io, file, (WRITES - 1) * BLOCK, in, 4 * BLOCK, (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).bytes_count, BLOCK, "up to the end");
        io_sync(io, file, (io_tag){2});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        io_close(io, file);
    }
    io_block_memory_free(out, WRITES * BLOCK);
    io_block_memory_free(in, WRITES * BLOCK);
    arena_free(arena);
}

Test(io_disk, opens_what_is_there_and_says_what_is_not)
{
    struct arena *arena = arena_new();
    FOR_KINDS(io)
    {
        const char *path;
        struct fault fault;
        io_handle file = new_file(io, arena, &path), second;
        cr_expect_eq(io_open(io, path, IO_OPEN_WRITE | IO_OPEN_CREATE, &second, &fault),
                     ERR_EXISTS);
        io_close(io, file);
        io_remove(io, path, (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        cr_expect_eq(io_open(io, path, IO_OPEN_READ, &file, &fault), ERR_NOT_FOUND);
        cr_expect_not_null(strstr(fault.text, path));
        io_remove(io, path, (io_tag){1});
        struct io_completion completion = io_fixture_next(io, IO_DISK_DONE);
        cr_expect_eq(completion.err, ERR_NOT_FOUND);
        cr_expect_eq(completion.error_number, ENOENT);
    }
    arena_free(arena);
}

Test(io_disk, allocates_zeros_behind_what_is_there)
{
    const uint64_t sizes[] = {3 * BLOCK, 5 * (1 << 20) / 2, 5 * (1 << 20) / 2, BLOCK};
    struct arena *arena = arena_new();
    FOR_KINDS(io)
    {
        const char *path;
        io_handle file = new_file(io, arena, &path);
        uint8_t *block = io_block_memory(BLOCK);
        fill(block, BLOCK, 1);
        io_write(io, file, 0, slice_of(block, BLOCK), (io_tag){1});
        (void)io_fixture_next(io, IO_DISK_DONE);
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            io_allocate(io, file, sizes[i], (io_tag){1});
            cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
            cr_expect_eq(io_file_bytes(io, file), sizes[i] == BLOCK ? sizes[1] : sizes[i]);
        }
        uint8_t *all = io_block_memory(sizes[1]);
        io_read(io, file, 0, all, sizes[1], (io_tag){1});
        (void)io_fixture_next(io, IO_DISK_DONE);
        cr_expect_eq(memcmp(all, block, BLOCK), 0);
        for (uint64_t i = BLOCK; i < sizes[1]; i++) cr_assert_eq(all[i], 0);
        io_block_memory_free(all, sizes[1]);
        io_block_memory_free(block, BLOCK);
        io_close(io, file);
    }
    arena_free(arena);
}

/* A limit on the size of files stands in for a full disk: both end in the middle of writing. */
Test(io_disk, what_cannot_be_allocated_is_given_back)
{
    struct arena *arena = arena_new();
    const struct rlimit small = {3 << 20, 8 << 20};
    cr_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    FOR_KINDS(io)
    {
        const char *path;
        io_handle file = new_file(io, arena, &path);
        io_allocate(io, file, 1 << 20, (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        io_allocate(io, file, 4 << 20, (io_tag){1});
        struct io_completion completion = io_fixture_next(io, IO_DISK_DONE);
        cr_expect_eq(completion.err, ERR_IO);
        cr_expect_eq(completion.error_number, EFBIG);
        cr_expect_eq(io_file_bytes(io, file), 1 << 20, "as short as it was");
        io_close(io, file);
    }
    arena_free(arena);
}

Test(io_disk, renames)
{
    struct arena *arena = arena_new();
    FOR_KINDS(io)
    {
        const char *path;
        io_handle file = new_file(io, arena, &path);
        const char *to = arena_format(arena, "%s.new", path);
        io_rename(io, path, to, (io_tag){5});
        struct io_completion completion = io_fixture_next(io, IO_DISK_DONE);
        cr_expect_eq(completion.err, ERR_OK);
        cr_expect_eq(completion.tag.n, 5);
        cr_expect(path_exists(to) && !path_exists(path));
        io_rename(io, path, to, (io_tag){5});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_NOT_FOUND);
        io_close(io, file);
    }
    arena_free(arena);
}

Test(io_disk, works_where_there_is_no_direct_io)
{
    struct arena *arena = arena_new();
    char *folder = arena_format(arena, "/dev/shm/tutti-io-XXXXXX");
    if (mkdtemp(folder) == NULL) cr_skip_test("no /dev/shm");
    FOR_KINDS(io)
    {
        const char *path = arena_format(arena, "%s/file", folder);
        uint8_t *block = io_block_memory(BLOCK), *back = io_block_memory(BLOCK);
        uint32_t how = IO_OPEN_READ | IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_DIRECT;
        io_handle file = open_file(io, path, how);
        fill(block, BLOCK, 9);
        io_allocate(io, file, 2 * BLOCK, (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        io_write(io, file, BLOCK, slice_of(block, BLOCK), (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        io_read(io, file, BLOCK, back, BLOCK, (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).bytes_count, BLOCK);
        cr_expect_eq(memcmp(block, back, BLOCK), 0);
        io_block_memory_free(block, BLOCK);
        io_block_memory_free(back, BLOCK);
        io_close(io, file);
        file_remove(path);
    }
    folder_remove_tree(folder);
    arena_free(arena);
}

Test(io_disk, closing_a_file_ends_what_is_under_way)
{
    enum { WRITES = 100 };
    struct arena *arena = arena_new();
    FOR_KINDS(io)
    {
        const char *path, *other_path;
        io_handle file = new_file(io, arena, &path), other = new_file(io, arena, &other_path);
        uint8_t *memory = io_block_memory(BLOCK);
        for (uint64_t i = 0; i < WRITES; i++) {
            io_write(io, file, i * BLOCK, slice_of(memory, BLOCK), (io_tag){1});
        }
        io_sync(io, other, (io_tag){2});
        io_close(io, file);
        io_block_memory_free(memory, BLOCK); /* nobody reads it any more */
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).tag.n, 2, "others are not touched");
        io_fixture_expect_silence(io);
        uint64_t bytes = 0;
        struct fault fault;
        struct file written;
        cr_assert_eq(file_open_read(path, &written, &fault), ERR_OK);
        cr_expect_eq(file_size(&written, &bytes, &fault), ERR_OK);
        cr_expect_eq(bytes, WRITES * BLOCK);
        file_close(&written);
        io_sync(io, other, (io_tag){3}); /* and io_free waits too */
    }
    arena_free(arena);
}

Test(io_disk, faults_are_injected)
{
    struct arena *arena = arena_new();
    FOR_KINDS(io)
    {
        const char *path;
        io_handle file = new_file(io, arena, &path);
        uint8_t *memory = io_block_memory(BLOCK);
        const struct io_faults full = {.write_err = ERR_NO_SPACE, .writes_before = 1};
        io_set_faults(io, &full);
        io_write(io, file, 0, slice_of(memory, BLOCK), (io_tag){1});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        io_write(io, file, BLOCK, slice_of(memory, BLOCK), (io_tag){2});
        struct io_completion completion = io_fixture_next(io, IO_DISK_DONE);
        cr_expect_eq(completion.err, ERR_NO_SPACE);
        cr_expect_eq(completion.error_number, ENOSPC);
        io_allocate(io, file, 4 * BLOCK, (io_tag){3});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_NO_SPACE);
        cr_expect_eq(io_file_bytes(io, file), BLOCK, "what fails is not done");

        const struct io_faults slow = {.delay = {30 * 1000 * 1000}};
        io_set_faults(io, &slow);
        int64_t before = clock_now().ns;
        io_write(io, file, BLOCK, slice_of(memory, BLOCK), (io_tag){4});
        cr_expect_eq(io_fixture_next(io, IO_DISK_DONE).err, ERR_OK);
        cr_expect(clock_now().ns - before >= 25 * 1000 * 1000, "it is held back");
        io_set_faults(io, &(struct io_faults){0});
        io_block_memory_free(memory, BLOCK);
        io_close(io, file);
    }
    arena_free(arena);
}

/* As containers do. */
static void forbid_io_uring(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {COUNT_OF(rules), rules};
    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

Test(io_disk, threads_take_over_where_io_uring_is_forbidden)
{
    struct fault fault;
    struct io *io;
    struct io_config config = {.disk = IO_DISK_URING};
    forbid_io_uring();
    cr_expect_eq(io_new(&config, &io, &fault), ERR_PERMISSION);
    cr_expect_not_null(strstr(fault.text, "io_uring"), "%s", fault.text);
    io = io_fixture(IO_DISK_AUTO);
    cr_expect_str_eq(io_disk_name(io), "threads");
    io_free(io);
}
