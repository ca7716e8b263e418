/*
 * json_records_fuzz.c -- records of every format but csv, from any bytes. The first byte of the
 * input chooses the format, the second where to cut.
 */
#include "work/read/record_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum record_format formats[] = {FORMAT_JSON, FORMAT_LINES, FORMAT_TSV,
                                                 FORMAT_FIXED};
    if (size < 3) return 0;
    struct record_rule rule = {formats[data[0] % COUNT_OF(formats)], 1u + data[0] / 4};
    struct slice text = slice_of(data + 2, size - 2);
    size_t cut = data[1] % (text.len + 1);
    size_t whole = record_whole_bytes(&rule, slice_of(text.data, cut));
    ASSERT(whole <= cut);

    struct slice all = text, front = slice_of(text.data, whole), back = slice_from(text, whole);
    for (;;) {
        struct slice want, got;
        bool more = record_next(&rule, &all, &want);
        bool same = record_next(&rule, &front, &got) || record_next(&rule, &back, &got);
        ASSERT(more == same);
        if (!more) return 0;
        ASSERT(got.data == want.data);
        ASSERT(got.len == want.len);
        bool is_line = rule.format != FORMAT_FIXED;
        ASSERT(!is_line || want.len == 0 || memchr(want.data, '\n', want.len) == NULL);
    }
}
