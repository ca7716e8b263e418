/* zset_test.c -- sorted sets: rows, and random changes against a plain sorted array. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/store/zset.h"
#include "core/store/zset_tree.h"
#include "test/core/store/room_fixture.h"
#include "test/random.h"
#include "test/rows.h"

static struct slice text_of(char text[32], const char *format, unsigned number)
{
    return slice_of(text, (size_t)snprintf(text, 32, format, number));
}

static enum zset_done add(struct room *room, struct zset *zset, const char *member, double score)
{
    return zset_add(room, zset, slice_text(member), &score, 0);
}

/* --- what an addition does -------------------------------------------------------------------- */

/* clang-format off */
static const struct add_row {
    const char *why;
    double old; /* NaN: it is not there */
    double score;
    unsigned how;
    enum zset_done done;
    double now; /* NaN: it is not there */
} add_rows[] = {
    {"a new member is added",             NAN, 5, 0,                    ZSET_ADDED,   5},
    {"another score is an update",        3,   5, 0,                    ZSET_UPDATED, 5},
    {"the same score is the same",        5,   5, 0,                    ZSET_SAME,    5},
    {"NX keeps one that is there",        3,   5, ZSET_NX,              ZSET_REFUSED, 3},
    {"NX adds one that is not",           NAN, 5, ZSET_NX,              ZSET_ADDED,   5},
    {"XX adds nothing",                   NAN, 5, ZSET_XX,              ZSET_REFUSED, NAN},
    {"XX changes one that is there",      3,   5, ZSET_XX,              ZSET_UPDATED, 5},
    {"GT goes up",                        3,   5, ZSET_GT,              ZSET_UPDATED, 5},
    {"GT does not go down",               6,   5, ZSET_GT,              ZSET_REFUSED, 6},
    {"GT refuses the same",               5,   5, ZSET_GT,              ZSET_REFUSED, 5},
    {"GT adds a new one",                 NAN, 5, ZSET_GT,              ZSET_ADDED,   5},
    {"LT goes down",                      6,   5, ZSET_LT,              ZSET_UPDATED, 5},
    {"LT does not go up",                 3,   5, ZSET_LT,              ZSET_REFUSED, 3},
    {"INCR adds up",                      3,   5, ZSET_INCR,            ZSET_UPDATED, 8},
    {"INCR of a new one counts from 0",   NAN, 5, ZSET_INCR,            ZSET_ADDED,   5},
    {"INCR by nothing is the same",       3,   0, ZSET_INCR,            ZSET_SAME,    3},
    {"INCR with GT looks at the sum",     3,  -5, ZSET_INCR | ZSET_GT,  ZSET_REFUSED, 3},
    {"infinity less infinity is refused", INFINITY, -INFINITY, ZSET_INCR, ZSET_NAN, INFINITY},
};
/* clang-format on */

static void expect_add(const struct add_row *row, unsigned others)
{
    struct room room;
    room_fixture(&room);
    struct zset *zset = zset_new(&room);
    for (unsigned i = 0; i < others; i++) {
        char text[32];
        double score = i;
        zset_add(&room, zset, text_of(text, "other-%u", i), &score, 0);
    }
    if (!isnan(row->old)) add(&room, zset, "m", row->old);
    double score = row->score, now = NAN;
    ROW_EQ(row, zset_add(&room, zset, SLICE("m"), &score, row->how), row->done);
    ROW_EQ(row, zset_score(zset, SLICE("m"), &now), !isnan(row->now));
    if (!isnan(row->now)) cr_expect(now == row->now, "%s: %f", row->why, now);
    if (row->done == ZSET_ADDED || row->done == ZSET_UPDATED)
        cr_expect(score == row->now, "%s: told %f", row->why, score);
    zset_check(zset);
    zset_free(&room, zset);
    room_fixture_check_empty(&room);
}

Test(zset, adds_as_asked)
{
    FOR_ROWS (row, add_rows) {
        expect_add(row, 0);
        expect_add(row, 300);
    }
}

/* clang-format off */
static const struct form_row {
    const char *why;
    unsigned others;
    unsigned bytes; /* of the member that is added then */
    const char *encoding;
} form_rows[] = {
    {"128 members are the most in a pack", 127, 5,  "listpack"},
    {"the 129th makes a skiplist",         128, 5,  "skiplist"},
    {"64 bytes are the longest in a pack", 1,   64, "listpack"},
    {"65 bytes make a skiplist",           1,   65, "skiplist"},
};
/* clang-format on */

Test(zset, takes_redis_forms)
{
    FOR_ROWS (row, form_rows) {
        struct room room;
        room_fixture(&room);
        struct zset *zset = zset_new(&room);
        char text[32];
        uint8_t member[65];
        memset(member, 'x', sizeof member);
        for (unsigned i = 0; i < row->others; i++) {
            double score = 1;
            zset_add(&room, zset, text_of(text, "%u", i), &score, 0);
        }
        double score = 2;
        zset_add(&room, zset, slice_of(member, row->bytes), &score, 0);
        ROW_BYTES_EQ(row, slice_text(zset_encoding(zset)), row->encoding);
        ROW_EQ(row, zset_count(zset), row->others + 1);
        zset_check(zset);
        zset_free(&room, zset);
        room_fixture_check_empty(&room);
    }
}

Test(zset, keeps_every_score_as_it_is)
{
    static const double scores[] = {0,   -0.0,  1,      -1,           127,           -128,
                                    128, 32767, -32769, 2147483647.0, -2147483648.0, 2147483648.0,
                                    0.1, 1e300, 5e-324, INFINITY,     -INFINITY};
    struct room room;
    room_fixture(&room);
    for (size_t i = 0; i < COUNT_OF(scores); i++) {
        struct zset *zset = zset_new(&room);
        add(&room, zset, "m", scores[i]);
        double score = 99;
        cr_expect(zset_score(zset, SLICE("m"), &score));
        cr_expect(score == scores[i], "%g became %g", scores[i], score);
        zset_free(&room, zset);
    }
}

/* --- spans ------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct span_row {
    const char *why;
    struct zset_score_range range;
    uint64_t first, count;
} span_rows[] = { /* of a:1 b:2 c:2 d:3 */
    {"everything",                     {-INFINITY, INFINITY, false, false}, 0, 4},
    {"closed bounds are inside",       {1, 3, false, false},                0, 4},
    {"open bounds are outside",        {1, 3, true, true},                  1, 2},
    {"one score, both members",        {2, 2, false, false},                1, 2},
    {"one score, open: nothing",       {2, 2, true, false},                 3, 0},
    {"between scores",                 {1.5, 2.5, false, false},            1, 2},
    {"below all",                      {-5, 0, false, false},               0, 0},
    {"above all",                      {4, 9, false, false},                4, 0},
    {"turned around",                  {3, 1, false, false},                3, 0},
};
static const struct lex_row {
    const char *why;
    struct zset_lex_range range;
    uint64_t first, count;
} lex_rows[] = { /* of a b c d, all with one score */
    {"everything",      {{ZSET_LEX_LOWEST, {0}}, {ZSET_LEX_HIGHEST, {0}}}, 0, 4},
    {"nothing",         {{ZSET_LEX_HIGHEST, {0}}, {ZSET_LEX_LOWEST, {0}}}, 4, 0},
    {"closed",          {{ZSET_LEX_CLOSED, SLICE("b")}, {ZSET_LEX_CLOSED, SLICE("c")}}, 1, 2},
    {"open",            {{ZSET_LEX_OPEN, SLICE("a")}, {ZSET_LEX_OPEN, SLICE("d")}}, 1, 2},
    {"between members", {{ZSET_LEX_OPEN, SLICE("aa")}, {ZSET_LEX_CLOSED, SLICE("cc")}}, 1, 2},
    {"from the empty",  {{ZSET_LEX_CLOSED, SLICE("")}, {ZSET_LEX_OPEN, SLICE("b")}}, 0, 1},
};
/* clang-format on */

static void make_tree(struct room *room)
{
    room->limits.zset_max_listpack_entries = 0;
}

Test(zset, finds_spans_in_both_forms)
{
    for (unsigned form = 0; form < 2; form++) {
        struct room room;
        room_fixture(&room);
        if (form == 1) make_tree(&room);
        struct zset *scored = zset_new(&room), *equal = zset_new(&room);
        static const char *const members[] = {"a", "b", "c", "d"};
        static const double scores[] = {1, 2, 2, 3};
        for (unsigned i = 0; i < 4; i++) {
            add(&room, scored, members[i], scores[i]);
            add(&room, equal, members[i], 7);
        }
        FOR_ROWS (row, span_rows) {
            struct zset_span span = zset_span_of_scores(scored, &row->range);
            ROW_EQ(row, span.first, row->first);
            ROW_EQ(row, span.count, row->count);
        }
        FOR_ROWS (row, lex_rows) {
            struct zset_span span = zset_span_of_members(equal, &row->range);
            ROW_EQ(row, span.first, row->first);
            ROW_EQ(row, span.count, row->count);
        }
        zset_free(&room, scored);
        zset_free(&room, equal);
    }
}

/* --- against a plain model -------------------------------------------------------------------- */

enum { UNIVERSE = 3000 };

struct model {
    bool there[UNIVERSE];
    double scores[UNIVERSE];
    unsigned order[UNIVERSE]; /* of those that are there, once sorted */
    unsigned count;
};

static struct slice member_of(char text[32], unsigned number)
{
    return text_of(text, number % 4 ? "member:%u" : "%u", number);
}

static int compare(const void *a, const void *b, void *context)
{
    const struct model *model = context;
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    if (model->scores[left] != model->scores[right])
        return model->scores[left] < model->scores[right] ? -1 : 1;
    char text_left[32], text_right[32];
    return slice_cmp(member_of(text_left, left), member_of(text_right, right));
}

static void model_sort(struct model *model)
{
    model->count = 0;
    for (unsigned i = 0; i < UNIVERSE; i++)
        if (model->there[i]) model->order[model->count++] = i;
    qsort_r(model->order, model->count, sizeof model->order[0], compare, model);
}

static void expect_item(const struct model *model, unsigned rank, struct zset_item item)
{
    char text[32];
    cr_assert(slice_eq(item.member, member_of(text, model->order[rank])), "rank %u", rank);
    cr_assert(item.score == model->scores[model->order[rank]], "rank %u", rank);
}

static void expect_walks(const struct zset *zset, const struct model *model, struct random *random)
{
    uint64_t first = random_below(random, model->count);
    struct zset_span span = {first, random_below(random, model->count - first + 1)};
    struct zset_walk walk;
    struct zset_item item;
    unsigned rank = (unsigned)first;
    for (zset_walk_begin(&walk, zset, span, false); zset_walk_next(&walk, &item);)
        expect_item(model, rank++, item);
    cr_assert_eq(rank, span.first + span.count);
    for (zset_walk_begin(&walk, zset, span, true); zset_walk_next(&walk, &item);)
        expect_item(model, --rank, item);
    cr_assert_eq(rank, span.first);
}

static void expect_same(const struct zset *zset, struct model *model, struct random *random)
{
    model_sort(model);
    cr_assert_eq(zset_count(zset), model->count);
    zset_check(zset);
    struct zset_walk walk;
    struct zset_item item;
    unsigned rank = 0;
    zset_walk_begin(&walk, zset, (struct zset_span){0, model->count}, false);
    while (zset_walk_next(&walk, &item)) expect_item(model, rank++, item);
    cr_assert_eq(rank, model->count);
    for (unsigned i = 0; i < 20 && model->count > 0; i++) {
        expect_walks(zset, model, random);
        unsigned at = (unsigned)random_below(random, model->count);
        expect_item(model, at, zset_at(zset, at));
    }
}

static void expect_survives_bytes(struct room *room, const struct zset *zset, struct model *model,
                                  struct random *random)
{
    struct buffer bytes = {0};
    uint8_t digest[20] = {0}, digest_again[20] = {0};
    zset_encode(zset, &bytes);
    struct cursor in = cursor_of(buffer_slice(&bytes));
    struct zset *again = zset_decode(room, &in);
    cr_assert(again != NULL);
    cr_expect_eq(cursor_left(&in), 0);
    expect_same(again, model, random);
    zset_digest(zset, digest);
    zset_digest(again, digest_again);
    cr_expect_arr_eq(digest, digest_again, 20);
    zset_free(room, again);
    buffer_free(&bytes);
}

static double score_of(struct random *random, unsigned world)
{
    switch (world % 3) {
    case 0: return (double)random_below(random, 20); /* many equal ones */
    case 1: return (double)(int64_t)random_u64(random) / 1e3;
    default: return 0; /* by members alone */
    }
}

static void change(struct room *room, struct zset *zset, struct model *model, struct random *random,
                   unsigned world, unsigned adds_of_8)
{
    char text[32];
    unsigned number = (unsigned)random_below(random, UNIVERSE);
    struct slice member = member_of(text, number);
    if (random_below(random, 8) >= adds_of_8) {
        cr_assert_eq(zset_remove(room, zset, member), model->there[number]);
        model->there[number] = false;
        return;
    }
    double score = score_of(random, world);
    bool incr = model->there[number] && random_below(random, 4) == 0;
    if (incr) model->scores[number] += score;
    if (!incr) model->scores[number] = score;
    zset_add(room, zset, member, &score, incr ? ZSET_INCR : 0);
    cr_assert(score == model->scores[number]);
    model->there[number] = true;
}

static void remove_span(struct room *room, struct zset *zset, struct model *model,
                        struct random *random)
{
    model_sort(model);
    if (model->count == 0) return;
    uint64_t first = random_below(random, model->count);
    struct zset_span span = {first, random_below(random, model->count - first + 1)};
    zset_remove_span(room, zset, span);
    for (uint64_t i = 0; i < span.count; i++) model->there[model->order[first + i]] = false;
}

static void live(unsigned world, unsigned steps, struct model *model)
{
    struct room room;
    room_fixture(&room);
    if (world % 2) make_tree(&room);
    struct random random = {world};
    struct zset *zset = zset_new(&room);
    for (unsigned step = 0; step < steps; step++) {
        change(&room, zset, model, &random, world, step / (steps / 4) % 2 ? 1 : 7);
        if (step % (steps / 12) != 7) continue;
        if (random_below(&random, 3) == 0) remove_span(&room, zset, model, &random);
        expect_same(zset, model, &random);
        if (model->count > 0) expect_survives_bytes(&room, zset, model, &random);
        struct zset *copy = zset_copy(&room, zset);
        zset_free(&room, zset);
        zset = copy;
    }
    expect_same(zset, model, &random);
    zset_free(&room, zset);
    room_fixture_check_empty(&room);
}

Test(zset, does_as_a_sorted_array_does)
{
    for (unsigned world = 0; world < 6; world++) {
        struct model *model = calloc(1, sizeof *model);
        live(world, 12000, model);
        free(model);
    }
    for (unsigned world = 0; world < 40; world++) { /* while small */
        struct model *model = calloc(1, sizeof *model);
        live(world * 2, 120, model);
        free(model);
    }
}

/* What comes in order fills its leaves; what is taken from one end is given back. */
Test(zset, takes_and_gives_in_order)
{
    for (unsigned way = 0; way < 4; way++) {
        struct room room;
        room_fixture(&room);
        make_tree(&room);
        struct zset *zset = zset_new(&room);
        char text[32];
        for (unsigned i = 0; i < 20000; i++) {
            double score = way & 1 ? i : -(double)i;
            zset_add(&room, zset, text_of(text, "%u", i), &score, 0);
        }
        zset_check(zset);
        uint64_t full = 20000 / ZSET_LEAF_MAX * sizeof(struct zset_leaf);
        cr_expect_leq(zset_bytes(zset), full * 5 / 4 + 20000 * (16 + 16));
        while (zset_count(zset) > 0) {
            uint64_t count = zset_count(zset) % 700 + 1;
            if (count > zset_count(zset)) count = zset_count(zset);
            uint64_t first = way & 2 ? 0 : zset_count(zset) - count;
            zset_remove_span(&room, zset, (struct zset_span){first, count});
            zset_check(zset);
        }
        zset_free(&room, zset);
        room_fixture_check_empty(&room);
    }
}

Test(zset, has_one_zero_in_each_form)
{
    for (unsigned form = 0; form < 2; form++) {
        struct room room;
        room_fixture(&room);
        if (form == 1) make_tree(&room);
        struct zset *zset = zset_new(&room);
        add(&room, zset, "new", -0.0);
        add(&room, zset, "old", 1);
        add(&room, zset, "old", -0.0);
        double first = -1, second = -1;
        zset_score(zset, SLICE("new"), &first);
        zset_score(zset, SLICE("old"), &second);
        cr_expect(!signbit(first) && !signbit(second), "form %u", form);
        zset_free(&room, zset);
    }
}

/* --- damaged bytes ---------------------------------------------------------------------------- */

#define ONE          "\0\0\0\0\0\0\xf0\x3f"
#define NOT_A_NUMBER "\0\0\0\0\0\0\xf8\x7f"

/* clang-format off */
static const struct damage_row {
    const char *why;
    struct slice bytes;
} damage_rows[] = {
    {"nothing at all",                 SLICE("")},
    {"an empty zset is never kept",    SLICE("\0")},
    {"fewer items than said",          SLICE("\2" ONE "\1a")},
    {"a count beyond any memory",      SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\x7f" ONE "\1a")},
    {"half a score",                   SLICE("\1\0\0\0")},
    {"a member longer than the bytes", SLICE("\1" ONE "\5ab")},
    {"the same member twice",          SLICE("\2" ONE "\1a" ONE "\1a")},
    {"a score that is no number",      SLICE("\1" NOT_A_NUMBER "\1a")},
};
/* clang-format on */

Test(zset, refuses_damaged_bytes)
{
    FOR_ROWS (row, damage_rows) {
        struct room room;
        room_fixture(&room);
        struct cursor in = cursor_of(row->bytes);
        ROW_EQ(row, zset_decode(&room, &in) == NULL, true);
        room_fixture_check_empty(&room);
    }
}
