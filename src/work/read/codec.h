/*
 * codec.h -- what a compression format has to bring: one stream of it, from bytes to bytes.
 */
#pragma once

#include "work/read/source.h"

/* Input not used yet and room not filled yet; a step moves both forward. */
struct codec_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

enum codec_step {
    CODEC_MORE, /* wants input or room; a step that moves neither wants input */
    CODEC_END,  /* the stream is complete and its checksum is right */
    CODEC_DAMAGED,
    CODEC_WINDOW_TOO_LARGE
};

struct source_codec {
    void *(*start)(size_t window_bytes_max); /* a decoder at the start of a stream */
    enum codec_step (*step)(void *decoder, struct codec_io *io);
    void (*end)(void *decoder);
};

extern const struct source_codec codec_gzip, codec_zstd, codec_xz, codec_bzip2;
