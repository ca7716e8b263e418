/*
 * gzip_fuzz.c -- a file of any bytes through the decompressors: it ends, or is said to be damaged,
 * and the same whether it is read in large or in tiny portions.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "work/read/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_BYTES_MAX = 1 << 20, PORTION_BYTES_MAX = 4096 }; /* a small file may unpack to a lot */

static enum err read_all(const char *path, size_t scratch_bytes, size_t portion_bytes,
                         struct buffer *text, enum source_kind *kind)
{
    uint8_t scratch[PORTION_BYTES_MAX], portion[PORTION_BYTES_MAX];
    struct source source;
    struct fault fault;
    const struct source_limits limits = {0};
    enum err err = source_open(path, scratch, scratch_bytes, &limits, &source, &fault);
    for (size_t got = 1; err == ERR_OK && got > 0 && text->len < TEXT_BYTES_MAX;) {
        err = source_read(&source, portion, portion_bytes, &got, &fault);
        buffer_append(text, slice_of(portion, got));
    }
    *kind = source.kind;
    source_close(&source);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ASSERT(fd >= 0);
    ssize_t written = write(fd, data, size);
    ASSERT(written == (ssize_t)size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct buffer large = {0}, tiny = {0};
    enum source_kind kind;
    enum err err_large = read_all(path, PORTION_BYTES_MAX, PORTION_BYTES_MAX, &large, &kind);
    enum err err_tiny = read_all(path, SOURCE_SCRATCH_BYTES_MIN, 7, &tiny, &kind);
    bool both = err_large == ERR_OK && err_tiny == ERR_OK;
    if (large.len < TEXT_BYTES_MAX && tiny.len < TEXT_BYTES_MAX) {
        /* libzstd lets a frame pass that is empty in an odd way when it comes in pieces, and calls
         * it damaged when it comes at once. Of damaged data, how much comes out before the damage
         * is seen is the library's affair too. */
        ASSERT(kind == SOURCE_ZSTD || err_large == err_tiny);
        ASSERT(!both || slice_eq(buffer_slice(&large), buffer_slice(&tiny)));
    }
    buffer_free(&large);
    buffer_free(&tiny);
    (void)close(fd);
    return 0;
}
