/*
 * nearest.h -- which known word did somebody mean?
 *
 * By edits: a letter added, dropped, changed, or two neighbours swapped (optimal string alignment).
 */
#pragma once

#include "base/base.h"

enum { NEAREST_WORD_MAX = 64 };

/* How many edits part `a` and `b`. A word longer than NEAREST_WORD_MAX is as far as can be. */
uint32_t nearest_distance(struct slice a, struct slice b);

/* The best of some candidates, offered one after the other. Begin with {.typed = …}. */
struct nearest {
    struct slice typed;
    const char *best; /* NULL: none was near enough: a third of the letters may differ */
    uint32_t distance;
};

void nearest_offer(struct nearest *nearest, const char *candidate);
