/*
 * chunk.c -- one file, chunk by chunk, cut into blocks of whole records. See reader_impl.h.
 *
 * Records are given out where they were read to; only a record that a chunk cut off is moved, to
 * the front, where the next portion is read in behind it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "work/read/bad_records.h"
#include "work/read/reader_impl.h"

enum { LINE_END_BYTES_MAX = 2, MARK_BYTES = 3, NOTE_BYTES_MAX = 512 };

static struct slice ready(const struct reader *reader)
{
    return slice_of(reader->chunk + reader->used, reader->whole - reader->used);
}

/* As a block, so that a bad record can be named by where it is. */
static struct block block_of(const struct reader *reader, struct slice bytes)
{
    return (struct block){bytes, slice_of(reader->path.data, reader->path.len),
                          reader->base + (uint64_t)(bytes.data - reader->chunk),
                          buffer_slice(&reader->header)};
}

/* "the file, byte N": the fault of what was found at chunk[at], or its passing over. */
PRINTF(5, 6)
static enum err note(struct reader *reader, enum err code, size_t at, struct fault *fault,
                     const char *format, ...)
{
    char why[NOTE_BYTES_MAX], text[FAULT_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    (void)snprintf(text, sizeof text, "%s, byte %llu: %s", reader->source.file.label,
                   (unsigned long long)(reader->base + at), why);
    return bad_note(reader->bad, code, fault, text);
}

static void set_capacity(struct reader *reader, size_t capacity)
{
    reader->chunk = realloc(reader->chunk, capacity + BLOCK_PADDING);
    ASSERT(reader->chunk != NULL);
    reader->capacity = capacity;
}

static void move_tail_to_front(struct reader *reader)
{
    ASSERT(reader->used == reader->whole);
    reader->base += reader->used;
    reader->len -= reader->used;
    if (reader->used > 0) memmove(reader->chunk, reader->chunk + reader->used, reader->len);
    reader->used = reader->whole = 0;
    if (reader->capacity > reader->chunk_bytes && reader->len < reader->chunk_bytes) {
        set_capacity(reader, reader->chunk_bytes); /* the long record is through */
    }
}

/* Compressed data that broke: what came before is good, its last record perhaps not whole. */
static enum err pass_damage(struct reader *reader, struct fault *fault)
{
    char text[FAULT_TEXT_MAX];
    memcpy(text, fault->text, sizeof text);
    reader->is_damaged = reader->at_end = true;
    return bad_note(reader->bad, ERR_CORRUPT, fault, text);
}

static enum err fill(struct reader *reader, struct fault *fault)
{
    size_t room = reader->capacity - reader->len, got;
    struct source *source = &reader->source;
    enum err err = source_read(source, reader->chunk + reader->len, room, &got, fault);
    reader->len += got;
    if (err == ERR_CORRUPT) return pass_damage(reader, fault);
    if (err != ERR_OK) return err;
    reader->at_end = got < room;
    if (reader->at_end && source->by_offset && source->offset < source->end) {
        return fault_set(fault, ERR_CORRUPT, "%s shrank to %llu bytes while the job was running",
                         source->file.label, (unsigned long long)source->offset);
    }
    return ERR_OK;
}

/* Enough is there to know that the record at `used` is longer than allowed. */
static bool is_too_long(const struct reader *reader)
{
    uint64_t len = reader->len - reader->used;
    return len > reader->record_bytes_max && len - reader->record_bytes_max >= LINE_END_BYTES_MAX;
}

static enum err note_too_long(struct reader *reader, size_t at, struct fault *fault)
{
    const char *option = reader->limits.record_by_memory
                             ? "--memory, of which a record gets a share, or fewer --workers"
                             : "--max-record";
    if (reader->in_header) {
        return fault_set(fault, ERR_TOO_LONG,
                         "%s: the header, its first record, is longer than %llu bytes; allow more "
                         "with %s",
                         reader->source.file.label, (unsigned long long)reader->record_bytes_max,
                         option);
    }
    return note(reader, ERR_TOO_LONG, at, fault,
                "a record is longer than %llu bytes; allow more with %s; or pass over such "
                "records with --skip-bad",
                (unsigned long long)reader->record_bytes_max, option);
}

/* Past the record at `used`, without holding it. */
static enum err pass_long_record(struct reader *reader, struct fault *fault)
{
    enum err err = note_too_long(reader, reader->used, fault);
    struct record_scan scan = {0};
    while (err == ERR_OK) {
        const uint8_t *end = reader->chunk + reader->len;
        const uint8_t *after =
            record_scan_end(&reader->rule, &scan, reader->chunk + reader->used, end);
        reader->used = reader->whole =
            after != NULL ? (size_t)(after - reader->chunk) : reader->len;
        if (after != NULL || reader->at_end) return ERR_OK;
        move_tail_to_front(reader);
        err = fill(reader, fault);
    }
    return err;
}

static void grow(struct reader *reader)
{
    uint64_t enough;
    if (__builtin_add_overflow(reader->record_bytes_max, LINE_END_BYTES_MAX + MARK_BYTES,
                               &enough)) {
        enough = UINT64_MAX;
    }
    uint64_t capacity = u64_min(2 * (uint64_t)reader->capacity, enough);
    ASSERT(capacity > reader->capacity);
    set_capacity(reader, capacity);
}

static void pass_mark(struct reader *reader)
{
    if (reader->base != 0 || !record_format_allows_mark(reader->rule.format)) return;
    if (slice_starts_with(slice_of(reader->chunk, reader->len), SLICE("\xef\xbb\xbf"))) {
        reader->used = reader->whole = MARK_BYTES;
    }
}

/* All was read; what is left is no whole record. */
static enum err finish_tail(struct reader *reader, struct fault *fault)
{
    size_t at = reader->whole, left = reader->len - at;
    reader->used = reader->whole = reader->len;
    if (reader->is_damaged || left == 0) return ERR_OK;
    return note(reader, ERR_BAD_RECORD, at, fault, "the last record has %zu bytes instead of %u",
                left, reader->rule.fixed_bytes);
}

static void find_whole(struct reader *reader)
{
    struct slice bytes = slice_from(slice_of(reader->chunk, reader->len), reader->used);
    bool tail_is_record =
        reader->at_end && !reader->is_damaged && reader->rule.format != FORMAT_FIXED;
    size_t whole = tail_is_record ? bytes.len : record_whole_bytes(&reader->rule, bytes);
    reader->whole = reader->used + whole;
}

/* Make `used` < `whole`, or finish the file: then used == whole == len. */
static enum err load(struct reader *reader, struct fault *fault)
{
    while (reader->used == reader->whole) {
        if (reader->at_end) return finish_tail(reader, fault);
        move_tail_to_front(reader);
        if (reader->len == reader->capacity) grow(reader);
        enum err err = fill(reader, fault);
        if (err != ERR_OK) return err;
        pass_mark(reader);
        find_whole(reader);
        bool is_cut = reader->whole == reader->used && !reader->at_end;
        if (is_cut && is_too_long(reader)) {
            err = pass_long_record(reader, fault);
            if (err != ERR_OK) return err;
        }
    }
    return ERR_OK;
}

/* Cut `bytes` before its first record that is too long; when it begins with one, pass over that. */
static enum err cut_before_long(struct reader *reader, struct slice *bytes, struct fault *fault)
{
    struct slice rest = *bytes, record;
    while (record_next(&reader->rule, &rest, &record)) {
        if (record.len <= reader->record_bytes_max) continue;
        bytes->len = (size_t)(record.data - bytes->data);
        if (bytes->len > 0) return ERR_OK;
        enum err err = note_too_long(reader, reader->used, fault);
        reader->used = (size_t)(rest.data - reader->chunk);
        return err;
    }
    return ERR_OK;
}

static struct slice trimmed(struct slice text)
{
    while (text.len > 0 && memchr(" \t\r\n", text.data[text.len - 1], 4) != NULL) text.len--;
    while (text.len > 0 && memchr(" \t\r\n", text.data[0], 4) != NULL) text = slice_from(text, 1);
    return text;
}

/* A file that begins so is not JSON Lines: a lone bracket, an element and its comma, or objects in
 * an array that is all there is. Other arrays can well be records. */
static bool begins_as_array(const struct reader *reader)
{
    struct slice rest = ready(reader), line;
    if (!record_next(&reader->rule, &rest, &line)) return false;
    line = trimmed(line);
    if (line.len == 0 || line.data[0] != '[') return false;
    bool is_alone = reader->at_end && trimmed(rest).len == 0;
    struct slice inside = trimmed(slice_from(line, 1));
    if (inside.len == 0) return true;
    return inside.data[inside.len - 1] == ',' || (is_alone && inside.data[0] == '{');
}

static enum err check_json(struct reader *reader, struct fault *fault)
{
    if (!reader->is_unproven || reader->used == reader->whole) return ERR_OK;
    reader->is_unproven = false;
    if (!begins_as_array(reader)) return ERR_OK;
    return fault_set(fault, ERR_BAD_RECORD,
                     "%s is one JSON array; tutti reads JSON Lines, one value a line: convert it "
                     "with jq -c '.[]' %s",
                     reader->source.file.label, reader->source.file.label);
}

enum err chunk_next(struct reader *reader, struct block *block, struct fault *fault)
{
    for (;;) {
        enum err err = load(reader, fault);
        if (err == ERR_OK) err = check_json(reader, fault);
        if (err != ERR_OK) return err;
        struct slice bytes = ready(reader);
        if (bytes.len > reader->record_bytes_max) err = cut_before_long(reader, &bytes, fault);
        if (err != ERR_OK) return err;
        *block = block_of(reader, bytes);
        if (bytes.len > 0) {
            reader->used += bytes.len;
            return ERR_OK;
        }
        if (reader->at_end && reader->used == reader->len) return ERR_OK;
    }
}

enum err chunk_take_header(struct reader *reader, struct fault *fault)
{
    reader->in_header = true;
    struct slice record = {0};
    enum err err = ERR_OK;
    while (err == ERR_OK && record.data == NULL) {
        err = load(reader, fault);
        struct slice rest = ready(reader);
        if (rest.len == 0) break;
        (void)record_next(&reader->rule, &rest, &record);
        reader->used = (size_t)(rest.data - reader->chunk);
    }
    if (err == ERR_OK && record.len > reader->record_bytes_max) {
        err = note_too_long(reader, 0, fault);
    }
    if (err == ERR_OK) buffer_append(&reader->header, record);
    reader->in_header = false;
    return err;
}
