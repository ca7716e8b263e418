/* word_scan.c -- see word_scan.h. A word starts and ends where the mask of its bytes changes. */
#include "work/map/word_scan.h"

void word_scan_begin(struct word_scan *scan, struct slice text)
{
    *scan =
        (struct word_scan){.bytes = text.data, .end = text.data + text.len, .window = text.data};
}

/* The edges of one mask: `open` says that a word reaches into it from the left. */
static inline uint64_t edges_of(uint64_t mask, bool open)
{
    return mask ^ (mask << 1 | open);
}

/* Classify the next window. What lies behind the end of the text counts as white space. */
static bool next_window(struct word_scan *scan)
{
    const uint8_t *start = scan->window + (size_t)scan->masks_count * SPACE_MASK_BYTES;
    if (start >= scan->end) return false;
    size_t left = (size_t)(scan->end - start);
    size_t count = u64_min((left + SPACE_MASK_BYTES - 1) / SPACE_MASK_BYTES, WORD_SCAN_MASKS);
    space_masks(start, count, scan->masks);
    size_t over = count * SPACE_MASK_BYTES > left ? count * SPACE_MASK_BYTES - left : 0;
    scan->masks[count - 1] &= ~0ULL >> over;
    scan->window = start;
    scan->masks_count = (unsigned)count;
    scan->at = 0;
    scan->edges = edges_of(scan->masks[0], scan->word != NULL);
    return true;
}

static bool next_mask(struct word_scan *scan)
{
    if (scan->at + 1 >= scan->masks_count) return next_window(scan);
    scan->at++;
    scan->edges = edges_of(scan->masks[scan->at], scan->word != NULL);
    return true;
}

/* The text ended inside a word, exactly at the end of a mask. */
static size_t take_last(struct word_scan *scan, struct slice *words)
{
    if (scan->word == NULL) return 0;
    *words = slice_of(scan->word, (size_t)(scan->end - scan->word));
    scan->word = NULL;
    return 1;
}

size_t word_scan_take(struct word_scan *scan, struct slice *words, size_t max)
{
    size_t count = 0;
    while (count < max) {
        if (scan->edges == 0) {
            if (next_mask(scan)) continue;
            return count + take_last(scan, words + count);
        }
        const uint8_t *base = scan->window + (size_t)scan->at * SPACE_MASK_BYTES;
        uint64_t edges = scan->edges;
        const uint8_t *word = scan->word;
        while (edges != 0 && count < max) {
            const uint8_t *edge = base + __builtin_ctzll(edges);
            edges &= edges - 1;
            if (word == NULL) {
                word = edge;
                continue;
            }
            words[count++] = slice_of(word, (size_t)(edge - word));
            word = NULL;
        }
        scan->edges = edges;
        scan->word = word;
    }
    return count;
}
