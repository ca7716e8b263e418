/* codec_bzip2.c -- bzip2 streams by libbz2. See codec.h. */
#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

#include "work/read/codec.h"

static void *bzip2_start(size_t window_bytes_max)
{
    (void)window_bytes_max; /* never more than 4 MiB */
    bz_stream *stream = calloc(1, sizeof *stream);
    ASSERT(stream != NULL);
    int failed = BZ2_bzDecompressInit(stream, 0, 0);
    ASSERT(failed == BZ_OK);
    return stream;
}

static enum codec_step bzip2_step(void *decoder, struct codec_io *io)
{
    bz_stream *stream = decoder;
    unsigned in = (unsigned)u64_min(io->in_len, UINT_MAX);
    unsigned out = (unsigned)u64_min(io->out_len, UINT_MAX);
    stream->next_in = (char *)(uintptr_t)io->in; /* it only reads, but was declared before const */
    stream->avail_in = in;
    stream->next_out = (char *)io->out;
    stream->avail_out = out;
    int result = BZ2_bzDecompress(stream);
    io->in += in - stream->avail_in;
    io->in_len -= in - stream->avail_in;
    io->out += out - stream->avail_out;
    io->out_len -= out - stream->avail_out;
    if (result == BZ_STREAM_END) return CODEC_END;
    return result == BZ_OK ? CODEC_MORE : CODEC_DAMAGED;
}

static void bzip2_end(void *decoder)
{
    (void)BZ2_bzDecompressEnd(decoder);
    free(decoder);
}

const struct source_codec codec_bzip2 = {bzip2_start, bzip2_step, bzip2_end};
