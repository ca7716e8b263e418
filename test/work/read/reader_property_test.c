/*
 * reader_property_test.c -- however a file is cut, packed, compressed and chunked, its records come
 * out once each, in order: against a reader that looks at one byte at a time.
 */
#include <criterion/criterion.h>

#include "base/cursor.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

enum { ROUNDS = 150, MEMORY_TINY = 1024, FILE_BYTES_MAX = 3000 };

#define ALPHABET(text) text, sizeof(text) - 1

static const struct format_row {
    const char *why;
    enum record_format format;
    const char *alphabet;
    size_t alphabet_len;
} formats[] = {
    {"short lines", FORMAT_LINES, ALPHABET("ab\n\r\0\xff ")},
    {"long lines", FORMAT_LINES,
     ALPHABET("0123456789abcdefghijklmnopqrstuvwxyz"
              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdef\n")},
    {"tsv", FORMAT_TSV, ALPHABET("a\t\"\n")},
    {"json", FORMAT_JSON, ALPHABET("{}1 \r\n")},
    {"csv full of quotes", FORMAT_CSV, ALPHABET("a\",\n")},
    {"csv with some quotes", FORMAT_CSV, ALPHABET("aaaaaaaaaaaaaaa,,,,,,\"\n\n\r\0\xff")},
    {"csv with doubled quotes", FORMAT_CSV, ALPHABET("\"\"\"\n,")},
    {"fixed", FORMAT_FIXED, ALPHABET("ab\n")},
};

static void make_text(uint64_t *seed, const struct format_row *row, struct buffer *text)
{
    buffer_clear(text);
    if (fixture_random(seed, 8) == 0) buffer_append(text, SLICE("\xef\xbb\xbf"));
    size_t len = fixture_random(seed, fixture_random(seed, 3) == 0 ? 40 : FILE_BYTES_MAX);
    fixture_random_bytes(seed, row->alphabet, row->alphabet_len, len, text);
}

static uint64_t random_split_bytes(uint64_t *seed, size_t file_bytes)
{
    switch (fixture_random(seed, 4)) {
    case 0: return 1 + fixture_random(seed, 8);
    case 1: return 1 + fixture_random(seed, file_bytes + 2);
    case 2: return file_bytes + 1;
    default: return 50 + fixture_random(seed, 1000);
    }
}

static void expect_records(const struct format_row *row, const struct job_spec *spec,
                           const struct reading *reading, struct slice text, uint64_t seed)
{
    struct buffer want = {0};
    uint64_t bad = 0;
    fixture_naive_records(spec, text, &want, &bad);
    cr_assert_eq(reading->err, ERR_OK, "%s: %s", row->why, reading->fault.text);
    cr_assert_eq(reading->bad.count, bad, "%s, seed %llu: %llu bad records, not %llu", row->why,
                 (unsigned long long)seed, (unsigned long long)reading->bad.count,
                 (unsigned long long)bad);
    cr_assert(slice_eq(buffer_slice(&reading->records), buffer_slice(&want)),
              "%s, seed %llu, splits of %llu: other records", row->why, (unsigned long long)seed,
              (unsigned long long)spec->split_bytes);
    buffer_free(&want);
}

static void round_trip(const struct format_row *row, const char *folder, uint64_t seed,
                       bool short_limit)
{
    struct arena *arena = arena_new();
    struct buffer text = {0};
    uint64_t chance = seed * 0x9e3779b97f4a7c15u + 1;
    make_text(&chance, row, &text);
    struct job_spec spec = fixture_spec(row->format);
    spec.split_bytes = random_split_bytes(&chance, text.len);
    if (short_limit) spec.record_bytes_max = 8 + fixture_random(&chance, 1500);
    char *path = fixture_file(arena, folder, "text", buffer_slice(&text));
    size_t memory = MEMORY_TINY + fixture_random(&chance, 2000);
    struct reading reading = fixture_read(arena, &spec, path, memory, UINT64_MAX);
    expect_records(row, &spec, &reading, buffer_slice(&text), seed);
    fixture_reading_free(&reading);
    buffer_free(&text);
    arena_free(arena);
}

Test(reader, reads_each_record_once_however_it_is_cut)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    FOR_ROWS (row, formats) {
        for (uint64_t seed = 1; seed <= ROUNDS; seed++) round_trip(row, folder, seed, false);
    }
    folder_remove_tree(folder);
    arena_free(arena);
}

Test(reader, passes_over_each_long_record_once_however_it_is_cut)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    FOR_ROWS (row, formats) {
        for (uint64_t seed = 1; seed <= ROUNDS; seed++) round_trip(row, folder, seed, true);
    }
    folder_remove_tree(folder);
    arena_free(arena);
}

static void round_trip_header(const struct format_row *row, const char *folder, uint64_t seed)
{
    struct arena *arena = arena_new();
    struct buffer text = {0}, all = {0};
    uint64_t chance = seed * 0x9e3779b97f4a7c15u + 5, bad = 0;
    make_text(&chance, row, &text);
    struct job_spec spec = fixture_spec(row->format);
    spec.split_bytes = random_split_bytes(&chance, text.len);
    spec.header = HEADER_YES;
    char *path = fixture_file(arena, folder, "text", buffer_slice(&text));
    struct reading reading = fixture_read(arena, &spec, path, MEMORY_TINY, 0);
    cr_assert_eq(reading.err, ERR_OK, "%s: %s", row->why, reading.fault.text);
    fixture_naive_records(&spec, buffer_slice(&text), &all, &bad);
    struct cursor cursor = cursor_of(buffer_slice(&all));
    struct slice header = all.len > 0 ? cursor_sized(&cursor) : (struct slice){0};
    struct slice data = slice_of(cursor.at, cursor_left(&cursor));
    cr_assert(slice_eq(buffer_slice(&reading.records), data), "%s, seed %llu: other records",
              row->why, (unsigned long long)seed);
    bool header_seen = reading.records.len > 0;
    if (header_seen) cr_assert(slice_eq(buffer_slice(&reading.header), header), "%s", row->why);
    fixture_reading_free(&reading);
    buffer_free(&text);
    buffer_free(&all);
    arena_free(arena);
}

Test(reader, takes_the_header_of_each_file_in_every_split)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    FOR_ROWS (row, formats) {
        if (row->format != FORMAT_CSV && row->format != FORMAT_TSV) continue;
        for (uint64_t seed = 1; seed <= ROUNDS; seed++) round_trip_header(row, folder, seed);
    }
    folder_remove_tree(folder);
    arena_free(arena);
}

Test(reader, reads_compressed_streams_one_after_another)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct buffer text = {0}, stored = {0}, part = {0};
        uint64_t chance = seed * 0x9e3779b97f4a7c15u + 9;
        enum source_kind kind = (enum source_kind)(1 + seed % 4);
        uint64_t streams = 1 + fixture_random(&chance, 4);
        for (uint64_t i = 0; i < streams; i++) {
            make_text(&chance, &formats[i % 2], &part);
            fixture_compress(kind, buffer_slice(&part), &stored);
            buffer_append(&text, buffer_slice(&part));
        }
        bool padded = fixture_random(&chance, 2) == 0;
        for (int i = 0; i < 512 && padded; i++) buffer_append_byte(&stored, 0);
        struct job_spec spec = fixture_spec(FORMAT_LINES);
        spec.split_bytes = 1 + fixture_random(&chance, 2 * stored.len);
        char *path = fixture_file(arena, folder, "stored", buffer_slice(&stored));
        struct reading reading = fixture_read(arena, &spec, path, MEMORY_TINY, 0);
        cr_assert_eq(reading.plan.count, 1, "compressed files are not cut");
        cr_assert_eq(reading.bytes_read, stored.len);
        expect_records(&formats[0], &spec, &reading, buffer_slice(&text), seed);
        fixture_reading_free(&reading);
        buffer_free(&text);
        buffer_free(&stored);
        buffer_free(&part);
    }
    folder_remove_tree(folder);
    arena_free(arena);
}
