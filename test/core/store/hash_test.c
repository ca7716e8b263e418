/* hash_test.c -- hashes against a plain array of pairs, and when they become a table. */
#include "core/store/hash.h"
#include "test/random.h"
#include "test/rows.h"

enum { ENTRIES_MAX = 8, VALUE_MAX = 20 };

static struct room *room_new(void)
{
    struct room *room = calloc(1, sizeof *room);
    room->limits.hash_max_listpack_entries = ENTRIES_MAX;
    room->limits.hash_max_listpack_value = VALUE_MAX;
    room->prng.state = 1;
    hash_secret_fill(&room->secret, 1);
    return room;
}

static const uint8_t letters[1000] = {'x', 'y'};

/* clang-format off */
static const struct form_row {
    const char *why;
    uint32_t fields;
    size_t field_len, value_len;
    const char *encoding;
} form_rows[] = {
    {"empty is compact",                  0,  5,  5, "listpack"},
    {"as many as the limit are compact",  8,  5,  5, "listpack"},
    {"one more is a table",               9,  5,  5, "hashtable"},
    {"a value at the limit is compact",   1,  5, 20, "listpack"},
    {"a longer value is a table",         1,  5, 21, "hashtable"},
    {"a field at the limit is compact",   1, 20,  5, "listpack"},
    {"a longer field is a table",         1, 21,  5, "hashtable"},
};
/* clang-format on */

Test(hash_value, forms)
{
    FOR_ROWS (row, form_rows) {
        struct room *room = room_new();
        struct hash *hash = hash_new(room);
        for (uint32_t i = 0; i < row->fields; i++) {
            uint8_t field[VALUE_MAX + 1] = {(uint8_t)('a' + i)};
            hash_set(room, hash, slice_of(field, row->field_len),
                     slice_of(letters, row->value_len));
        }
        ROW_BYTES_EQ(row, slice_text(hash_encoding(hash)), row->encoding);
        ROW_EQ(row, hash_count(hash), row->fields);
        ROW_EQ(row, hash_bytes_used(hash), room->heap.used_bytes);
        hash_free(room, hash);
        ROW_EQ(row, room->heap.used_bytes, 0);
        free(room);
    }
}

Test(hash_value, ten_small_fields_cost_little) /* as much as their bytes, and a fifth */
{
    struct room *room = room_new();
    room->limits.hash_max_listpack_entries = 128;
    struct hash *hash = hash_new(room);
    for (uint8_t i = 0; i < 10; i++) {
        uint8_t field[] = {'f', 'i', 'e', 'l', 'd', (uint8_t)('0' + i)};
        hash_set(room, hash, slice_of(field, sizeof field), SLICE("value12345"));
    }
    cr_expect(hash_bytes_used(hash) <= 200, "%d", (int)hash_bytes_used(hash));
    hash_free(room, hash);
    free(room);
}

/* --- against a model
 * ------------------------------------------------------------------------------ */

enum { MODEL_MAX = 3 * ENTRIES_MAX };

struct world {
    struct random random;
    struct room *room;
    struct hash *hash;
    size_t value_max;
    uint32_t fields_count;          /* fields are numbers below this */
    struct slice values[MODEL_MAX]; /* data NULL: no such field */
};

static struct slice field_of(uint32_t index, char text[INTEGER_TEXT_MAX])
{
    size_t len = integer_format(index / 2, text);
    if (index % 2 == 0) text[len++] = 'f'; /* else it is kept as an integer */
    return slice_of(text, len);
}

static uint32_t model_count(const struct world *world)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->fields_count; i++) count += world->values[i].data != NULL;
    return count;
}

static void model_set(struct world *world, uint32_t index, struct slice value)
{
    uint8_t *kept = malloc(value.len + 1);
    memcpy(kept, value.data, value.len);
    free((void *)world->values[index].data);
    world->values[index] = slice_of(kept, value.len);
}

static void change(struct world *world)
{
    char text[INTEGER_TEXT_MAX], scratch[INTEGER_TEXT_MAX];
    uint32_t index = (uint32_t)random_below(&world->random, world->fields_count);
    struct slice field = field_of(index, text), value;
    bool there = world->values[index].data != NULL;
    if (random_below(&world->random, 3) == 0) {
        cr_assert(hash_delete(world->room, world->hash, field) == there);
        free((void *)world->values[index].data);
        world->values[index] = slice_of(NULL, 0);
        return;
    }
    value = slice_of(letters, random_below(&world->random, world->value_max + 1));
    if (random_below(&world->random, 2) == 0) {
        int64_t number = (int64_t)random_u64(&world->random) >> random_below(&world->random, 64);
        value = slice_of(scratch, integer_format(number, scratch));
    }
    cr_assert(hash_set(world->room, world->hash, field, value) == !there);
    model_set(world, index, value);
}

static void seen(void *context, const struct hash_pair *pair)
{
    struct world *world = context;
    for (uint32_t i = 0; i < world->fields_count; i++) {
        char text[INTEGER_TEXT_MAX];
        if (!slice_eq(pair->field, field_of(i, text))) continue;
        cr_assert(world->values[i].data != NULL);
        cr_assert(slice_eq(pair->value, world->values[i]));
        return;
    }
    cr_assert_fail("a field that was never set");
}

static void expect_same(struct world *world, struct hash *hash)
{
    uint32_t count = model_count(world), walked = 0;
    cr_assert(hash_count(hash) == count);
    for (uint32_t i = 0; i < world->fields_count; i++) {
        char text[INTEGER_TEXT_MAX], scratch[INTEGER_TEXT_MAX];
        struct slice value;
        bool there = hash_get(hash, field_of(i, text), &value, scratch);
        cr_assert(there == (world->values[i].data != NULL));
        if (there) cr_assert(slice_eq(value, world->values[i]));
    }
    struct hash_walk walk = {0};
    struct hash_pair pair;
    for (; hash_walk_next(hash, &walk, &pair); walked++) seen(world, &pair);
    cr_assert(walked == count);
    uint64_t cursor = 0;
    do cursor = hash_scan(hash, cursor, seen, world);
    while (cursor != 0);
    if (count == 0) return;
    hash_random(world->room, hash, &pair);
    seen(world, &pair);
}

static void expect_bytes_and_copy(struct world *world)
{
    struct buffer bytes = {0};
    hash_encode(world->hash, &bytes);
    struct cursor in = cursor_of(buffer_slice(&bytes));
    struct hash *decoded = hash_decode(world->room, &in);
    struct hash *copy = hash_copy(world->room, world->hash);
    cr_assert(decoded != NULL && cursor_left(&in) == 0);
    uint8_t digests[3][DIGEST_BYTES] = {{0}};
    hash_digest(world->hash, digests[0]);
    hash_digest(decoded, digests[1]);
    hash_digest(copy, digests[2]);
    cr_assert(memcmp(digests[0], digests[1], DIGEST_BYTES) == 0);
    cr_assert(memcmp(digests[0], digests[2], DIGEST_BYTES) == 0);
    cr_assert(strcmp(hash_encoding(copy), hash_encoding(world->hash)) == 0);
    expect_same(world, decoded);
    expect_same(world, copy);
    hash_free(world->room, decoded);
    hash_free(world->room, copy);
    buffer_free(&bytes);
}

/* clang-format off */
static const struct model_row {
    const char *why;
    uint32_t fields_count;
    size_t value_max;
} model_rows[] = {
    {"always a pack",                    ENTRIES_MAX, VALUE_MAX},
    {"a table by the number of fields",  MODEL_MAX,   VALUE_MAX},
    {"a table by the length of a value", ENTRIES_MAX, 1000},
};
/* clang-format on */

Test(hash_value, does_what_an_array_does)
{
    FOR_ROWS (row, model_rows) {
        struct world world = {.random = {9},
                              .room = room_new(),
                              .value_max = row->value_max,
                              .fields_count = row->fields_count};
        world.hash = hash_new(world.room);
        for (int round = 0; round < 5000; round++) {
            change(&world);
            if (round % 10 == 0) expect_same(&world, world.hash);
            if (round % 100 == 0 && model_count(&world) > 0) expect_bytes_and_copy(&world);
            ROW_EQ(row, hash_bytes_used(world.hash), world.room->heap.used_bytes);
        }
        hash_free(world.room, world.hash);
        ROW_EQ(row, world.room->heap.used_bytes, 0);
        for (uint32_t i = 0; i < MODEL_MAX; i++) free((void *)world.values[i].data);
        free(world.room);
    }
}

Test(hash_value, refuses_damaged_bytes)
{
    struct random random = {6};
    struct room *room = room_new();
    uint64_t refused = 0;
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[24];
        size_t len = random_below(&random, sizeof bytes);
        for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)random_below(&random, 8);
        if (len > 0) bytes[0] = (uint8_t)random_below(&random, 3);
        struct cursor in = cursor_of(slice_of(bytes, len));
        struct hash *hash = hash_decode(room, &in);
        refused += hash == NULL;
        if (hash == NULL) continue;
        struct hash_walk walk = {0};
        struct hash_pair pair;
        uint64_t count = 0;
        while (hash_walk_next(hash, &walk, &pair)) count++;
        cr_assert(count == hash_count(hash));
        hash_free(room, hash);
    }
    cr_expect(room->heap.used_bytes == 0);
    cr_expect(refused > 1000 && refused < 50000);
    free(room);
}

/* clang-format off */
static const struct damaged_row {
    const char *why;
    const char *bytes;
    size_t len;
} damaged_rows[] = {
    {"a field without a value",    "\0\2\1a",                 4},
    {"a field twice in a pack",    "\0\x8\1a\1b\1a\1c",       10},
    {"a field twice in a table",   "\1\2\1a\1b\1a\1c",        10},
    {"fewer fields than it says",  "\1\2\1a\1b",              6},
    {"nothing in it",              "\0\0",                    2},
    {"an unknown form",            "\2\4\1a\1b",              6},
};
/* clang-format on */

Test(hash_value, refuses)
{
    FOR_ROWS (row, damaged_rows) {
        struct room *room = room_new();
        struct cursor in = cursor_of(slice_of(row->bytes, row->len));
        ROW_EQ(row, hash_decode(room, &in) == NULL, true);
        ROW_EQ(row, room->heap.used_bytes, 0);
        free(room);
    }
}
