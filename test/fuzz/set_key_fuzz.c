/* set_key_fuzz.c -- any bytes as a joined key: what comes apart can be joined to the same again. */
#include "work/shuffle/set_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_joined(struct slice key, struct slice value, struct slice want)
{
    struct buffer joined = {0};
    set_key_join(key, value, &joined);
    ASSERT(slice_eq(buffer_slice(&joined), want));
    buffer_free(&joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size), escaped, value;
    if (!set_key_split(bytes, &escaped, &value)) return 0;
    ASSERT(escaped.len + value.len == size);
    struct buffer key = {0};
    set_key_unescape(escaped, &key);
    ASSERT(key.len < escaped.len);
    check_joined(buffer_slice(&key), value, bytes);
    buffer_free(&key);
    return 0;
}
