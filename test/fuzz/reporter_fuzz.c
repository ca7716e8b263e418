/* reporter_fuzz.c -- any bytes on a command's stderr, in any two pieces: the same outcome. */
#include "work/child/reporter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bounds(struct reporter *reporter)
{
    uint32_t count;
    const struct child_counter *counters = reporter_counters(reporter, &count);
    ASSERT(count <= REPORTER_COUNTERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(memchr(counters[i].group.data, ',', counters[i].group.len) == NULL);
    }
    ASSERT(reporter_status(reporter).len <= REPORTER_STATUS_MAX);
    ASSERT(reporter_tail(reporter).len <= REPORTER_TAIL_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = size > 0 ? data[0] % size : 0;
    struct slice bytes = slice_of(data, size);
    struct reporter *whole = reporter_new(), *parts = reporter_new();
    reporter_feed(whole, bytes);
    reporter_feed(parts, slice_of(data, cut));
    reporter_feed(parts, slice_from(bytes, cut));
    reporter_end(whole);
    reporter_end(parts);
    check_bounds(whole);
    ASSERT(slice_eq(reporter_tail(whole), reporter_tail(parts)));
    ASSERT(slice_eq(reporter_status(whole), reporter_status(parts)));
    reporter_free(whole);
    reporter_free(parts);
    return 0;
}
