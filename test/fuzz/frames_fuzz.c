/* frames_fuzz.c -- any bytes as a child's output, frames or lines: whatever is taken lies in them.
 */
#include "work/child/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 300 };

static void check_inside(struct slice part, struct slice whole)
{
    ASSERT(part.data >= whole.data);
    ASSERT(part.data + part.len <= whole.data + whole.len);
}

static void decode(enum child_framing framing, struct slice bytes, bool ended)
{
    struct pair_decoder decoder = {.framing = framing, .bytes_max = BYTES_MAX};
    struct slice rest = bytes, key, value;
    struct fault fault;
    bool got = true;
    while (got) {
        size_t before = rest.len;
        if (pair_next(&decoder, &rest, ended, &key, &value, &got, &fault) != ERR_OK) return;
        if (!got) break;
        ASSERT(rest.len < before);
        ASSERT(key.len + value.len <= BYTES_MAX);
        check_inside(key, bytes);
        check_inside(value, bytes);
    }
    ASSERT(!ended || rest.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    for (int ended = 0; ended < 2 && size > 0; ended++) {
        decode(FRAMING_LINES, bytes, ended == 1);
        decode(FRAMING_FRAMES, bytes, ended == 1);
    }
    return 0;
}
