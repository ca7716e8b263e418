/* set_test.c -- sets: their forms in rows, and random changes against a plain array. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/store/set.h"
#include "test/core/store/room_fixture.h"
#include "test/random.h"
#include "test/rows.h"

static struct slice text_of(char text[32], const char *format, unsigned number)
{
    return slice_of(text, (size_t)snprintf(text, 32, format, number));
}

static void add_many(struct room *room, struct set *set, const char *format, unsigned count)
{
    char text[32];
    for (unsigned i = 0; i < count; i++) set_add(room, set, text_of(text, format, i));
}

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* clang-format off */
static const struct form_row {
    const char *why;
    unsigned integers, texts; /* added first */
    const char *then;         /* then this */
    const char *encoding;
    unsigned count;
} form_rows[] = {
    {"integers alone stay integers",             3,   0, "-7",         "intset",    4},
    {"the widest integer fits",                  3,   0, "-9223372036854775808", "intset", 4},
    {"an integer out of range is text",          3,   0, "9223372036854775808", "listpack", 4},
    {"a leading zero makes it text",             3,   0, "01",         "listpack",  4},
    {"512 integers are the most",                511, 0, "511",        "intset",    512},
    {"one integer more is a table",              512, 0, "512",        "hashtable", 513},
    {"one that is there already is none more",   512, 0, "511",        "intset",    512},
    {"127 integers and a text are a pack",       127, 0, "a",          "listpack",  128},
    {"128 integers and a text are a table",      128, 0, "a",          "hashtable", 129},
    {"an integer may join a pack",               0,   3, "5",          "listpack",  4},
    {"128 texts are the most in a pack",         0, 127, "z",          "listpack",  128},
    {"the 129th makes a table",                  0, 128, "z",          "hashtable", 129},
    {"64 bytes are the longest in a pack",       0,   1, LONG_64,      "listpack",  2},
    {"65 bytes make a table",                    0,   1, LONG_64 "x",  "hashtable", 2},
    {"so they do after integers",                1,   0, LONG_64 "x",  "hashtable", 2},
    {"the empty text is a member",               0,   0, "",           "listpack",  1},
};
/* clang-format on */

Test(set, takes_redis_forms)
{
    FOR_ROWS (row, form_rows) {
        struct room room;
        room_fixture(&room);
        struct set *set = set_new(&room);
        add_many(&room, set, "%u", row->integers);
        add_many(&room, set, "member-%u", row->texts);
        set_add(&room, set, slice_text(row->then));
        ROW_BYTES_EQ(row, slice_text(set_encoding(set)), row->encoding);
        ROW_EQ(row, set_count(set), row->count);
        ROW_EQ(row, set_has(set, slice_text(row->then)), true);
        ROW_EQ(row, set_has(set, SLICE("never added")), false);
        set_check(set);
        set_free(&room, set);
        room_fixture_check_empty(&room);
    }
}

Test(set, leaves_its_form_when_many_are_expected)
{
    struct room room;
    room_fixture(&room);
    struct set *set = set_new(&room);
    set_expect(&room, set, 512);
    cr_expect_str_eq(set_encoding(set), "intset");
    set_expect(&room, set, 513);
    cr_expect_str_eq(set_encoding(set), "hashtable");
    set_free(&room, set);
}

/* --- against a plain model -------------------------------------------------------------------- */

enum { UNIVERSE = 700 };

struct model {
    bool there[UNIVERSE];
    unsigned count;
};

/* Integers of all widths, and texts among them when `mixed`. */
static struct slice member_of(char text[32], unsigned number, bool mixed)
{
    if (mixed && number % 3 == 0) return text_of(text, "text:%u", number);
    if (number % 5 == 0) return text_of(text, "-%u00000000", number + 1);
    return text_of(text, number % 2 ? "%u" : "%u7777", number);
}

static void expect_same(const struct set *set, const struct model *model, bool mixed)
{
    char text[32];
    cr_assert_eq(set_count(set), model->count);
    for (unsigned i = 0; i < UNIVERSE; i++)
        cr_assert_eq(set_has(set, member_of(text, i, mixed)), model->there[i], "member %u", i);
    set_check(set);
}

static void expect_survives_bytes(struct room *room, const struct set *set,
                                  const struct model *model, bool mixed)
{
    struct buffer bytes = {0};
    uint8_t digest[20] = {0}, digest_again[20] = {0};
    set_encode(set, &bytes);
    struct cursor in = cursor_of(buffer_slice(&bytes));
    struct set *again = set_decode(room, &in);
    cr_assert(again != NULL);
    cr_expect_eq(cursor_left(&in), 0);
    expect_same(again, model, mixed);
    set_digest(set, digest);
    set_digest(again, digest_again);
    cr_expect_arr_eq(digest, digest_again, 20);
    set_free(room, again);
    buffer_free(&bytes);
}

static void change(struct room *room, struct set *set, struct model *model, struct random *random,
                   bool mixed, unsigned adds_of_8)
{
    char text[32];
    unsigned number = (unsigned)random_below(random, UNIVERSE);
    struct slice member = member_of(text, number, mixed);
    bool was = model->there[number];
    if (random_below(random, 8) < adds_of_8) {
        cr_assert_eq(set_add(room, set, member), !was);
        model->there[number] = true;
    } else {
        cr_assert_eq(set_remove(room, set, member), was);
        model->there[number] = false;
    }
    model->count += (unsigned)model->there[number] - (unsigned)was;
}

Test(set, does_as_a_plain_array_does)
{
    for (unsigned world = 0; world < 8; world++) {
        struct room room;
        room_fixture(&room);
        struct random random = {world};
        struct model model = {0};
        bool mixed = world % 2;
        struct set *set = set_new(&room);
        for (unsigned step = 0; step < 6000; step++) {
            change(&room, set, &model, &random, mixed, step / 1500 % 2 ? 2 : 6);
            if (step % 500 != 499 || model.count == 0) continue;
            expect_same(set, &model, mixed);
            expect_survives_bytes(&room, set, &model, mixed);
            struct set *copy = set_copy(&room, set);
            set_free(&room, set);
            set = copy;
            expect_same(set, &model, mixed);
        }
        set_free(&room, set);
        room_fixture_check_empty(&room);
    }
}

Test(set, gives_every_member_a_chance)
{
    static const struct {
        const char *format;
        unsigned count;
    } worlds[] = {{"%u", 50}, {"m%u", 50}, {"m%u", 300}};
    FOR_ROWS (world, worlds) {
        struct room room;
        room_fixture(&room);
        struct set *set = set_new(&room), *seen = set_new(&room);
        add_many(&room, set, world->format, world->count);
        for (unsigned i = 0; i < 60 * world->count; i++) {
            char scratch[INTEGER_TEXT_MAX];
            struct slice member = set_random(&room, set, scratch);
            cr_assert(set_has(set, member));
            set_add(&room, seen, member);
        }
        cr_expect_eq(set_count(seen), world->count);
        set_free(&room, set);
        set_free(&room, seen);
    }
}

static void collect(void *context, struct slice member)
{
    struct set **seen = context;
    struct room *room = (struct room *)(void *)seen[1];
    set_add(room, seen[0], member);
}

Test(set, is_scanned_whole_while_it_grows)
{
    struct room room;
    room_fixture(&room);
    struct set *set = set_new(&room);
    struct set *seen[2] = {set_new(&room), (struct set *)(void *)&room};
    add_many(&room, set, "m%u", 1000);
    uint64_t cursor = 0;
    unsigned step = 0;
    do {
        char text[32];
        cursor = set_scan(set, cursor, collect, (void *)seen);
        set_add(&room, set, text_of(text, "more%u", step++));
    } while (cursor != 0);
    char text[32];
    for (unsigned i = 0; i < 1000; i++) cr_assert(set_has(seen[0], text_of(text, "m%u", i)));
    set_free(&room, set);
    set_free(&room, seen[0]);
}

/* --- damaged bytes ---------------------------------------------------------------------------- */

/* clang-format off */
static const struct damage_row {
    const char *why;
    struct slice bytes;
} damage_rows[] = {
    {"nothing at all",                     SLICE("")},
    {"an empty set is never kept",         SLICE("\0")},
    {"fewer members than said",            SLICE("\2\1a")},
    {"a count beyond any memory",          SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\x7f\1a")},
    {"a member longer than the bytes",     SLICE("\1\5ab")},
    {"the same member twice",              SLICE("\2\1a\1a")},
    {"the same integer twice",             SLICE("\2\1" "1" "\1" "1")},
};
/* clang-format on */

Test(set, refuses_damaged_bytes)
{
    FOR_ROWS (row, damage_rows) {
        struct room room;
        room_fixture(&room);
        struct cursor in = cursor_of(row->bytes);
        ROW_EQ(row, set_decode(&room, &in) == NULL, true);
        room_fixture_check_empty(&room);
    }
}

Test(set, decodes_any_bytes_or_none)
{
    struct random random = {5};
    for (unsigned i = 0; i < 20000; i++) {
        struct room room;
        room_fixture(&room);
        uint8_t bytes[24];
        for (size_t at = 0; at < sizeof bytes; at++) bytes[at] = (uint8_t)random_below(&random, 8);
        struct cursor in = cursor_of(slice_of(bytes, sizeof bytes));
        struct set *set = set_decode(&room, &in);
        if (set == NULL) continue;
        set_check(set);
        set_free(&room, set);
        room_fixture_check_empty(&room);
    }
}
