/*
 * map_child_test.c -- the records of real files through commands and plug-ins, without a reduce.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test/rows.h"
#include "test/work/child/child_fixture.h"
#include "work/child/map_child.h"

enum { READER_BYTES = 1 << 20, FILES_MAX = 3 };

struct world {
    char folder[64];
    struct arena *arena; /* the paths */
    struct piece pieces[FILES_MAX];
    struct split split;
};

/* A split of files with these texts (NULL-ended). */
static void world_make(struct world *world, const char *const *texts)
{
    *world = (struct world){.folder = "/tmp/map_child_XXXXXX", .arena = arena_new()};
    cr_assert_not_null(mkdtemp(world->folder));
    for (uint32_t i = 0; texts[i] != NULL; i++) {
        struct file file;
        struct fault fault;
        struct slice text = slice_text(texts[i]);
        const char *path = arena_format(world->arena, "%s/%u", world->folder, i);
        cr_assert_eq(file_create(path, &file, &fault), ERR_OK);
        cr_assert_eq(file_write(&file, text, &fault), ERR_OK);
        file_close(&file);
        world->pieces[i] = (struct piece){
            .path = slice_text(path), .bytes = text.len, .whole = true, .last = true};
        world->split.count = i + 1;
        world->split.bytes += text.len;
    }
    world->split.pieces = world->pieces;
}

static void world_free(struct world *world)
{
    folder_remove_tree(world->folder);
    arena_free(world->arena);
}

static enum err run_all(struct map_child *map, struct fault *fault)
{
    bool done = false;
    enum err err = ERR_OK;
    while (err == ERR_OK && !done) err = map_child_step(map, &done, fault);
    return err;
}

/* Map the world's split with `spec`; what the writer wrote is appended to `output`. */
static enum err map_world(const struct world *world, const struct job_spec *spec,
                          struct buffer *output, struct map_child_counts *counts,
                          struct fault *fault)
{
    struct bad_records bad = {0};
    struct reader *reader = NULL;
    struct map_child *map = NULL;
    struct file part;
    char *host = child_fixture_beside("test/fixtures/plugin_host");
    struct task_environment task = {.job_id = SLICE("job_1"), .is_map = true, .task = 3};
    cr_assert_eq(file_create_nameless("/tmp", &part, fault), ERR_OK);
    cr_assert_eq(reader_open(spec, &world->split, READER_BYTES, &bad, &reader, fault), ERR_OK);
    struct writer *writer = writer_new(&part, COMPRESSION_NONE);
    struct map_child_config config = {
        .spec = spec, .reader = reader, .task = &task, .writer = writer, .bad = &bad, .host = host};
    enum err err = map_child_start(&config, &map, fault);
    if (err == ERR_OK) err = run_all(map, fault);
    if (err == ERR_OK) err = writer_finish(writer, false, fault);
    if (err == ERR_OK) {
        size_t got;
        size_t size = writer_bytes(writer);
        *counts = map_child_counts(map);
        err = file_read_at(&part, 0, buffer_reserve(output, size + 1), size, &got, fault);
        output->len += got;
    }
    map_child_free(map);
    writer_free(writer);
    reader_close(reader);
    file_close(&part);
    free(host);
    return err;
}

/* clang-format off */
static const struct map_row {
    const char *why;
    const char *command;
    enum record_format format;
    uint32_t fixed_bytes;
    const char *texts[FILES_MAX + 1];
    const char *want;
    uint64_t want_out;
} rows[] = {
    {"one file, as it is",             "cmd:cat", FORMAT_LINES, 0, {"a\nb\n"}, "a\nb\n", 2},
    {"its last line gets an end",      "cmd:cat", FORMAT_LINES, 0, {"a\nb"}, "a\nb\n", 2},
    {"files do not run together",      "cmd:cat", FORMAT_LINES, 0, {"a", "b\n", "c"}, "a\nb\nc\n",
     3},
    {"a shell sees the last line",     "cmd:while read x; do echo \"<$x>\"; done", FORMAT_LINES, 0,
     {"a", "b"}, "<a>\n<b>\n", 2},
    {"an empty file is nothing",       "cmd:cat", FORMAT_LINES, 0, {""}, "", 0},
    {"a CR stays",                     "cmd:cat", FORMAT_LINES, 0, {"a\r\nb\r\n"}, "a\r\nb\r\n", 2},
    {"records of one size are raw",    "cmd:cat", FORMAT_FIXED, 3, {"abcdef"}, "abcdef", 1},
    {"csv goes as it is",              "cmd:cat", FORMAT_CSV, 0, {"a,\"b\nc\"\n1,2\n"},
     "a,\"b\nc\"\n1,2\n", 3},
    {"it may stop early",              "cmd:head -n 1", FORMAT_LINES, 0, {"a\nb\n", "c\n"}, "a\n",
     1},
    {"an output without an end stays", "cmd:printf x", FORMAT_LINES, 0, {"a\n"}, "x", 1},
    {"it knows its task",              "cmd:cat >&2; echo $mapreduce_task_id", FORMAT_LINES, 0,
     {"a\n"}, "task_1_m_000003\n", 1},
};
/* clang-format on */

Test(map_child, rows, .timeout = 60)
{
    FOR_ROWS (row, rows) {
        struct world world;
        struct buffer output = {0};
        struct map_child_counts counts = {0};
        struct fault fault = {0};
        struct job_spec spec = {.map = slice_text(row->command),
                                .reduce = SLICE("none"),
                                .format = row->format,
                                .fixed_bytes = row->fixed_bytes,
                                .attempts_max = 1,
                                .record_bytes_max = 1 << 20,
                                .split_bytes = 1 << 20};
        world_make(&world, row->texts);
        enum err err = map_world(&world, &spec, &output, &counts, &fault);
        cr_expect_eq(err, ERR_OK, "%s: %s", row->why, fault.text);
        ROW_BYTES_EQ(row, buffer_slice(&output), row->want);
        ROW_EQ(row, counts.records_out, row->want_out);
        buffer_free(&output);
        world_free(&world);
    }
    cr_expect_not(child_fixture_has_children());
}

Test(map_child, of_a_plugin)
{
    struct world world;
    struct buffer output = {0};
    struct map_child_counts counts = {0};
    struct fault fault = {0};
    char *path = child_fixture_beside("test/fixtures/words_plugin.so"), *command = NULL;
    cr_assert_gt(asprintf(&command, "so:%s", path), 0);
    struct job_spec spec = {.map = slice_text(command),
                            .reduce = SLICE("none"),
                            .attempts_max = 1,
                            .record_bytes_max = 1 << 20,
                            .split_bytes = 1 << 20};
    world_make(&world, (const char *const[]){"to be\r\n", "or\n\nnot", NULL});
    cr_expect_eq(map_world(&world, &spec, &output, &counts, &fault), ERR_OK, "%s", fault.text);
    cr_expect(slice_eq(buffer_slice(&output), SLICE("to\t1\nbe\t1\nor\t1\nnot\t1\n")));
    cr_expect_eq(counts.records_in, 4);
    cr_expect_eq(counts.records_out, 4);
    buffer_free(&output);
    world_free(&world);
    free(path);
    free(command);
}
