/* reader.c -- see reader.h: from file to file. What happens inside of one is in chunk.c. */
#include <stdlib.h>

#include "work/read/range.h"
#include "work/read/reader_impl.h"

enum {
    MEMORY_BYTES_MIN = 1024,
    SCRATCH_SHARE = 8, /* of the memory, a part of this many */
    SCRATCH_BYTES_MAX = 64 * 1024,
    CHUNK_BYTES_MAX = 512 * 1024, /* stays in a core's cache while it is worked on */
    HEADER_MEMORY_BYTES = 16 * 1024
};

enum err reader_open(const struct job_spec *spec, const struct split *split, size_t memory_bytes,
                     struct bad_records *bad, struct reader **opened, struct fault *fault)
{
    *opened = NULL;
    if (spec->format == FORMAT_FIXED && spec->fixed_bytes == 0) {
        return fault_set(fault, ERR_USAGE, "records of a fixed size must have 1 byte or more");
    }
    struct reader *reader = calloc(1, sizeof *reader);
    ASSERT(reader != NULL);
    *reader = (struct reader){
        .rule = {spec->format, spec->fixed_bytes},
        .record_bytes_max = spec->record_bytes_max,
        .spec = spec,
        .split = split,
        .bad = bad,
    };
    bool has_columns = spec->format == FORMAT_CSV || spec->format == FORMAT_TSV;
    reader->wants_header = has_columns && spec->header == HEADER_YES;
    size_t memory = u64_max(memory_bytes, MEMORY_BYTES_MIN);
    reader->scratch_bytes = u64_min(memory / SCRATCH_SHARE, SCRATCH_BYTES_MAX);
    reader->scratch = malloc(reader->scratch_bytes);
    reader->chunk_bytes = u64_min(memory - reader->scratch_bytes - BLOCK_PADDING, CHUNK_BYTES_MAX);
    reader->capacity = reader->chunk_bytes;
    reader->chunk = malloc(reader->capacity + BLOCK_PADDING);
    ASSERT(reader->scratch != NULL);
    ASSERT(reader->chunk != NULL);
    *opened = reader;
    return ERR_OK;
}

void reader_set_limits(struct reader *reader, const struct reader_limits *limits)
{
    reader->limits = *limits;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL) return;
    source_close(&reader->source);
    buffer_free(&reader->path);
    buffer_free(&reader->header);
    free(reader->scratch);
    free(reader->chunk);
    free(reader);
}

static uint64_t open_bytes_read(const struct reader *reader)
{
    return reader->is_open ? source_offset(&reader->source) - reader->range_start : 0;
}

static void close_piece(struct reader *reader)
{
    reader->finished_bytes += open_bytes_read(reader);
    source_close(&reader->source);
    reader->is_open = false;
    reader->piece_next++;
}

static void start_piece(struct reader *reader, const struct piece *piece)
{
    buffer_clear(&reader->path);
    buffer_append(&reader->path, piece->path);
    buffer_append_byte(&reader->path, '\0');
    reader->path.len--;
    buffer_clear(&reader->header);
    reader->used = reader->whole = reader->len = 0;
    reader->at_end = reader->is_damaged = false;
    reader->is_unproven = reader->rule.format == FORMAT_JSON && piece->offset == 0;
}

static enum err open_piece(struct reader *reader, struct fault *fault);

/* The header of the open file, which a piece that starts inside of the file does not see, and where
 * the header ends. */
static enum err fetch_header(struct reader *reader, uint64_t *end, struct fault *fault)
{
    struct piece start = {slice_of(reader->path.data, reader->path.len), 0, 0, true, true};
    struct split split = {&start, 1, 0};
    struct bad_records none = {0};
    struct reader *first = NULL;
    enum err err = reader_open(reader->spec, &split, HEADER_MEMORY_BYTES, &none, &first, fault);
    if (err != ERR_OK) return err;
    ASSERT(first != NULL);
    reader_set_limits(first, &reader->limits);
    err = open_piece(first, fault);
    buffer_append(&reader->header, buffer_slice(&first->header));
    *end = first->base + first->used;
    reader_close(first);
    return err;
}

static enum err open_range(struct reader *reader, const struct piece *piece, struct fault *fault)
{
    enum err err = source_open_range((const char *)reader->path.data, &reader->source, fault);
    if (err != ERR_OK) return err;
    struct range range;
    err = range_resolve(&reader->source.file, piece, &reader->rule, reader->record_bytes_max,
                        reader->scratch, reader->scratch_bytes, &range, fault);
    if (err == ERR_OK && reader->wants_header && piece->offset > 0) {
        uint64_t header_end = 0;
        err = fetch_header(reader, &header_end, fault);
        range.start = u64_min(u64_max(range.start, header_end), range.end);
    }
    if (err != ERR_OK) return err;
    source_set_range(&reader->source, range.start, range.end);
    reader->base = reader->range_start = range.start;
    return ERR_OK;
}

static enum err open_whole(struct reader *reader, struct fault *fault)
{
    reader->base = reader->range_start = 0;
    struct source_limits limits = {reader->limits.stop, reader->limits.window_bytes_max};
    return source_open((const char *)reader->path.data, reader->scratch, reader->scratch_bytes,
                       &limits, &reader->source, fault);
}

static enum err open_piece(struct reader *reader, struct fault *fault)
{
    const struct piece *piece = &reader->split->pieces[reader->piece_next];
    start_piece(reader, piece);
    enum err err = piece->whole ? open_whole(reader, fault) : open_range(reader, piece, fault);
    if (err == ERR_OK && reader->wants_header && piece->offset == 0) {
        err = chunk_take_header(reader, fault);
    }
    if (err != ERR_OK) source_close(&reader->source);
    reader->is_open = err == ERR_OK;
    return err;
}

enum err reader_next(struct reader *reader, struct block *block, struct fault *fault)
{
    *block = (struct block){0};
    while (reader->is_open || reader->piece_next < reader->split->count) {
        enum err err = reader->is_open ? ERR_OK : open_piece(reader, fault);
        if (err == ERR_OK) err = chunk_next(reader, block, fault);
        if (err != ERR_OK || block->bytes.len > 0) return err;
        close_piece(reader);
    }
    *block = (struct block){0};
    return ERR_OK;
}

uint64_t reader_bytes_read(const struct reader *reader)
{
    return reader->finished_bytes + open_bytes_read(reader);
}

bool reader_as_range(struct reader *reader, struct file **file, uint64_t *offset, uint64_t *bytes)
{
    if (reader->rule.format != FORMAT_LINES || reader->split->count != 1) return false;
    if (slice_eq(reader->split->pieces[0].path, SLICE("-"))) return false;
    ASSERT(reader->piece_next == 0);
    ASSERT(reader->len == 0);
    struct fault fault;
    if (!reader->is_open && open_piece(reader, &fault) != ERR_OK) return false;
    struct source *source = &reader->source;
    uint64_t end = source->end;
    if (source->codec != NULL) return false;
    if (!source->by_offset && file_size(&source->file, &end, &fault) != ERR_OK) return false;
    if (!source->by_offset && end == 0) return false; /* a pipe or device, or really empty */
    *file = &source->file;
    *offset = reader->range_start;
    *bytes = end - reader->range_start;
    return true;
}
