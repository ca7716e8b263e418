/* suggest.c -- see suggest.h. */
#include "base/suggest.h"

typedef uint8_t edit_row[SUGGEST_BYTES_MAX + 1];

static uint8_t least(unsigned a, unsigned b, unsigned c)
{
    return (uint8_t)u64_min(a, u64_min(b, c));
}

/* Fill `now`, the row of byte `i` of `a`, from the two rows before it. */
static void edit_row_fill(struct slice a, size_t i, struct slice b, const uint8_t *before,
                          const uint8_t *last, uint8_t *now)
{
    now[0] = (uint8_t)(i + 1);
    for (size_t j = 0; j < b.len; j++) {
        bool changed = a.data[i] != b.data[j];
        now[j + 1] = least(last[j + 1] + 1U, now[j] + 1U, last[j] + (unsigned)changed);
        bool swapped = i > 0 && j > 0 && a.data[i] == b.data[j - 1] && a.data[i - 1] == b.data[j];
        if (swapped && before[j - 1] + 1 < now[j + 1]) now[j + 1] = (uint8_t)(before[j - 1] + 1);
    }
}

static unsigned edit_distance(struct slice a, struct slice b)
{
    edit_row rows[3] = {{0}};
    for (size_t j = 0; j <= b.len; j++) rows[0][j] = (uint8_t)j;
    for (size_t i = 0; i < a.len; i++) {
        edit_row_fill(a, i, b, rows[(i + 2) % 3], rows[i % 3], rows[(i + 1) % 3]);
    }
    return rows[a.len % 3][b.len];
}

struct slice suggest_nearest(struct slice wrong, const char *const *names, size_t count)
{
    struct slice nearest = {0};
    if (wrong.len == 0 || wrong.len > SUGGEST_BYTES_MAX) return nearest;
    unsigned best = (unsigned)(wrong.len + 2) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        struct slice name = slice_text(names[i]);
        if (name.len > SUGGEST_BYTES_MAX) continue;
        unsigned edits = edit_distance(wrong, name);
        if (wrong.len >= 2 && slice_starts_with(name, wrong)) edits = 0;
        if (edits >= best) continue;
        best = edits;
        nearest = name;
    }
    return nearest;
}
