/*
 * source.c -- see source.h.
 *
 * The scratch buffer holds the first bytes of every file, by which its kind is told, and from then
 * on only compressed bytes: plain ones go straight to the caller.
 */
#include <unistd.h>

#include "work/read/codec.h"

static const struct source_codec *codec_of(enum source_kind kind)
{
    switch (kind) {
    case SOURCE_PLAIN: return NULL;
    case SOURCE_GZIP: return &codec_gzip;
    case SOURCE_ZSTD: return &codec_zstd;
    case SOURCE_XZ: return &codec_xz;
    case SOURCE_BZIP2: return &codec_bzip2;
    }
    UNREACHABLE("a kind of source");
}

static struct slice unused(const struct source *source)
{
    if (source->scratch == NULL) return (struct slice){0};
    return slice_of(source->scratch + source->at, source->got - source->at);
}

static enum err read_in_sequence(struct source *source, void *to, size_t size, size_t *got,
                                 struct fault *fault)
{
    *got = 0;
    enum err err = ERR_OK;
    if (source->is_stream) err = process_stop_wait(source->limits.stop, &source->file, fault);
    return err == ERR_OK ? file_read(&source->file, to, size, got, fault) : err;
}

/* Read on until `count` bytes or more are unused, or the file ends. */
static enum err scratch_fill(struct source *source, size_t count, struct fault *fault)
{
    ASSERT(count <= source->scratch_bytes);
    struct slice kept = unused(source);
    memmove(source->scratch, kept.data, kept.len);
    source->at = 0;
    source->got = kept.len;
    while (source->got < count) {
        size_t got;
        enum err err = read_in_sequence(source, source->scratch + source->got,
                                        source->scratch_bytes - source->got, &got, fault);
        if (err != ERR_OK) return err;
        if (got == 0) break;
        source->got += got;
        source->offset += got;
    }
    return ERR_OK;
}

enum err source_open(const char *path, uint8_t *scratch, size_t scratch_bytes,
                     const struct source_limits *limits, struct source *source, struct fault *fault)
{
    ASSERT(scratch_bytes >= SOURCE_SCRATCH_BYTES_MIN);
    *source =
        (struct source){.limits = *limits, .scratch = scratch, .scratch_bytes = scratch_bytes};
    source->end = UINT64_MAX;
    enum err err = ERR_OK;
    if (strcmp(path, "-") == 0) {
        source->file = (struct file){STDIN_FILENO, "standard input"};
        source->keep_open = true;
    } else {
        err = file_open_read(path, &source->file, fault);
    }
    if (err == ERR_OK) source->is_stream = file_is_stream(&source->file);
    if (err == ERR_OK) err = scratch_fill(source, SOURCE_MAGIC_BYTES_MAX, fault);
    if (err != ERR_OK) {
        source_close(source);
        return err;
    }
    source->kind = source_kind_of(unused(source), slice_text(path));
    source->codec = codec_of(source->kind);
    return ERR_OK;
}

enum err source_open_range(const char *path, struct source *source, struct fault *fault)
{
    *source = (struct source){.by_offset = true};
    return file_open_read(path, &source->file, fault);
}

void source_set_range(struct source *source, uint64_t offset, uint64_t end)
{
    ASSERT(source->by_offset);
    ASSERT(offset <= end);
    source->offset = offset;
    source->end = end;
}

static enum err read_some(struct source *source, void *to, size_t size, size_t *got,
                          struct fault *fault)
{
    if (!source->by_offset) return read_in_sequence(source, to, size, got, fault);
    return file_read_at(&source->file, source->offset, to, size, got, fault);
}

static enum err read_plain(struct source *source, uint8_t *to, size_t size, size_t *got,
                           struct fault *fault)
{
    struct slice first = unused(source);
    *got = u64_min(first.len, size);
    if (*got > 0) memcpy(to, first.data, *got);
    source->at += *got;
    while (*got < size) {
        size_t want = u64_min(size - *got, source->end - source->offset), more = 0;
        enum err err = want > 0 ? read_some(source, to + *got, want, &more, fault) : ERR_OK;
        if (err != ERR_OK) return err;
        if (more == 0) {
            source->at_end = true;
            return ERR_OK;
        }
        *got += more;
        source->offset += more;
    }
    /* A whole portion came, so that more is likely: let it be fetched while this one is used. */
    uint64_t next = u64_min(size, source->end - source->offset);
    if (next > 0) file_will_need(&source->file, source->offset, next);
    return ERR_OK;
}

static enum err damaged(const struct source *source, struct fault *fault, const char *why)
{
    return fault_set(fault, ERR_CORRUPT, "%s, byte %llu of the compressed file: %s",
                     source->file.label, (unsigned long long)source_offset(source), why);
}

static size_t window_bytes_max(const struct source *source)
{
    size_t limit = source->limits.window_bytes_max;
    return limit == 0 ? SOURCE_WINDOW_BYTES_MAX : u64_min(limit, SOURCE_WINDOW_BYTES_MAX);
}

/* Between two streams, or before the first: find the next, or the end. */
static enum err stream_begin(struct source *source, struct fault *fault)
{
    bool is_first = source->decoder == NULL && source_offset(source) == 0;
    struct slice next;
    do {
        enum err err = scratch_fill(source, SOURCE_MAGIC_BYTES_MAX, fault);
        if (err != ERR_OK) return err;
        while (source->at < source->got && source->scratch[source->at] == 0) source->at++;
        next = unused(source);
    } while (source->at > 0 && next.len < SOURCE_MAGIC_BYTES_MAX);
    if (next.len == 0) {
        source->at_end = true;
        return ERR_OK;
    }
    if (!is_first && source_kind_of(next, (struct slice){0}) != source->kind) {
        return damaged(source, fault, "garbage follows the end of the compressed data");
    }
    source->decoder = source->codec->start(window_bytes_max(source));
    return ERR_OK;
}

static enum err stream_starved(struct source *source, struct fault *fault)
{
    if (source->at < source->got) return damaged(source, fault, "the data is damaged");
    enum err err = scratch_fill(source, 1, fault);
    if (err != ERR_OK || source->got > 0) return err;
    return damaged(source, fault, "the file ends inside of the compressed data: it was cut off");
}

static void stream_end(struct source *source)
{
    if (source->decoder != NULL) source->codec->end(source->decoder);
    source->decoder = NULL;
}

/* Not damage: --skip-bad is no way around it. */
static enum err window_too_large(const struct source *source, struct fault *fault)
{
    bool by_format = source->limits.window_bytes_max == 0 ||
                     source->limits.window_bytes_max >= SOURCE_WINDOW_BYTES_MAX;
    return fault_set(fault, ERR_LIMIT,
                     "%s takes a window of more than %zu MiB to decompress; %scompress it with a "
                     "smaller window",
                     source->file.label, window_bytes_max(source) >> 20,
                     by_format ? "" : "raise --memory, lower --workers, or ");
}

static enum err stream_step(struct source *source, struct codec_io *io, struct fault *fault)
{
    struct slice in = unused(source);
    size_t room = io->out_len;
    io->in = in.data;
    io->in_len = in.len;
    enum codec_step step = source->codec->step(source->decoder, io);
    source->at = source->got - io->in_len;
    switch (step) {
    case CODEC_MORE:
        if (io->in_len < in.len || io->out_len < room) return ERR_OK;
        return stream_starved(source, fault);
    case CODEC_END: stream_end(source); return ERR_OK;
    case CODEC_DAMAGED: return damaged(source, fault, "the data is damaged");
    case CODEC_WINDOW_TOO_LARGE: return window_too_large(source, fault);
    }
    UNREACHABLE("a step of a codec");
}

enum err source_read(struct source *source, void *to, size_t size, size_t *got, struct fault *fault)
{
    *got = 0;
    if (source->at_end) return ERR_OK;
    if (source->codec == NULL) return read_plain(source, to, size, got, fault);
    struct codec_io io = {.out = to, .out_len = size};
    enum err err = ERR_OK;
    while (err == ERR_OK && io.out_len > 0 && !source->at_end) {
        err =
            source->decoder == NULL ? stream_begin(source, fault) : stream_step(source, &io, fault);
    }
    *got = size - io.out_len;
    if (err != ERR_OK) source->at_end = true;
    return err;
}

uint64_t source_offset(const struct source *source)
{
    return source->offset - (source->got - source->at);
}

void source_close(struct source *source)
{
    stream_end(source);
    if (!source->keep_open && source->file.label != NULL) file_close(&source->file);
    *source = (struct source){.file = {.fd = -1}};
}
