/* request_fixture.c -- see request_fixture.h. */
#include <stdlib.h>

#include "test/core/resp/request_fixture.h"

const struct request_limits request_usual = {
    .arguments_max = INT32_MAX, .bulk_bytes_max = 512 << 20, .line_bytes_max = 65536};

static void show(const struct request_reader *reader, struct buffer *out)
{
    const struct slice *arguments = request_arguments(reader);
    buffer_append_byte(out, '[');
    for (uint32_t i = 0; i < request_count(reader); i++) {
        if (i > 0) buffer_append_byte(out, '|');
        buffer_append(out, arguments[i]);
    }
    buffer_append_byte(out, ']');
}

/* All that is whole in `bytes`; how many were used. The copy is exact, so that a sanitizer sees
 * every byte that is read past it, and is gone afterwards. */
static size_t read_some(struct request_reader *reader, struct slice bytes,
                        const struct request_limits *limits, struct buffer *out, bool *bad)
{
    uint8_t *copy = malloc(bytes.len);
    ASSERT(copy != NULL);
    memcpy(copy, bytes.data, bytes.len);
    size_t at = 0, used;
    char error[REQUEST_ERROR_MAX];
    while (at < bytes.len && !*bad) {
        enum request_status status =
            request_read(reader, slice_of(copy + at, bytes.len - at), limits, &used, error);
        if (status == REQUEST_WHOLE) show(reader, out);
        if (status == REQUEST_BAD) buffer_append_format(out, "!%s", error);
        *bad = status == REQUEST_BAD;
        if (status != REQUEST_WHOLE) {
            ASSERT(*bad || !reader->inside_bulk || request_wanted(reader) > bytes.len - at);
            break;
        }
        ASSERT(used > 0 && used <= bytes.len - at);
        at += used;
    }
    request_restart(reader);
    free(copy);
    return at;
}

void request_fixture_read(struct slice bytes, size_t step, const struct request_limits *limits,
                          struct buffer *out)
{
    struct request_reader reader = {0};
    bool bad = false;
    size_t from = 0;
    if (step == 0) step = bytes.len;
    for (size_t to = step; !bad && from < bytes.len; to += step) {
        if (to > bytes.len) to = bytes.len;
        from += read_some(&reader, slice_of(bytes.data + from, to - from), limits, out, &bad);
        if (to == bytes.len) break;
    }
    request_reader_free(&reader);
}
