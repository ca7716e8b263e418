/* request_fuzz.c -- a stranger's bytes: never read past their end, and the same requests however
 * they are cut. */
#include "test/core/resp/request_fixture.c" /* fuzz targets are linked with src/ alone */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const struct request_limits limits = {.arguments_max = 1000,
                                          .bulk_bytes_max = 1000,
                                          .line_bytes_max = 1 << 20,
                                          .stranger = data[0] % 2 == 1};
    struct buffer whole = {0}, cut = {0};
    request_fixture_read(slice_of(data + 2, size - 2), 0, &limits, &whole);
    request_fixture_read(slice_of(data + 2, size - 2), 1 + data[1] % 64, &limits, &cut);
    ASSERT(slice_eq(buffer_slice(&whole), buffer_slice(&cut)));
    buffer_free(&whole);
    buffer_free(&cut);
    return 0;
}
