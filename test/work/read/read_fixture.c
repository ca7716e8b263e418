/* read_fixture.c -- see read_fixture.h. */
#include "test/work/read/read_fixture.h"

#include <bzlib.h>
#include <criterion/criterion.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cursor.h"

const char *fixture_folder(struct arena *arena)
{
    const char *base = getenv("TMPDIR");
    char *path = arena_format(arena, "%s/tutti-read-XXXXXX", base != NULL ? base : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    return path;
}

char *fixture_file(struct arena *arena, const char *folder, const char *name, struct slice bytes)
{
    char *path = arena_format(arena, "%s/%s", folder, name);
    struct fault fault;
    struct file file;
    (void)remove(path);
    cr_assert_eq(file_create(path, &file, &fault), ERR_OK, "%s", fault.text);
    cr_assert_eq(file_write(&file, bytes, &fault), ERR_OK);
    file_close(&file);
    return path;
}

struct job_spec fixture_spec(enum record_format format)
{
    return (struct job_spec){
        .format = format,
        .fixed_bytes = 7,
        .header = HEADER_NO,
        .record_bytes_max = 64 << 20,
        .split_bytes = 64 << 20,
        .pack = true,
    };
}

static void compress_gzip(struct slice bytes, struct buffer *out)
{
    z_stream stream = {0};
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&stream, bytes.len) + 64;
    stream.next_in = (z_const Bytef *)bytes.data;
    stream.avail_in = (uInt)bytes.len;
    stream.next_out = buffer_reserve(out, room);
    stream.avail_out = (uInt)room;
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->len += stream.total_out;
    (void)deflateEnd(&stream);
}

static void compress_zstd(struct slice bytes, struct buffer *out)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t room = ZSTD_compressBound(bytes.len);
    size_t len = ZSTD_compress2(context, buffer_reserve(out, room), room, bytes.data, bytes.len);
    cr_assert(!ZSTD_isError(len));
    out->len += len;
    (void)ZSTD_freeCCtx(context);
}

static void compress_xz(struct slice bytes, struct buffer *out)
{
    size_t room = lzma_stream_buffer_bound(bytes.len), len = 0;
    lzma_ret result = lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, bytes.data, bytes.len,
                                              buffer_reserve(out, room), &len, room);
    cr_assert_eq(result, LZMA_OK);
    out->len += len;
}

static void compress_bzip2(struct slice bytes, struct buffer *out)
{
    unsigned room = (unsigned)bytes.len + (unsigned)bytes.len / 50 + 700;
    char *to = (char *)buffer_reserve(out, room), empty = 0;
    char *from = bytes.len > 0 ? (char *)(uintptr_t)bytes.data : &empty;
    int result = BZ2_bzBuffToBuffCompress(to, &room, from, (unsigned)bytes.len, 1, 0, 0);
    cr_assert_eq(result, BZ_OK);
    out->len += room;
}

void fixture_compress(enum source_kind kind, struct slice bytes, struct buffer *out)
{
    switch (kind) {
    case SOURCE_PLAIN: buffer_append(out, bytes); break;
    case SOURCE_GZIP: compress_gzip(bytes, out); break;
    case SOURCE_ZSTD: compress_zstd(bytes, out); break;
    case SOURCE_XZ: compress_xz(bytes, out); break;
    case SOURCE_BZIP2: compress_bzip2(bytes, out); break;
    }
}

static bool all_blank(struct slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (strchr(" \t\r", line.data[i]) == NULL || line.data[i] == 0) return false;
    }
    return true;
}

static void naive_add(const struct job_spec *spec, struct slice line, struct buffer *records,
                      uint64_t *bad)
{
    if (line.len > 0 && line.data[line.len - 1] == '\n') line.len--;
    if (line.len > 0 && line.data[line.len - 1] == '\r') line.len--;
    if (spec->format == FORMAT_CSV && line.len == 0) return;
    if (line.len > spec->record_bytes_max) {
        (*bad)++;
        return;
    }
    if (spec->format == FORMAT_JSON && all_blank(line)) return;
    put_sized(records, line);
}

static void naive_fixed(const struct job_spec *spec, struct slice bytes, struct buffer *records,
                        uint64_t *bad)
{
    while (bytes.len >= spec->fixed_bytes) {
        put_sized(records, slice_of(bytes.data, spec->fixed_bytes));
        bytes = slice_from(bytes, spec->fixed_bytes);
    }
    *bad += bytes.len > 0;
}

void fixture_naive_records(const struct job_spec *spec, struct slice bytes, struct buffer *records,
                           uint64_t *bad)
{
    if (spec->format == FORMAT_FIXED) {
        naive_fixed(spec, bytes, records, bad);
        return;
    }
    bool is_csv = spec->format == FORMAT_CSV, quoted = false, field_starts = true;
    if (spec->format != FORMAT_LINES && slice_starts_with(bytes, SLICE("\xef\xbb\xbf"))) {
        bytes = slice_from(bytes, 3);
    }
    size_t start = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.data[i];
        if (quoted) {
            bool is_double = byte == '"' && i + 1 < bytes.len && bytes.data[i + 1] == '"';
            if (is_double)
                i++;
            else if (byte == '"')
                quoted = false;
            continue;
        }
        if (is_csv && byte == '"' && field_starts) quoted = true;
        field_starts = byte == ',' || byte == '\n';
        if (byte != '\n') continue;
        naive_add(spec, slice_of(bytes.data + start, i + 1 - start), records, bad);
        start = i + 1;
    }
    if (start < bytes.len) naive_add(spec, slice_from(bytes, start), records, bad);
}

static void take_records(const struct job_spec *spec, const struct block *block,
                         struct reading *reading)
{
    struct record_rule rule = {spec->format, spec->fixed_bytes};
    struct slice rest = block->bytes, record;
    while (record_next(&rule, &rest, &record)) put_sized(&reading->records, record);
    if (block->header.len > 0) {
        buffer_clear(&reading->header);
        buffer_append(&reading->header, block->header);
    }
    if (block->bytes.len > reading->block_bytes_max) reading->block_bytes_max = block->bytes.len;
    uint8_t padding[BLOCK_PADDING]; /* the sanitizer sees whether it may be read */
    memcpy(padding, block->bytes.data + block->bytes.len, BLOCK_PADDING);
    cr_assert_leq(padding[0], UINT8_MAX);
}

static enum err read_split(struct arena *arena, const struct job_spec *spec,
                           const struct split *split, size_t memory_bytes, struct reading *reading)
{
    struct buffer message = {0};
    struct split received;
    split_encode(split, &message);
    struct slice bytes = arena_copy(arena, buffer_slice(&message));
    buffer_free(&message);
    cr_assert_eq(split_decode(bytes, arena, &received, &reading->fault), ERR_OK);
    struct reader *reader;
    struct block block;
    enum err err =
        reader_open(spec, &received, memory_bytes, &reading->bad, &reader, &reading->fault);
    while (err == ERR_OK) {
        err = reader_next(reader, &block, &reading->fault);
        if (err != ERR_OK || block.bytes.len == 0) break;
        take_records(spec, &block, reading);
    }
    reading->bytes_read += reader_bytes_read(reader);
    reader_close(reader);
    return err;
}

struct reading fixture_read(struct arena *arena, const struct job_spec *spec, const char *path,
                            size_t memory_bytes, uint64_t bad_allowed)
{
    struct reading reading = {.bad = {.allowed = bad_allowed}};
    struct slice input = slice_text(path);
    reading.err =
        plan_new(arena, spec, (struct plan_grain){0}, &input, 1, &reading.plan, &reading.fault);
    for (uint32_t i = 0; i < reading.plan.count && reading.err == ERR_OK; i++) {
        reading.err = read_split(arena, spec, &reading.plan.splits[i], memory_bytes, &reading);
    }
    return reading;
}

void fixture_reading_free(struct reading *reading)
{
    buffer_free(&reading->records);
    buffer_free(&reading->header);
}

uint64_t fixture_random(uint64_t *seed, uint64_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (*seed >> 11) % below;
}

void fixture_random_bytes(uint64_t *seed, const char *alphabet, size_t alphabet_len, size_t len,
                          struct buffer *out)
{
    for (size_t i = 0; i < len; i++) {
        buffer_append_byte(out, (uint8_t)alphabet[fixture_random(seed, alphabet_len)]);
    }
}
