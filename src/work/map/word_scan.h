/*
 * word_scan.h -- the words of a text: maximal runs of bytes that are not white space.
 */
#pragma once

#include "base/space.h"

enum { WORD_SCAN_MASKS = 64 }; /* 4 KiB of text are classified at a time */

struct word_scan {
    const uint8_t *bytes, *end;
    const uint8_t *window;    /* where masks[0] begins */
    const uint8_t *word;      /* the start of a word that is not ended yet; NULL: none */
    unsigned masks_count, at; /* masks of the window, and the one being taken apart */
    uint64_t edges;           /* of masks[at]: bits where a word starts or ends, not yet taken */
    uint64_t masks[WORD_SCAN_MASKS];
};

/* The text is borrowed until the scan is over; SPACE_MASK_BYTES behind it must be readable. */
void word_scan_begin(struct word_scan *scan, struct slice text);

/* The next words, at most `max`. Returns how many; 0: no more. */
size_t word_scan_take(struct word_scan *scan, struct slice *words, size_t max);
