/* writer.c -- see writer.h. */
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "work/output/writer.h"

enum {
    WRITER_BYTES = 256 * 1024,
    FLUSH_AHEAD_BYTES = 8 << 20, /* handed to the disk early, so that the last flush is short */
    GZIP_WINDOW_BITS = 15 + 16,  /* the largest window, in gzip's own wrapping */
    GZIP_MEMORY_LEVEL = 8,
};

struct writer {
    struct file *file;
    enum compression compress;
    struct buffer held; /* not yet compressed, or not yet written */
    struct buffer packed;
    z_stream gzip;
    ZSTD_CCtx *zstd;
    uint64_t put_bytes, file_bytes, flushed_bytes;
};

struct writer *writer_new(struct file *file, enum compression compress)
{
    struct writer *writer = calloc(1, sizeof *writer);
    ASSERT(writer != NULL);
    writer->file = file;
    writer->compress = compress;
    (void)buffer_reserve(&writer->held, WRITER_BYTES);
    if (compress == COMPRESSION_GZ) {
        int failed = deflateInit2(&writer->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                  GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
        ASSERT(failed == Z_OK);
    }
    if (compress == COMPRESSION_ZST) {
        writer->zstd = ZSTD_createCCtx();
        ASSERT(writer->zstd != NULL);
        size_t set = ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
        ASSERT(!ZSTD_isError(set));
    }
    return writer;
}

void writer_free(struct writer *writer)
{
    if (writer == NULL) return;
    if (writer->compress == COMPRESSION_GZ) (void)deflateEnd(&writer->gzip);
    ZSTD_freeCCtx(writer->zstd);
    buffer_free(&writer->held);
    buffer_free(&writer->packed);
    free(writer);
}

static enum err to_file(struct writer *writer, struct slice bytes, struct fault *fault)
{
    enum err err = file_write(writer->file, bytes, fault);
    if (err != ERR_OK) return err;
    writer->file_bytes += bytes.len;
    if (writer->file_bytes - writer->flushed_bytes >= FLUSH_AHEAD_BYTES) {
        file_start_flush(writer->file, writer->flushed_bytes,
                         writer->file_bytes - writer->flushed_bytes);
        writer->flushed_bytes = writer->file_bytes;
    }
    return ERR_OK;
}

static enum err gzip_put(struct writer *writer, struct slice bytes, bool end, struct fault *fault)
{
    writer->gzip.next_in = (Bytef *)(uintptr_t)bytes.data;
    writer->gzip.avail_in = (uInt)bytes.len;
    int state;
    do {
        writer->gzip.next_out = buffer_reserve(&writer->packed, WRITER_BYTES);
        writer->gzip.avail_out = WRITER_BYTES;
        state = deflate(&writer->gzip, end ? Z_FINISH : Z_NO_FLUSH);
        ASSERT(state != Z_STREAM_ERROR);
        size_t len = WRITER_BYTES - writer->gzip.avail_out;
        enum err err = to_file(writer, slice_of(writer->packed.data, len), fault);
        if (err != ERR_OK) return err;
    } while (end ? state != Z_STREAM_END : writer->gzip.avail_in > 0);
    return ERR_OK;
}

static enum err zstd_put(struct writer *writer, struct slice bytes, bool end, struct fault *fault)
{
    ZSTD_inBuffer in = {bytes.data, bytes.len, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {buffer_reserve(&writer->packed, WRITER_BYTES), WRITER_BYTES, 0};
        left = ZSTD_compressStream2(writer->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        ASSERT(!ZSTD_isError(left));
        enum err err = to_file(writer, slice_of(writer->packed.data, out.pos), fault);
        if (err != ERR_OK) return err;
    } while (end ? left > 0 : in.pos < in.size);
    return ERR_OK;
}

static enum err pass_on(struct writer *writer, struct slice bytes, bool end, struct fault *fault)
{
    switch (writer->compress) {
    case COMPRESSION_NONE: return to_file(writer, bytes, fault);
    case COMPRESSION_GZ: return gzip_put(writer, bytes, end, fault);
    case COMPRESSION_ZST: return zstd_put(writer, bytes, end, fault);
    }
    return ERR_OK;
}

enum err writer_put(struct writer *writer, struct slice bytes, struct fault *fault)
{
    writer->put_bytes += bytes.len;
    while (writer->held.len + bytes.len > WRITER_BYTES) {
        /* What is large already goes on without being copied. */
        bool whole = writer->held.len == 0;
        struct slice next = whole ? slice_of(bytes.data, u64_min(bytes.len, 64 * WRITER_BYTES))
                                  : buffer_slice(&writer->held);
        enum err err = pass_on(writer, next, false, fault);
        if (err != ERR_OK) return err;
        if (whole) bytes = slice_from(bytes, next.len);
        buffer_clear(&writer->held);
    }
    buffer_append(&writer->held, bytes);
    return ERR_OK;
}

enum err writer_put_line(struct writer *writer, struct slice key, struct slice value,
                         struct fault *fault)
{
    size_t len = key.len + value.len + 2;
    if (UNLIKELY(writer->held.len + len > WRITER_BYTES)) {
        enum err err = writer_put(writer, key, fault);
        if (err == ERR_OK && value.len > 0) err = writer_put(writer, SLICE("\t"), fault);
        if (err == ERR_OK) err = writer_put(writer, value, fault);
        if (err == ERR_OK) err = writer_put(writer, SLICE("\n"), fault);
        return err;
    }
    uint8_t *at = writer->held.data + writer->held.len; /* all of WRITER_BYTES is reserved */
    bytes_copy(at, key);
    at += key.len;
    if (value.len > 0) {
        *at++ = '\t';
        bytes_copy(at, value);
        at += value.len;
    }
    *at++ = '\n';
    size_t put = (size_t)(at - writer->held.data) - writer->held.len;
    writer->held.len += put;
    writer->put_bytes += put;
    return ERR_OK;
}

enum err writer_finish(struct writer *writer, bool fsync, struct fault *fault)
{
    enum err err = pass_on(writer, buffer_slice(&writer->held), true, fault);
    buffer_clear(&writer->held);
    if (err == ERR_OK && fsync) err = file_sync(writer->file, fault);
    return err;
}

uint64_t writer_bytes(const struct writer *writer)
{
    return writer->put_bytes;
}
