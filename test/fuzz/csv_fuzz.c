/*
 * csv_fuzz.c -- csv records of any bytes: the same however the bytes are cut into blocks and
 * portions. The first byte of the input chooses where to cut.
 */
#include "work/read/record_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *take(const struct record_rule *rule, struct slice *rest)
{
    struct slice record;
    if (!record_next(rule, rest, &record)) return NULL;
    ASSERT(record.len > 0);
    ASSERT(record.data + record.len <= rest->data);
    return record.data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct record_rule rule = {.format = FORMAT_CSV};
    struct slice text = slice_of(data + 1, size - 1);
    size_t cut = data[0] % (text.len + 1);

    struct csv_scan straight = {0}, in_two = {0};
    csv_scan_skip(&straight, text.data, text.data + text.len);
    csv_scan_skip(&in_two, text.data, text.data + cut);
    csv_scan_skip(&in_two, text.data + cut, text.data + text.len);
    ASSERT(straight.place == in_two.place);

    size_t whole = record_whole_bytes(&rule, slice_of(text.data, cut));
    ASSERT(whole <= cut);
    struct slice all = text, front = slice_of(text.data, whole), back = slice_from(text, whole);
    for (;;) {
        const uint8_t *want = take(&rule, &all), *got = take(&rule, &front);
        if (got == NULL) got = take(&rule, &back);
        ASSERT(got == want);
        if (want == NULL) return 0;
    }
}
