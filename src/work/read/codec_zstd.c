/* codec_zstd.c -- zstd frames, skippable ones too. See codec.h. */
#include <zstd.h>
#include <zstd_errors.h>

#include "work/read/codec.h"

enum { ZSTD_WINDOW_LOG_MIN = 10 };

static void *zstd_start(size_t window_bytes_max)
{
    int window_log_max = ZSTD_WINDOW_LOG_MIN;
    while ((size_t)2 << window_log_max <= window_bytes_max) window_log_max++;
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ASSERT(context != NULL);
    size_t failed = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, window_log_max);
    ASSERT(!ZSTD_isError(failed));
    return context;
}

static enum codec_step zstd_step(void *decoder, struct codec_io *io)
{
    ZSTD_inBuffer in = {io->in, io->in_len, 0};
    ZSTD_outBuffer out = {io->out, io->out_len, 0};
    size_t result = ZSTD_decompressStream(decoder, &out, &in);
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    if (result == 0) return CODEC_END;
    if (!ZSTD_isError(result)) return CODEC_MORE;
    ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    return code == ZSTD_error_frameParameter_windowTooLarge ? CODEC_WINDOW_TOO_LARGE
                                                            : CODEC_DAMAGED;
}

static void zstd_end(void *decoder)
{
    (void)ZSTD_freeDCtx(decoder);
}

const struct source_codec codec_zstd = {zstd_start, zstd_step, zstd_end};
