/*
 * reader_test.c -- what the reader says of damage, long records and odd files.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

enum { MEMORY_TINY = 1024, MEMORY_LARGE = 4 << 20 };

struct fixture {
    struct arena *arena;
    const char *folder;
};

static struct fixture setup(void)
{
    struct arena *arena = arena_new();
    return (struct fixture){arena, fixture_folder(arena)};
}

static void teardown(struct fixture *fixture)
{
    folder_remove_tree(fixture->folder);
    arena_free(fixture->arena);
}

static uint64_t count_records(const struct reading *reading)
{
    struct cursor cursor = cursor_of(buffer_slice(&reading->records));
    uint64_t count = 0;
    for (; cursor_left(&cursor) > 0; count++) (void)cursor_sized(&cursor);
    return count;
}

static void fill_lines(struct buffer *text, size_t lines)
{
    for (size_t i = 0; i < lines; i++) {
        buffer_append_format(text, "line %zu of the file, %zu\n", i, i * i * 7919 % 1009);
    }
}

static void expect_cut(struct fixture *fixture, enum source_kind kind, struct slice stored,
                       size_t len)
{
    static const char *const names[] = {"plain", "cut.gz", "cut.zst", "cut.xz", "cut.bz2"};
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    char *path =
        fixture_file(fixture->arena, fixture->folder, names[kind], slice_of(stored.data, len));
    struct reading strict = fixture_read(fixture->arena, &spec, path, MEMORY_TINY, 0);
    cr_expect_eq(strict.err, ERR_CORRUPT, "%s cut at %zu is not an error", names[kind], len);
    cr_expect(strstr(strict.fault.text, path) != NULL, "%s", strict.fault.text);
    char *offset = arena_format(fixture->arena, "byte %zu of the compressed file", len);
    cr_expect(strstr(strict.fault.text, offset) != NULL, "%s, not %s", strict.fault.text, offset);
    struct reading lenient = fixture_read(fixture->arena, &spec, path, MEMORY_TINY, 5);
    cr_expect_eq(lenient.err, ERR_OK, "%s", lenient.fault.text);
    cr_expect_eq(lenient.bad.count, 1, "%s cut at %zu", names[kind], len);
    fixture_reading_free(&strict);
    fixture_reading_free(&lenient);
}

Test(reader, tells_a_compressed_file_that_is_cut_anywhere)
{
    struct fixture fixture = setup();
    for (enum source_kind kind = SOURCE_GZIP; kind <= SOURCE_BZIP2; kind++) {
        struct buffer text = {0}, stored = {0};
        fill_lines(&text, 12);
        fixture_compress(kind, buffer_slice(&text), &stored);
        for (size_t len = 1; len < stored.len; len++) {
            expect_cut(&fixture, kind, buffer_slice(&stored), len);
        }
        buffer_free(&text);
        buffer_free(&stored);
    }
    teardown(&fixture);
}

Test(reader, keeps_what_came_before_the_damage)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    for (enum source_kind kind = SOURCE_GZIP; kind <= SOURCE_BZIP2; kind++) {
        struct buffer text = {0}, stored = {0}, want = {0};
        uint64_t bad = 0;
        fill_lines(&text, 1000);
        fixture_compress(kind, buffer_slice(&text), &stored);
        fixture_compress(kind, SLICE("next stream"), &stored);
        fixture_naive_records(&spec, buffer_slice(&text), &want, &bad);
        stored.len -= 4; /* of the second stream's check */
        char *path = fixture_file(fixture.arena, fixture.folder, "f", buffer_slice(&stored));
        struct reading reading = fixture_read(fixture.arena, &spec, path, MEMORY_TINY, 1);
        cr_expect_eq(reading.err, ERR_OK, "%s", reading.fault.text);
        cr_expect(slice_eq(buffer_slice(&reading.records), buffer_slice(&want)),
                  "kind %d: %llu records", (int)kind, (unsigned long long)count_records(&reading));
        fixture_reading_free(&reading);
        buffer_free(&text);
        buffer_free(&stored);
        buffer_free(&want);
    }
    teardown(&fixture);
}

/* clang-format off */
static const struct tail_row {
    const char *why;
    struct slice tail;
    enum err want;
    const char *text;
} tails[] = {
    {"zero bytes are padding",   {(const uint8_t *)"\0\0\0\0\0\0\0\0\0", 9}, ERR_OK, ""},
    {"one garbage byte", {(const uint8_t *)"x", 1}, ERR_CORRUPT, "garbage follows"},
    {"text", {(const uint8_t *)"hello, world\n", 13}, ERR_CORRUPT, "garbage follows"},
    {"text behind padding", {(const uint8_t *)"\0\0hello", 7}, ERR_CORRUPT, "garbage follows"},
};
/* clang-format on */

Test(reader, tells_garbage_behind_compressed_data)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    FOR_ROWS (row, tails) {
        for (enum source_kind kind = SOURCE_GZIP; kind <= SOURCE_BZIP2; kind++) {
            struct buffer stored = {0};
            fixture_compress(kind, SLICE("a\nb\n"), &stored);
            buffer_append(&stored, row->tail);
            char *path = fixture_file(fixture.arena, fixture.folder, "f", buffer_slice(&stored));
            struct reading reading = fixture_read(fixture.arena, &spec, path, MEMORY_TINY, 0);
            ROW_EQ(row, reading.err, row->want);
            if (row->want != ERR_OK) cr_expect(strstr(reading.fault.text, row->text) != NULL);
            fixture_reading_free(&reading);
            reading = fixture_read(fixture.arena, &spec, path, MEMORY_TINY, 1);
            ROW_EQ(row, reading.err, ERR_OK);
            ROW_EQ(row, count_records(&reading), 2);
            ROW_EQ(row, reading.bad.count, row->want != ERR_OK);
            fixture_reading_free(&reading);
            buffer_free(&stored);
        }
    }
    teardown(&fixture);
}

/* clang-format off */
static const struct text_row {
    const char *why;
    enum record_format format;
    const char *text;
    enum err want;
    uint64_t records;
    const char *says; /* what the fault must contain */
} texts[] = {
    {"an empty file",                  FORMAT_LINES, "", ERR_OK, 0, ""},
    {"an array over lines",            FORMAT_JSON, "[\n{}\n]\n", ERR_BAD_RECORD, 0, "jq -c '.[]'"},
    {"an array, an element a line", FORMAT_JSON, "[{},\n{}]\n", ERR_BAD_RECORD, 0, "jq -c '.[]'"},
    {"an array in one line",           FORMAT_JSON, "[{}, {}]\n", ERR_BAD_RECORD, 0, "jq -c '.[]'"},
    {"an array behind blanks",         FORMAT_JSON, "\n \n [ \n", ERR_BAD_RECORD, 0, "jq -c '.[]'"},
    {"arrays as records",              FORMAT_JSON, "[1,2]\n[3]\n", ERR_OK, 2, ""},
    {"arrays of objects as records",   FORMAT_JSON, "[{}]\n[{}]\n", ERR_OK, 2, ""},
    {"lines may hold brackets",        FORMAT_LINES, "[\n]\n", ERR_OK, 2, ""},
    {"an incomplete fixed record", FORMAT_FIXED, "1234567890", ERR_BAD_RECORD, 0,
        "3 bytes instead of 7"},
    {"a quote that never closes",      FORMAT_CSV, "a\n\"b\nc\nd\n", ERR_OK, 2, ""},
};
/* clang-format on */

Test(reader, reads_or_refuses_texts)
{
    struct fixture fixture = setup();
    FOR_ROWS (row, texts) {
        struct job_spec spec = fixture_spec(row->format);
        char *path = fixture_file(fixture.arena, fixture.folder, "f", slice_text(row->text));
        struct reading reading = fixture_read(fixture.arena, &spec, path, MEMORY_TINY, 0);
        ROW_EQ(row, reading.err, row->want);
        if (row->want == ERR_OK) ROW_EQ(row, count_records(&reading), row->records);
        if (row->want != ERR_OK) {
            cr_expect(strstr(reading.fault.text, row->says) != NULL, "%s: %s", row->why,
                      reading.fault.text);
        }
        fixture_reading_free(&reading);
    }
    teardown(&fixture);
}

Test(reader, names_a_record_that_is_too_long)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    spec.record_bytes_max = 100;
    struct buffer text = {0};
    buffer_append(&text, SLICE("short\n"));
    for (int i = 0; i < 101; i++) buffer_append_byte(&text, 'x');
    buffer_append(&text, SLICE("\r\nshort\n"));
    char *path = fixture_file(fixture.arena, fixture.folder, "f", buffer_slice(&text));
    struct reading reading = fixture_read(fixture.arena, &spec, path, MEMORY_LARGE, 0);
    cr_expect_eq(reading.err, ERR_TOO_LONG);
    char *want = arena_format(fixture.arena, "%s, byte 6: a record is longer than 100 bytes", path);
    cr_expect(strncmp(reading.fault.text, want, strlen(want)) == 0, "%s", reading.fault.text);
    cr_expect(strstr(reading.fault.text, "--max-record") != NULL);
    fixture_reading_free(&reading);
    spec.record_bytes_max = 101;
    reading = fixture_read(fixture.arena, &spec, path, MEMORY_LARGE, 0);
    cr_expect_eq(reading.err, ERR_OK, "%s", reading.fault.text);
    cr_expect_eq(count_records(&reading), 3);
    fixture_reading_free(&reading);
    buffer_free(&text);
    teardown(&fixture);
}

Test(reader, stops_at_one_bad_record_too_many)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    spec.record_bytes_max = 3;
    char *path = fixture_file(fixture.arena, fixture.folder, "f", SLICE("long\nok\nlong\nlong\n"));
    struct reading reading = fixture_read(fixture.arena, &spec, path, MEMORY_TINY, 2);
    cr_expect_eq(reading.err, ERR_BAD_RECORD);
    cr_expect(strstr(reading.fault.text, "byte 13") != NULL, "%s", reading.fault.text);
    cr_expect(strstr(reading.bad.first, "byte 0") != NULL, "%s", reading.bad.first);
    fixture_reading_free(&reading);
    teardown(&fixture);
}

Test(reader, holds_blocks_to_its_memory)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    struct buffer text = {0};
    fill_lines(&text, 20000);
    char *path = fixture_file(fixture.arena, fixture.folder, "f", buffer_slice(&text));
    struct reading reading = fixture_read(fixture.arena, &spec, path, 16 * 1024, 0);
    cr_expect_eq(count_records(&reading), 20000);
    cr_expect_leq(reading.block_bytes_max, 16 * 1024);
    fixture_reading_free(&reading);
    buffer_free(&text);
    teardown(&fixture);
}

Test(reader, names_a_file_that_is_gone_or_shrank)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    struct slice missing = slice_text(arena_format(fixture.arena, "%s/no", fixture.folder));
    char *path = fixture_file(fixture.arena, fixture.folder, "f", SLICE("a\nb\nc\n"));
    struct piece pieces[] = {{missing, 0, 5, true, true}, {slice_text(path), 4, 9, false, true}};
    enum err wants[] = {ERR_NOT_FOUND, ERR_CORRUPT};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct split split = {&pieces[i], 1, 5};
        struct bad_records bad = {.allowed = 9};
        struct reader *reader;
        struct block block;
        struct fault fault;
        cr_assert_eq(reader_open(&spec, &split, MEMORY_TINY, &bad, &reader, &fault), ERR_OK);
        cr_expect_eq(reader_next(reader, &block, &fault), wants[i]);
        cr_expect(strstr(fault.text, (const char *)pieces[i].path.data) != NULL, "%s", fault.text);
        reader_close(reader);
    }
    teardown(&fixture);
}

Test(reader, gives_lines_as_an_exact_range)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    struct slice text = SLICE("one\ntwo\n\nthree, which is long\nfour");
    char *path = fixture_file(fixture.arena, fixture.folder, "f", text);
    struct slice input = slice_text(path);
    for (spec.split_bytes = 1; spec.split_bytes <= text.len + 1; spec.split_bytes++) {
        struct plan plan;
        struct fault fault;
        cr_assert_eq(
            plan_new(fixture.arena, &spec, (struct plan_grain){0}, &input, 1, &plan, &fault),
            ERR_OK);
        uint64_t next = 0;
        for (uint32_t i = 0; i < plan.count; i++) {
            struct bad_records bad = {0};
            struct reader *reader;
            struct file *file;
            uint64_t offset, bytes;
            cr_assert_eq(reader_open(&spec, &plan.splits[i], MEMORY_TINY, &bad, &reader, &fault),
                         ERR_OK);
            cr_assert(reader_as_range(reader, &file, &offset, &bytes));
            if (bytes > 0) cr_expect_eq(offset, next);
            if (bytes > 0) next = offset + bytes;
            cr_expect(next == text.len || next == 0 || text.data[next - 1] == '\n');
            reader_close(reader);
        }
        cr_expect_eq(next, text.len);
    }
    teardown(&fixture);
}

Test(reader, gives_no_range_of_what_must_be_decompressed)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    struct buffer stored = {0};
    fixture_compress(SOURCE_GZIP, SLICE("a\nb"), &stored);
    char *path = fixture_file(fixture.arena, fixture.folder, "f", buffer_slice(&stored));
    struct piece piece = {slice_text(path), 0, stored.len, true, true};
    struct split split = {&piece, 1, stored.len};
    struct bad_records bad = {0};
    struct reader *reader;
    struct block block;
    struct fault fault;
    struct file *file;
    uint64_t offset, bytes;
    cr_assert_eq(reader_open(&spec, &split, MEMORY_TINY, &bad, &reader, &fault), ERR_OK);
    cr_expect_not(reader_as_range(reader, &file, &offset, &bytes));
    cr_expect_eq(reader_next(reader, &block, &fault), ERR_OK);
    cr_expect(slice_eq(block.bytes, SLICE("a\nb")), "asking changes nothing");
    reader_close(reader);
    buffer_free(&stored);
    teardown(&fixture);
}

static void *write_to_fifo(void *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    for (int i = 0; i < 1000; i++) {
        if (write(fd, "some line\n", 10) != 10) break;
    }
    (void)close(fd);
    return NULL;
}

Test(reader, reads_a_named_pipe, .timeout = 10)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    char *path = arena_format(fixture.arena, "%s/pipe", fixture.folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    pthread_t writer;
    cr_assert_eq(pthread_create(&writer, NULL, write_to_fifo, path), 0);
    struct reading reading = fixture_read(fixture.arena, &spec, path, MEMORY_TINY, 0);
    cr_expect_eq(reading.err, ERR_OK, "%s", reading.fault.text);
    cr_expect_eq(count_records(&reading), 1000);
    (void)pthread_join(writer, NULL);
    fixture_reading_free(&reading);
    teardown(&fixture);
}

Test(reader, reads_standard_input, .timeout = 10)
{
    struct fixture fixture = setup();
    struct job_spec spec = fixture_spec(FORMAT_LINES);
    struct buffer stored = {0};
    fixture_compress(SOURCE_ZSTD, SLICE("a\nb\nc"), &stored);
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(write(ends[1], stored.data, stored.len), (ssize_t)stored.len);
    (void)close(ends[1]);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    struct reading reading = fixture_read(fixture.arena, &spec, "-", MEMORY_TINY, 0);
    cr_expect_eq(reading.err, ERR_OK, "%s", reading.fault.text);
    cr_expect_eq(count_records(&reading), 3);
    fixture_reading_free(&reading);
    buffer_free(&stored);
    teardown(&fixture);
}
