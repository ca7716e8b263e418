/* nearest.c -- see nearest.h. */
#include "cli/nearest.h"

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t low = a < b ? a : b;
    return low < c ? low : c;
}

uint32_t nearest_distance(struct slice a, struct slice b)
{
    if (a.len > NEAREST_WORD_MAX || b.len > NEAREST_WORD_MAX) return UINT32_MAX;
    /* rows[i][j]: from the first i letters of a to the first j of b. */
    uint32_t rows[NEAREST_WORD_MAX + 1][NEAREST_WORD_MAX + 1];
    for (uint32_t i = 0; i <= a.len; i++) rows[i][0] = i;
    for (uint32_t j = 0; j <= b.len; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        for (size_t j = 1; j <= b.len; j++) {
            uint32_t change = a.data[i - 1] == b.data[j - 1] ? 0 : 1;
            uint32_t best =
                min3(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change);
            bool swapped =
                i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1];
            if (swapped) best = min3(best, rows[i - 2][j - 2] + 1, UINT32_MAX);
            rows[i][j] = best;
        }
    }
    return rows[a.len][b.len];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    uint32_t distance = nearest_distance(nearest->typed, slice_text(candidate));
    size_t allowed = u64_max(1, nearest->typed.len / 3);
    if (distance > allowed) return;
    if (nearest->best != NULL && distance >= nearest->distance) return;
    nearest->best = candidate;
    nearest->distance = distance;
}
