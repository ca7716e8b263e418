/*
 * source.h -- the bytes of one input, decompressed on the way where its first bytes say so.
 *
 * gzip, zstd, xz and bzip2 are known, each also as several compressed streams in one file. Zero
 * bytes behind a stream are padding; anything else there is damage. A source works in the scratch
 * buffer that it is given, and in the window that a compressed file asks for, which is refused
 * beyond the limit.
 */
#pragma once

#include "io/process.h"

enum source_kind { SOURCE_PLAIN, SOURCE_GZIP, SOURCE_ZSTD, SOURCE_XZ, SOURCE_BZIP2 };

enum {
    SOURCE_MAGIC_BYTES_MAX = 6,
    SOURCE_SCRATCH_BYTES_MIN = 64,
    SOURCE_WINDOW_BYTES_MAX = 128 << 20
};

struct source_codec; /* one row of the table in codec.h */

struct source_limits {               /* zeroed: none but the format's */
    const struct process_stop *stop; /* ends the waiting for a pipe; borrowed */
    size_t window_bytes_max;         /* to decompress in; 0: SOURCE_WINDOW_BYTES_MAX */
};

struct source {
    struct source_limits limits;
    struct file file;
    enum source_kind kind;
    uint8_t *scratch; /* borrowed */
    size_t scratch_bytes;
    size_t at, got;                   /* of scratch: what was read and not used yet */
    uint64_t offset, end;             /* in the file: the next byte to read, and where to stop */
    const struct source_codec *codec; /* NULL: plain */
    void *decoder;                    /* of the codec, while inside a stream */
    bool by_offset;                   /* read at offsets, not in sequence */
    bool is_stream;                   /* reading may have to wait for somebody */
    bool at_end, keep_open;
};

/* What the first bytes of a file say. `name` decides only where `first` is the whole file and ends
 * inside of a magic: "a.gz" of one byte is a truncated gzip file, not text. */
enum source_kind source_kind_of(struct slice first, struct slice name);

/* The whole of `path` from its start, or of standard input ("-"). `path` and `scratch` are borrowed
 * until source_close. ERR_CANCELLED: stopped while it waited. */
MUST_USE enum err source_open(const char *path, uint8_t *scratch, size_t scratch_bytes,
                              const struct source_limits *limits, struct source *source,
                              struct fault *fault);

/* The bytes from `offset` to `end` of a plain file, as they are. */
MUST_USE enum err source_open_range(const char *path, struct source *source, struct fault *fault);
void source_set_range(struct source *source, uint64_t offset, uint64_t end);

/* Up to `size` bytes; less only at the end, and `*got` 0 there. ERR_CORRUPT: the compressed data is
 * damaged or cut off; `*got` bytes before that are good. */
MUST_USE enum err source_read(struct source *source, void *to, size_t size, size_t *got,
                              struct fault *fault);

/* As stored: compressed bytes of the file that were used up so far. */
uint64_t source_offset(const struct source *source);

void source_close(struct source *source); /* a zeroed or closed one is fine */
