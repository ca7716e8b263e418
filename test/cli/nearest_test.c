/* nearest_test.c -- how far words are apart, and which of some candidates is meant. */
#include "cli/nearest.h"
#include "test/rows.h"

/* clang-format off */
static const struct distance_row { const char *why, *a, *b; uint32_t want; } distance_rows[] = {
    {"the same",                "map",    "map",    0},
    {"a letter added",          "map",    "maps",   1},
    {"a letter dropped",        "map",    "mp",     1},
    {"a letter changed",        "map",    "mop",    1},
    {"two swapped",             "reduce", "reduec", 1},
    {"all of one",              "",       "abc",    3},
    {"nothing of it",           "abc",    "xyz",    3},
    {"an edit inside a swap is two edits", "ca", "abc", 3},
};

static const struct offer_row { const char *why, *typed, *want; } offer_rows[] = {
    {"as it is",              "mapreduce", "mapreduce"},
    {"nearly",                "mapredcue", "mapreduce"},
    {"the nearer one",        "hepl",      "help"},
    {"a third may differ",    "mapxxxuce", "mapreduce"},
    {"more may not",          "mxpxxxuce", NULL},
    {"one of a short word",   "hlp",       "help"},
    {"something else",        "frobnicate", NULL},
};
/* clang-format on */

Test(nearest, distance)
{
    FOR_ROWS (row, distance_rows) {
        ROW_EQ(row, nearest_distance(slice_text(row->a), slice_text(row->b)), row->want);
        ROW_EQ(row, nearest_distance(slice_text(row->b), slice_text(row->a)), row->want);
    }
    uint8_t longer[NEAREST_WORD_MAX + 1] = {0};
    struct slice too_long = slice_of(longer, sizeof longer);
    cr_expect(nearest_distance(too_long, too_long) == UINT32_MAX, "too long is never near");
}

Test(nearest, offer)
{
    FOR_ROWS (row, offer_rows) {
        struct nearest nearest = {.typed = slice_text(row->typed)};
        nearest_offer(&nearest, "heap");
        nearest_offer(&nearest, "help");
        nearest_offer(&nearest, "mapreduce");
        bool same = row->want == NULL
                        ? nearest.best == NULL
                        : nearest.best != NULL && strcmp(nearest.best, row->want) == 0;
        cr_expect(same, "%s: it is %s, not %s", row->why, nearest.best, row->want);
    }
}
