/* codec_gzip.c -- gzip by zlib. See codec.h. */
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "work/read/codec.h"

enum { GZIP_ONLY = 16 };

static void *gzip_start(size_t window_bytes_max)
{
    (void)window_bytes_max; /* always 32 KiB */
    z_stream *stream = calloc(1, sizeof *stream);
    ASSERT(stream != NULL);
    int failed = inflateInit2(stream, MAX_WBITS + GZIP_ONLY);
    ASSERT(failed == Z_OK);
    return stream;
}

static enum codec_step gzip_step(void *decoder, struct codec_io *io)
{
    z_stream *stream = decoder;
    uInt in = (uInt)u64_min(io->in_len, UINT_MAX), out = (uInt)u64_min(io->out_len, UINT_MAX);
    stream->next_in = (z_const Bytef *)io->in;
    stream->avail_in = in;
    stream->next_out = io->out;
    stream->avail_out = out;
    int result = inflate(stream, Z_NO_FLUSH);
    io->in += in - stream->avail_in;
    io->in_len -= in - stream->avail_in;
    io->out += out - stream->avail_out;
    io->out_len -= out - stream->avail_out;
    if (result == Z_STREAM_END) return CODEC_END;
    return result == Z_OK || result == Z_BUF_ERROR ? CODEC_MORE : CODEC_DAMAGED;
}

static void gzip_end(void *decoder)
{
    (void)inflateEnd(decoder);
    free(decoder);
}

const struct source_codec codec_gzip = {gzip_start, gzip_step, gzip_end};
