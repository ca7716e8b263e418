/* output_test.c -- writers and parts: what is put comes out, in each compression; names come last.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test/random.h"
#include "test/rows.h"
#include "test/work/output/output_fixture.h"
#include "test/work/read/read_fixture.h"
#include "work/output/part.h"

enum { LARGE = 3 << 20 };

static const enum compression compressions[] = {COMPRESSION_NONE, COMPRESSION_GZ, COMPRESSION_ZST};

/* Put pieces of up to `piece_max` bytes, some as lines, and keep what should come out. */
static void put_random(struct writer *writer, struct random *random, size_t pieces,
                       size_t piece_max, struct buffer *want)
{
    struct fault fault;
    uint8_t *bytes = malloc(2 * piece_max + 1);
    for (size_t i = 0; i < 2 * piece_max; i++) {
        bytes[i] = (uint8_t)(i % 3 == 0 ? random_u64(random) : 'x');
    }
    for (size_t i = 0; i < pieces; i++) {
        struct slice key = slice_of(bytes + random_below(random, piece_max + 1),
                                    random_below(random, piece_max + 1));
        struct slice value = slice_of(bytes, random_below(random, 3) * random_below(random, 9));
        value.len = u64_min(value.len, piece_max);
        bool line = random_below(random, 2) == 0;
        enum err err =
            line ? writer_put_line(writer, key, value, &fault) : writer_put(writer, key, &fault);
        cr_assert_eq(err, ERR_OK);
        buffer_append(want, key);
        if (line && value.len > 0) buffer_append_byte(want, '\t');
        if (line) buffer_append(want, value);
        if (line) buffer_append_byte(want, '\n');
        cr_assert_eq(writer_bytes(writer), want->len);
    }
    free(bytes);
}

/* clang-format off */
static const struct size_row {
    const char *why;
    size_t pieces, piece_max;
} sizes[] = {
    {"nothing",                         0,     1},
    {"empty pieces",                    5,     0},
    {"little",                          10,    30},
    {"many small ones",                 40000, 60},
    {"around the size of the buffer",   20,    300000},
    {"one far larger than the buffer",  3,     LARGE},
};
/* clang-format on */

Test(writer, what_is_put_comes_out)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *path = arena_format(arena, "%s/file", folder);
    struct random random = {30};
    struct fault fault;
    for (size_t c = 0; c < COUNT_OF(compressions); c++) {
        FOR_ROWS (row, sizes) {
            struct buffer want = {0}, got = {0};
            struct file file;
            cr_assert_eq(file_create(path, &file, &fault), ERR_OK, "%s", fault.text);
            struct writer *writer = writer_new(&file, compressions[c]);
            put_random(writer, &random, row->pieces, row->piece_max, &want);
            cr_assert_eq(writer_finish(writer, c == 0, &fault), ERR_OK);
            writer_free(writer);
            file_close(&file);
            fixture_read_output(path, compressions[c], &got);
            cr_expect(slice_eq(buffer_slice(&got), buffer_slice(&want)), "%s, compression %zu",
                      row->why, c);
            file_remove(path);
            buffer_free(&want);
            buffer_free(&got);
        }
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(writer, says_that_a_disk_is_full)
{
    struct fault fault;
    static const uint8_t bytes[LARGE];
    for (size_t c = 0; c < COUNT_OF(compressions); c++) {
        int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        cr_assert(fd >= 0);
        struct file file = {fd, "/dev/full"};
        struct writer *writer = writer_new(&file, compressions[c]);
        enum err err = writer_put(writer, slice_of(bytes, sizeof bytes), &fault);
        if (err == ERR_OK) err = writer_finish(writer, false, &fault);
        cr_expect_eq(err, ERR_NO_SPACE);
        cr_expect_not_null(strstr(fault.text, "/dev/full"));
        writer_free(writer);
        file_close(&file);
    }
}

/* clang-format off */
static const struct name_row {
    const char *why;
    uint32_t number;
    enum compression compress;
    const char *want;
} names[] = {
    {"the first",            0,          COMPRESSION_NONE, "part-00000"},
    {"gzip",                 7,          COMPRESSION_GZ,   "part-00007.gz"},
    {"zstd",                 99999,      COMPRESSION_ZST,  "part-99999.zst"},
    {"more than five digits", UINT32_MAX, COMPRESSION_ZST, "part-4294967295.zst"},
};

static const struct pair_row {
    const char *why, *key, *value, *want;
} pairs[] = {
    {"key and value",                "k",  "v",   "k\tv\n"},
    {"an empty value has no TAB",    "k",  "",    "k\n"},
    {"an empty key has one",         "",   "v",   "\tv\n"},
    {"both empty is an empty line",  "",   "",    "\n"},
    {"a TAB in the value stays",     "k",  "a\tb", "k\ta\tb\n"},
};
/* clang-format on */

Test(part, names)
{
    FOR_ROWS (row, names) {
        char name[PART_NAME_MAX];
        part_name(row->number, row->compress, name);
        ROW_BYTES_EQ(row, slice_text(name), row->want);
    }
}

Test(part, pairs_by_sink_and_at_once_are_the_same)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct fault fault;
    FOR_ROWS (row, pairs) {
        struct part *part;
        struct part_config config = {folder, 3, 1, COMPRESSION_NONE, true};
        cr_assert_eq(part_new(&config, &part, &fault), ERR_OK, "%s", fault.text);
        cr_assert_eq(part_put(part, slice_text(row->key), slice_text(row->value), &fault), ERR_OK);
        struct sink *sink = part_sink(part);
        cr_assert_eq(sink_put(sink, slice_text(row->key), slice_text(row->value), &fault), ERR_OK);
        cr_assert_eq(sink_begin(sink, slice_text(row->key), &fault), ERR_OK); /* in pieces */
        for (const char *at = row->value; *at != '\0'; at++) {
            cr_assert_eq(sink_append(sink, slice_of(at, 1), &fault), ERR_OK);
            cr_assert_eq(sink_append(sink, (struct slice){0}, &fault), ERR_OK);
        }
        cr_assert_eq(sink_end(sink, &fault), ERR_OK);
        ROW_EQ(row, part_pairs(part), 3);
        cr_assert_eq(part_commit(part, &fault), ERR_OK);
        ROW_EQ(row, part_bytes(part), 3 * strlen(row->want));
        part_free(part);
        struct buffer got = {0};
        const char *path = arena_format(arena, "%s/part-00003", folder);
        fixture_read_output(path, COMPRESSION_NONE, &got);
        buffer_append_byte(&got, 0);
        ROW_BYTES_EQ(row, slice_text((const char *)got.data),
                     arena_format(arena, "%s%s%s", row->want, row->want, row->want));
        buffer_free(&got);
        file_remove(path);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(part, has_its_name_only_when_committed)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *name = arena_format(arena, "%s/part-00000.gz", folder);
    struct part *part, *second;
    struct fault fault;
    struct part_config config = {folder, 0, 1, COMPRESSION_GZ, false};
    cr_assert_eq(part_new(&config, &part, &fault), ERR_OK);
    cr_expect_eq(part_new(&config, &second, &fault), ERR_EXISTS, "one attempt writes one file");
    cr_expect_null(second);
    config.attempt = 2;
    cr_assert_eq(part_new(&config, &second, &fault), ERR_OK);
    cr_assert_eq(writer_put(part_writer(part), SLICE("one\n"), &fault), ERR_OK);
    cr_assert_eq(writer_put(part_writer(second), SLICE("two\n"), &fault), ERR_OK);
    part_free(part); /* abandoned */
    cr_expect(!path_exists(name));
    cr_assert_eq(part_commit(second, &fault), ERR_OK);
    part_free(second);
    part_free(NULL);
    struct buffer got = {0};
    fixture_read_output(name, COMPRESSION_GZ, &got);
    cr_expect(slice_eq(buffer_slice(&got), SLICE("two\n")));
    buffer_free(&got);
    file_remove(name);
    cr_expect_eq(rmdir(folder), 0, "nothing else is left");
    config.folder = "/no/such/folder";
    cr_expect_eq(part_new(&config, &part, &fault), ERR_NOT_FOUND);
    arena_free(arena);
}
