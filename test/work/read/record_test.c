/*
 * record_test.c -- how bytes part into records, given at once and in portions.
 */
#include <criterion/criterion.h>

#include "base/cursor.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"
#include "work/read/record_scan.h"

/* clang-format off */
static const struct record_row {
    const char *why;
    enum record_format format;
    const char *bytes, *want; /* each record in brackets */
} rows[] = {
    {"no records in nothing",              FORMAT_LINES, "",                    ""},
    {"the last line needs no end",         FORMAT_LINES, "a\nb",                "[a][b]"},
    {"CR LF is a line end",                FORMAT_LINES, "a\r\nb\r\n",          "[a][b]"},
    {"CR alone is not, save at the end",   FORMAT_LINES, "a\rb\nc\r",           "[a\rb][c]"},
    {"one CR of two belongs to the line",  FORMAT_LINES, "a\r\r\n",             "[a\r]"},
    {"blank lines are records",            FORMAT_LINES, "\n\r\na\n\n",         "[][][a][]"},
    {"quotes mean nothing in tsv",         FORMAT_TSV,   "\"a\tb\nc\"\n",       "[\"a\tb][c\"]"},
    {"json passes over blank lines",       FORMAT_JSON,  " \t\r\n{}\n\n1",      "[{}][1]"},
    {"csv passes over empty lines",        FORMAT_CSV,   "\n\r\na,b\n\n",       "[a,b]"},
    {"a line end in quotes",               FORMAT_CSV,   "\"a\nb\",c\nd",       "[\"a\nb\",c][d]"},
    {"in a later field",                   FORMAT_CSV,   "a,\"b\r\n\"\r\nc",    "[a,\"b\r\n\"][c]"},
    {"two quotes are one inside", FORMAT_CSV, "\"a\"\"\nb\"\nc", "[\"a\"\"\nb\"][c]"},
    {"an empty quoted field",              FORMAT_CSV,   "\"\"\nc",             "[\"\"][c]"},
    {"a quote inside a field is a byte", FORMAT_CSV, "5\" disk\nb\"\nc", "[5\" disk][b\"][c]"},
    {"also behind a blank",                FORMAT_CSV,   "a, \"b\nc\"",         "[a, \"b][c\"]"},
    {"what follows quotes is outside",     FORMAT_CSV,   "\"a\"b\nc\"\n",       "[\"a\"b][c\"]"},
    {"and cannot open them again",         FORMAT_CSV,   "\"a\"b\"\nc",         "[\"a\"b\"][c]"},
    {"an open quote takes the rest",       FORMAT_CSV,   "a\n\"b\nc\n",         "[a][\"b\nc]"},
    {"fixed records have no line ends",    FORMAT_FIXED, "ab\nd\r\n",           "[ab\n][d\r\n]"},
    {"what is left is no record",          FORMAT_FIXED, "abcd",                "[abc]"},
};
/* clang-format on */

Test(record, rows)
{
    FOR_ROWS (row, rows) {
        struct record_rule rule = {row->format, 3};
        struct slice rest = slice_text(row->bytes), record;
        struct buffer got = {0};
        while (record_next(&rule, &rest, &record)) {
            buffer_append_byte(&got, '[');
            buffer_append(&got, record);
            buffer_append_byte(&got, ']');
        }
        ROW_BYTES_EQ(row, buffer_slice(&got), row->want);
        buffer_free(&got);
    }
}

/* Record ends, found in portions of up to `portion_max` bytes. */
static void ends_in_portions(const struct record_rule *rule, struct slice text, uint64_t *seed,
                             size_t portion_max, struct buffer *ends)
{
    struct record_scan scan = {0};
    for (size_t start = 0; start < text.len;) {
        size_t len = u64_min(1 + fixture_random(seed, portion_max), text.len - start);
        /* A copy of its own, so that the sanitizer sees a look beyond it. */
        struct buffer portion = {0};
        buffer_append(&portion, slice_of(text.data + start, len));
        const uint8_t *at = portion.data, *end = portion.data + len;
        while ((at = record_scan_end(rule, &scan, at, end)) != NULL) {
            put_varint(ends, start + (size_t)(at - portion.data));
        }
        buffer_free(&portion);
        start += len;
    }
}

Test(record, ends_are_the_same_in_portions)
{
    static const enum record_format formats[] = {FORMAT_LINES, FORMAT_CSV, FORMAT_FIXED};
    uint64_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        struct record_rule rule = {formats[round % 3], 5};
        struct buffer text = {0}, whole = {0}, parts = {0};
        fixture_random_bytes(&seed, "a\",\n\r", 5, fixture_random(&seed, 60), &text);
        ends_in_portions(&rule, buffer_slice(&text), &(uint64_t){1}, 1, &whole);
        ends_in_portions(&rule, buffer_slice(&text), &seed, 9, &parts);
        cr_assert(slice_eq(buffer_slice(&whole), buffer_slice(&parts)), "round %d", round);
        buffer_free(&text);
        buffer_free(&whole);
        buffer_free(&parts);
    }
}

Test(record, csv_skips_to_where_a_scan_would_be)
{
    uint64_t seed = 11;
    for (int round = 0; round < 3000; round++) {
        struct buffer text = {0};
        fixture_random_bytes(&seed, "a\",\n", 4, 1 + fixture_random(&seed, 60), &text);
        struct csv_scan scanned = {0}, skipped = {0};
        const uint8_t *at = text.data, *end = text.data + text.len;
        const uint8_t *middle = at + fixture_random(&seed, text.len + 1);
        while ((at = csv_scan_record(&scanned, at, end)) != NULL) continue;
        csv_scan_skip(&skipped, text.data, middle);
        csv_scan_skip(&skipped, middle, end);
        cr_assert_eq(scanned.place, skipped.place, "round %d", round);
        buffer_free(&text);
    }
}

/* Larger than the tail in which the last record is looked for first. */
Test(record, csv_finds_the_whole_records_of_a_large_block)
{
    uint64_t seed = 13;
    struct record_rule rule = {.format = FORMAT_CSV};
    for (int round = 0; round < 40; round++) {
        struct buffer text = {0};
        size_t alphabet_len = round % 2 == 0 ? 4 : 3; /* odd: no line ends in a long quote */
        fixture_random_bytes(&seed, "a\",\n", alphabet_len, 40000, &text);
        if (round % 2 == 1) text.data[1 + fixture_random(&seed, 5000)] = '\n';
        struct record_scan scan = {0};
        const uint8_t *at = text.data, *last = text.data, *end = text.data + text.len;
        while ((at = record_scan_end(&rule, &scan, at, end)) != NULL) last = at;
        cr_assert_eq(record_whole_bytes(&rule, buffer_slice(&text)), (size_t)(last - text.data));
        buffer_free(&text);
    }
}

/* clang-format off */
static const struct kind_row {
    const char *why;
    struct slice first;
    const char *name;
    enum source_kind want;
} kinds[] = {
#define BYTES(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}
    {"gzip", BYTES("\x1f\x8b\x08\x00"), "a", SOURCE_GZIP},
    {"zstd", BYTES("\x28\xb5\x2f\xfd"), "a", SOURCE_ZSTD},
    {"zstd that starts with a skippable", BYTES("\x5a\x2a\x4d\x18"), "a", SOURCE_ZSTD},
    {"xz", BYTES("\xfd\x37zXZ\x00"), "a", SOURCE_XZ},
    {"bzip2", BYTES("BZh91A"), "a", SOURCE_BZIP2},
    {"an empty bzip2", BYTES("BZh9\x17r"), "a", SOURCE_BZIP2},
    {"a text that starts as bzip2 does", BYTES("BZhang"), "a", SOURCE_PLAIN},
    {"the name alone says nothing", BYTES("plain text"), "a.gz", SOURCE_PLAIN},
    {"an empty file is empty", BYTES(""), "a.gz", SOURCE_PLAIN},
    {"the start of a magic, and the name", BYTES("\x1f"), "a.gz", SOURCE_GZIP},
    {"the start of a magic, no name", BYTES("\x1f"), "a.txt", SOURCE_PLAIN},
    {"the start of a magic, other name", BYTES("BZ"), "a.gz", SOURCE_PLAIN},
};
/* clang-format on */

Test(source, kinds)
{
    FOR_ROWS (row, kinds) {
        ROW_EQ(row, source_kind_of(row->first, slice_text(row->name)), row->want);
    }
}
