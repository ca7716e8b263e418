/* output_fixture.c -- see output_fixture.h. */
#include "test/work/output/output_fixture.h"

#include <criterion/criterion.h>
#include <zlib.h>
#include <zstd.h>

#include "io/file.h"

enum { READ_BYTES = 1 << 16 };

static void read_raw(const char *path, struct buffer *out)
{
    struct file file;
    struct fault fault;
    size_t got;
    cr_assert_eq(file_open_read(path, &file, &fault), ERR_OK, "%s", fault.text);
    do {
        uint8_t *to = buffer_reserve(out, READ_BYTES);
        cr_assert_eq(file_read(&file, to, READ_BYTES, &got, &fault), ERR_OK);
        out->len += got;
    } while (got > 0);
    file_close(&file);
}

static void read_gzip(struct slice packed, struct buffer *out)
{
    z_stream stream = {.next_in = (z_const Bytef *)packed.data, .avail_in = (uInt)packed.len};
    cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    int state;
    do {
        stream.next_out = buffer_reserve(out, READ_BYTES);
        stream.avail_out = READ_BYTES;
        state = inflate(&stream, Z_NO_FLUSH);
        cr_assert(state == Z_OK || state == Z_STREAM_END, "inflate says %d", state);
        out->len += READ_BYTES - stream.avail_out;
    } while (state != Z_STREAM_END);
    cr_assert_eq(stream.avail_in, 0, "one stream, and nothing behind it");
    (void)inflateEnd(&stream);
}

static void read_zstd(struct slice packed, struct buffer *out)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {packed.data, packed.len, 0};
    size_t left;
    do {
        ZSTD_outBuffer to = {buffer_reserve(out, READ_BYTES), READ_BYTES, 0};
        left = ZSTD_decompressStream(context, &to, &in);
        cr_assert(!ZSTD_isError(left), "%s", ZSTD_getErrorName(left));
        cr_assert(left == 0 || to.pos > 0 || in.pos < in.size, "the stream is cut");
        out->len += to.pos;
    } while (left != 0);
    cr_assert_eq(in.pos, in.size, "one stream, and nothing behind it");
    (void)ZSTD_freeDCtx(context);
}

void fixture_read_output(const char *path, enum compression compress, struct buffer *out)
{
    struct buffer raw = {0};
    read_raw(path, &raw);
    switch (compress) {
    case COMPRESSION_NONE: buffer_append(out, buffer_slice(&raw)); break;
    case COMPRESSION_GZ: read_gzip(buffer_slice(&raw), out); break;
    case COMPRESSION_ZST: read_zstd(buffer_slice(&raw), out); break;
    }
    buffer_free(&raw);
}
