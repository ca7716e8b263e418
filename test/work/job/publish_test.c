/* publish_test.c -- how parts become an output: all or nothing, replaced in one step, or streamed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "test/rows.h"
#include "test/work/output/output_fixture.h"
#include "test/work/read/read_fixture.h"
#include "work/job/publish.h"

struct place {
    struct arena *arena;
    const char *folder, *output;
    struct publish_config config;
};

static struct place place_new(void)
{
    struct place place = {.arena = arena_new()};
    place.folder = fixture_folder(place.arena);
    place.output = arena_format(place.arena, "%s/out", place.folder);
    place.config = (struct publish_config){
        .output = place.output, .tmp = place.folder, .id = "job_1", .fsync = true};
    return place;
}

/* Beside the output, nothing may be left. */
static void place_free(struct place *place)
{
    folder_remove_tree(place->output);
    cr_expect_eq(rmdir(place->folder), 0, "something is left in %s", place->folder);
    arena_free(place->arena);
}

static void write_part(struct place *place, const char *folder, const char *name, const char *text)
{
    (void)fixture_file(place->arena, folder, name, slice_text(text));
}

static void expect_file(struct place *place, const char *name, const char *want)
{
    struct buffer got = {0};
    fixture_read_output(arena_format(place->arena, "%s/%s", place->output, name), COMPRESSION_NONE,
                        &got);
    cr_expect(slice_eq(buffer_slice(&got), slice_text(want)), "%s", name);
    buffer_free(&got);
}

static enum err publish_start(struct arena *arena, const struct publish_config *config,
                              struct publish **publish, struct fault *fault)
{
    enum err err = publish_new(arena, config, publish, fault);
    return err == ERR_OK ? publish_open(*publish, fault) : err;
}

Test(publish, an_output_appears_whole)
{
    struct place place = place_new();
    struct publish *publish;
    struct fault fault;
    place.config.output = arena_format(place.arena, "%s///", place.output);
    cr_assert_eq(publish_start(place.arena, &place.config, &publish, &fault), ERR_OK, "%s",
                 fault.text);
    write_part(&place, publish_folder(publish), "part-00000", "a\t1\n");
    cr_expect(!path_exists(place.output));
    cr_assert_eq(publish_finish(publish, 1, &fault), ERR_OK, "%s", fault.text);
    publish_abandon(publish);
    expect_file(&place, "part-00000", "a\t1\n");
    expect_file(&place, "_SUCCESS", "");
    place_free(&place);
}

Test(publish, what_is_abandoned_vanishes)
{
    struct place place = place_new();
    struct publish *publish;
    struct fault fault;
    cr_assert_eq(publish_start(place.arena, &place.config, &publish, &fault), ERR_OK);
    write_part(&place, publish_folder(publish), "part-00000", "a\n");
    write_part(&place, publish_folder(publish), ".part-00001.1", "b");
    publish_abandon(publish);
    publish_abandon(publish);
    cr_expect(!path_exists(place.output));
    place_free(&place);
}

/* clang-format off */
static const struct existing_row {
    const char *why;
    bool is_folder, replace;
    enum err want;
} existing[] = {
    {"a folder is in the way",         true,  false, ERR_EXISTS},
    {"a file is in the way",           false, false, ERR_EXISTS},
    {"a folder is replaced",           true,  true,  ERR_OK},
    {"a file is replaced",             false, true,  ERR_OK},
};
/* clang-format on */

static void put_in_the_way(struct place *place, bool is_folder)
{
    struct fault fault;
    if (!is_folder) {
        write_part(place, place->folder, "out", "old");
        return;
    }
    cr_assert_eq(folder_create(place->output, &fault), ERR_OK);
    write_part(place, place->output, "part-00000", "old");
    write_part(place, place->output, "part-00001", "old");
}

Test(publish, an_existing_output)
{
    FOR_ROWS (row, existing) {
        struct place place = place_new();
        struct publish *publish;
        struct fault fault = {0};
        place.config.replace = row->replace;
        put_in_the_way(&place, row->is_folder);
        enum err err = publish_start(place.arena, &place.config, &publish, &fault);
        ROW_EQ(row, err, row->want);
        if (err == ERR_OK) {
            write_part(&place, publish_folder(publish), "part-00000", "new");
            ROW_EQ(row, publish_finish(publish, 1, &fault), ERR_OK);
            expect_file(&place, "part-00000", "new");
            const char *old = arena_format(place.arena, "%s/part-00001", place.output);
            ROW_EQ(row, path_exists(old), false);
        } else {
            cr_expect_not_null(strstr(fault.text, "--force"), "%s", fault.text);
            publish_abandon(publish);
            ROW_EQ(row, path_exists(place.output), true);
        }
        place_free(&place);
    }
}

Test(publish, an_output_that_came_meanwhile_is_kept)
{
    struct place place = place_new();
    struct publish *publish;
    struct fault fault;
    cr_assert_eq(publish_start(place.arena, &place.config, &publish, &fault), ERR_OK);
    put_in_the_way(&place, true);
    cr_expect_eq(publish_finish(publish, 0, &fault), ERR_EXISTS);
    cr_expect_not_null(strstr(fault.text, "--force"), "%s", fault.text);
    publish_abandon(publish);
    expect_file(&place, "part-00001", "old");
    place_free(&place);
}

Test(publish, a_folder_that_cannot_be_made)
{
    struct place place = place_new();
    struct publish *publish;
    struct fault fault;
    place.config.output = "/no/such/folder/out";
    cr_expect_eq(publish_start(place.arena, &place.config, &publish, &fault), ERR_NOT_FOUND);
    publish_abandon(publish);
    place_free(&place);
}

/* Standard output becomes a file for a while. */
static enum err finish_to(struct publish *publish, const char *path, int flags, uint32_t parts,
                          struct fault *fault)
{
    int kept = dup(STDOUT_FILENO);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    cr_assert(fd >= 0);
    cr_assert(dup2(fd, STDOUT_FILENO) >= 0);
    enum err err = publish_finish(publish, parts, fault);
    cr_assert(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(fd);
    (void)close(kept);
    return err;
}

Test(publish, a_stream_gets_the_parts_in_order)
{
    static const int flags[] = {O_WRONLY | O_CREAT, O_WRONLY | O_CREAT | O_APPEND};
    for (size_t f = 0; f < COUNT_OF(flags); f++) {
        struct place place = place_new();
        struct publish *publish;
        struct fault fault;
        place.config.output = "-";
        cr_assert_eq(publish_start(place.arena, &place.config, &publish, &fault), ERR_OK);
        cr_expect(slice_starts_with(slice_text(publish_folder(publish)), slice_text(place.folder)),
                  "the parts wait in the folder for temporary files");
        for (char part = '0'; part < '4'; part++) {
            char name[] = "part-00000", text[] = "0\n";
            name[sizeof name - 2] = part;
            text[0] = part;
            write_part(&place, publish_folder(publish), name, text);
        }
        cr_expect_eq(finish_to(publish, place.output, flags[f], 4, &fault), ERR_OK, "%s",
                     fault.text);
        struct buffer got = {0};
        fixture_read_output(place.output, COMPRESSION_NONE, &got);
        cr_expect(slice_eq(buffer_slice(&got), SLICE("0\n1\n2\n3\n")));
        buffer_free(&got);
        publish_abandon(publish);
        place_free(&place);
    }
}

Test(publish, a_stream_that_fails_leaves_nothing)
{
    struct place place = place_new();
    struct publish *publish;
    struct fault fault;
    place.config.output = "-";
    cr_assert_eq(publish_start(place.arena, &place.config, &publish, &fault), ERR_OK);
    write_part(&place, publish_folder(publish), "part-00000", "some text\n");
    cr_expect_eq(finish_to(publish, "/dev/full", O_WRONLY, 1, &fault), ERR_NO_SPACE);
    cr_expect_not_null(strstr(fault.text, "standard output"), "%s", fault.text);
    publish_abandon(publish);
    place_free(&place);
}
