/* codec_xz.c -- xz streams by liblzma. See codec.h. */
#include <lzma.h>
#include <stdlib.h>

#include "work/read/codec.h"

enum { XZ_STATE_BYTES = 1 << 20 }; /* the decoder itself, counted in with its window */

static void *xz_start(size_t window_bytes_max)
{
    lzma_stream *stream = calloc(1, sizeof *stream);
    ASSERT(stream != NULL);
    lzma_ret failed = lzma_stream_decoder(stream, window_bytes_max + XZ_STATE_BYTES, 0);
    ASSERT(failed == LZMA_OK);
    return stream;
}

static enum codec_step xz_step(void *decoder, struct codec_io *io)
{
    lzma_stream *stream = decoder;
    stream->next_in = io->in;
    stream->avail_in = io->in_len;
    stream->next_out = io->out;
    stream->avail_out = io->out_len;
    lzma_ret result = lzma_code(stream, LZMA_RUN);
    io->in = stream->next_in;
    io->in_len = stream->avail_in;
    io->out = stream->next_out;
    io->out_len = stream->avail_out;
    if (result == LZMA_STREAM_END) return CODEC_END;
    if (result == LZMA_MEMLIMIT_ERROR) return CODEC_WINDOW_TOO_LARGE;
    return result == LZMA_OK || result == LZMA_BUF_ERROR ? CODEC_MORE : CODEC_DAMAGED;
}

static void xz_end(void *decoder)
{
    lzma_end(decoder);
    free(decoder);
}

const struct source_codec codec_xz = {xz_start, xz_step, xz_end};
