/* word_scan_test.c -- the words of a text against a plain loop: lengths, alignments, batches. */
#include <stdlib.h>

#include "test/random.h"
#include "test/rows.h"
#include "work/map/word_scan.h"

enum { WORDS_MAX = 20000 };

static size_t naive_words(struct slice text, struct slice *words)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len;) {
        size_t end = i;
        while (end < text.len && !byte_is_space(text.data[end])) end++;
        if (end > i) words[count++] = slice_of(text.data + i, end - i);
        i = end > i ? end : i + 1;
    }
    return count;
}

static void check(struct slice text, size_t batch)
{
    static const size_t canary = 0x5a5a;
    struct slice *want = calloc(WORDS_MAX, sizeof *want), *got = calloc(batch + 1, sizeof *got);
    size_t want_count = naive_words(text, want), at = 0, taken;
    struct word_scan scan;
    word_scan_begin(&scan, text);
    got[batch].len = canary;
    while ((taken = word_scan_take(&scan, got, batch)) > 0) {
        cr_assert(taken <= batch);
        for (size_t i = 0; i < taken; i++, at++) {
            cr_assert(at < want_count, "%zu bytes, batch %zu: too many words", text.len, batch);
            cr_assert(got[i].data == want[at].data && got[i].len == want[at].len,
                      "%zu bytes, batch %zu: word %zu of %zu bytes, not %zu", text.len, batch, at,
                      got[i].len, want[at].len);
        }
    }
    cr_assert_eq(at, want_count, "%zu bytes, batch %zu: %zu words, not %zu", text.len, batch, at,
                 want_count);
    cr_assert_eq(got[batch].len, canary, "nothing is written behind the batch");
    cr_assert_eq(word_scan_take(&scan, got, batch), 0, "the end stays the end");
    free(want);
    free(got);
}

/* Bytes behind the text are letters: they must not become part of a word. */
static uint8_t *random_text(struct random *random, size_t len, uint64_t word_max)
{
    uint8_t *bytes = malloc(len + SPACE_MASK_BYTES);
    memset(bytes, 'z', len + SPACE_MASK_BYTES);
    for (size_t i = 0; i < len;) {
        size_t word = random_below(random, word_max + 1), gap = 1 + random_below(random, 3);
        for (; word > 0 && i < len; word--) bytes[i++] = (uint8_t)(0x21 + random_below(random, 94));
        for (; gap > 0 && i < len; gap--)
            bytes[i++] = (uint8_t) " \t\n\v\f\r"[random_below(random, 6)];
    }
    return bytes;
}

Test(word_scan, every_length_and_alignment)
{
    struct random random = {4};
    for (size_t len = 0; len <= 260; len++) {
        for (size_t start = 0; start < 4; start++) {
            uint8_t *bytes = random_text(&random, len + start, start == 0 ? 90 : 5);
            check(slice_of(bytes + start, len), 1 + len % 7);
            free(bytes);
        }
    }
}

Test(word_scan, every_batch_over_window_edges)
{
    struct random random = {5};
    size_t window = (size_t)WORD_SCAN_MASKS * SPACE_MASK_BYTES;
    static const int64_t past[] = {-65, -64, -63, -1, 0, 1, 63, 64, 65};
    for (size_t windows = 1; windows <= 2; windows++) {
        for (size_t p = 0; p < COUNT_OF(past); p++) {
            size_t len = (size_t)((int64_t)(window * windows) + past[p]);
            uint8_t *bytes = random_text(&random, len, p % 2 == 0 ? 8 : 200);
            for (size_t batch = 1; batch <= 1024; batch = batch * 3 + p % 3) {
                check(slice_of(bytes, len), batch);
            }
            free(bytes);
        }
    }
}

Test(word_scan, one_word_and_no_word)
{
    for (size_t len = 0; len <= 10000; len += len < 200 ? 1 : 997) {
        uint8_t *bytes = malloc(len + SPACE_MASK_BYTES);
        memset(bytes, 'w', len + SPACE_MASK_BYTES);
        check(slice_of(bytes, len), 3);
        memset(bytes, ' ', len);
        check(slice_of(bytes, len), 3);
        free(bytes);
    }
    check((struct slice){0}, 1);
}
