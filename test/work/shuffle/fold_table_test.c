/* fold_table_test.c -- the hash table of folds against a plain list of values, in memory that is
 * far too small. */
#include <stdio.h>
#include <stdlib.h>

#include "test/rows.h"
#include "test/work/shuffle/shuffle_fixture.h"
#include "work/shuffle/fold_table.h"

static const char *const folds[] = {"count", "sum", "min", "max", "mean", NULL /* a set */};

/* What is in the table as text, in the order of the keys. */
static void table_text(const struct fold_table *table, const struct fold_type *fold,
                       struct fixture_pairs *out)
{
    struct buffer text = {0};
    struct slice key;
    const void *state;
    for (size_t at = 0; fold_table_next(table, &at, &key, &state);) {
        buffer_clear(&text);
        if (fold != NULL) {
            fold->format(state, &text);
        } else {
            cr_assert_null(state);
        }
        fixture_pairs_add(out, 0, key, buffer_slice(&text));
    }
    buffer_free(&text);
    fixture_pairs_sort(out);
}

/* The same from the pairs that went in. */
static void plain_text(struct fixture_pairs *in, const struct fold_type *fold,
                       struct fixture_pairs *out)
{
    struct buffer text = {0};
    struct fault fault;
    fixture_pairs_sort(in);
    for (size_t i = 0; i < in->count;) {
        uint64_t state[FOLD_STATE_BYTES_MAX / 8] = {0};
        size_t first = i;
        for (; i < in->count && slice_eq(in->list[i].key, in->list[first].key); i++) {
            if (fold == NULL) continue;
            struct slice value = in->list[i].value;
            enum err err =
                i == first ? fold->start(state, value, &fault) : fold->add(state, value, &fault);
            cr_assert_eq(err, ERR_OK);
        }
        buffer_clear(&text);
        if (fold != NULL) fold->format(state, &text);
        fixture_pairs_add(out, 0, in->list[first].key, buffer_slice(&text));
    }
    buffer_free(&text);
}

static void check_table(const char *what, struct fold_table *table, const struct fold_type *fold,
                        struct fixture_pairs *in)
{
    struct fixture_pairs got = {0}, want = {0};
    table_text(table, fold, &got);
    plain_text(in, fold, &want);
    cr_assert_eq(got.count, want.count, "%s: %zu keys, not %zu", what, got.count, want.count);
    for (size_t i = 0; i < got.count; i++) {
        cr_assert(slice_eq(got.list[i].key, want.list[i].key), "%s: key %zu", what, i);
        cr_assert(slice_eq(got.list[i].value, want.list[i].value), "%s: value %zu: %.*s, not %.*s",
                  what, i, (int)got.list[i].value.len, (const char *)got.list[i].value.data,
                  (int)want.list[i].value.len, (const char *)want.list[i].value.data);
    }
    fixture_pairs_free(&got);
    fixture_pairs_free(&want);
    fixture_pairs_free(in);
}

static struct slice random_value(struct random *random, char *text)
{
    int len = sprintf(text, "%lld.%u", (long long)random_below(random, 2000) - 1000,
                      (unsigned)random_below(random, 100));
    return slice_of(text, (size_t)len);
}

static void run(const char *name, enum key_kind kind, size_t memory, size_t adds)
{
    struct arena *arena = arena_new();
    const struct fold_type *fold = name == NULL ? NULL : fixture_reduce(arena, name).fold;
    struct fold_table *table = fold_table_new(fold, memory, memory ^ 99);
    struct random random = {memory + kind};
    struct fixture_pairs in = {0};
    struct buffer scratch = {0};
    struct fault fault;
    size_t filled = 0;
    char text[64];
    for (size_t i = 0; i < adds; i++) {
        struct slice key = fixture_key(&random, kind, &scratch);
        struct slice value = random_value(&random, text);
        bool full;
        cr_assert_eq(fold_table_add(table, key, value, &full, &fault), ERR_OK);
        if (full) {
            filled++;
            check_table(name == NULL ? "set" : name, table, fold, &in);
            fold_table_clear(table);
            cr_assert_eq(fold_table_add(table, key, value, &full, &fault), ERR_OK);
            cr_assert(!full, "an empty table takes it");
        }
        fixture_pairs_add(&in, 0, key, value);
    }
    check_table(name == NULL ? "set" : name, table, fold, &in);
    if (memory == 0 && kind == KEY_RANDOM) cr_expect(filled > 10, "it was to be full often");
    fold_table_free(table);
    buffer_free(&scratch);
    arena_free(arena);
}

Test(fold_table, folds_as_a_plain_list_does)
{
    static const size_t memories[] = {0, 20000, 1 << 20};
    for (size_t f = 0; f < COUNT_OF(folds); f++) {
        for (unsigned kind = 0; kind < KEY_KINDS; kind++) {
            for (size_t m = 0; m < COUNT_OF(memories); m++) {
                run(folds[f], (enum key_kind)kind, memories[m], 3000);
            }
        }
    }
}

/* Keys for a batch lie apart, 16 readable bytes from the start of each. */
static struct slice batch_key(struct random *random, struct buffer *scratch, uint8_t *room)
{
    struct slice key =
        fixture_key(random, random_below(random, 4) == 0 ? KEY_SHARED : KEY_RANDOM, scratch);
    memset(room, 0xee, 64);
    if (key.len > 0) memcpy(room, key.data, key.len);
    return slice_of(room, key.len);
}

Test(fold_table, counts_batches)
{
    enum { BATCH = 700, ROOM = 64 };
    struct arena *arena = arena_new();
    const struct fold_type *count = fixture_reduce(arena, "count").fold;
    static const size_t memories[] = {0, 50000, 4 << 20};
    struct random random = {11};
    struct buffer scratch = {0};
    uint8_t *rooms = malloc(BATCH * ROOM);
    for (size_t m = 0; m < COUNT_OF(memories); m++) {
        struct fold_table *table = fold_table_new(count, memories[m], 3);
        struct fixture_pairs in = {0};
        for (size_t round = 0; round < 20; round++) {
            struct slice keys[BATCH];
            size_t size = random_below(&random, BATCH + 1);
            for (size_t i = 0; i < size; i++) {
                keys[i] = batch_key(&random, &scratch, rooms + i * ROOM);
            }
            for (size_t done = 0; done < size;) {
                size_t taken = fold_table_count(table, keys + done, size - done);
                cr_assert(taken <= size - done);
                for (size_t i = 0; i < taken; i++) {
                    fixture_pairs_add(&in, 0, keys[done + i], (struct slice){0});
                }
                done += taken;
                if (done == size) break;
                cr_assert(in.count > 0, "an empty table takes a short key");
                check_table("batch", table, count, &in);
                fold_table_clear(table);
            }
        }
        check_table("batch", table, count, &in);
        fold_table_free(table);
    }
    free(rooms);
    buffer_free(&scratch);
    arena_free(arena);
}

Test(fold_table, shrinks_and_grows_again)
{
    struct arena *arena = arena_new();
    const struct fold_type *sum = fixture_reduce(arena, "sum").fold;
    struct fold_table *table = fold_table_new(sum, 4 << 20, 17);
    static const size_t fillings[] = {20000, 3, 5, 0, 1, 9000, 100};
    struct fault fault;
    for (size_t f = 0; f < COUNT_OF(fillings); f++) {
        struct fixture_pairs in = {0};
        for (size_t i = 0; i < fillings[f]; i++) {
            char text[64];
            size_t len = (size_t)sprintf(text, "%zu of a filling", i);
            bool full;
            cr_assert_eq(fold_table_add(table, slice_of(text, len), SLICE("2"), &full, &fault),
                         ERR_OK);
            cr_assert(!full);
            fixture_pairs_add(&in, 0, slice_of(text, len), SLICE("2"));
        }
        check_table("filling", table, sum, &in);
        fold_table_clear(table);
    }
    fold_table_free(table);
    arena_free(arena);
}

Test(fold_table, a_value_that_is_no_number_changes_nothing)
{
    struct arena *arena = arena_new();
    struct fault fault;
    for (size_t f = 1; folds[f] != NULL; f++) {
        const struct fold_type *fold = fixture_reduce(arena, folds[f]).fold;
        struct fold_table *table = fold_table_new(fold, 0, 1);
        struct fixture_pairs in = {0};
        bool full;
        cr_expect_eq(fold_table_add(table, SLICE("k"), SLICE("x"), &full, &fault), ERR_BAD_RECORD);
        check_table(folds[f], table, fold, &in);
        cr_expect_eq(fold_table_add(table, SLICE("k"), SLICE("5"), &full, &fault), ERR_OK);
        cr_expect_eq(fold_table_add(table, SLICE("k"), SLICE("x"), &full, &fault), ERR_BAD_RECORD);
        fixture_pairs_add(&in, 0, SLICE("k"), SLICE("5"));
        check_table(folds[f], table, fold, &in);
        fold_table_free(table);
    }
    arena_free(arena);
}

Test(fold_table, a_key_that_never_fits_is_an_error)
{
    enum { STORE = 4096 };
    static const uint8_t bytes[STORE + 1];
    struct fault fault;
    bool full;
    struct fold_table *table = fold_table_new(NULL, 0, 1);
    cr_expect_eq(
        fold_table_add(table, slice_of(bytes, STORE + 1), (struct slice){0}, &full, &fault),
        ERR_TOO_LONG);
    cr_expect_eq(fold_table_add(table, SLICE("a"), (struct slice){0}, &full, &fault), ERR_OK);
    cr_expect(!full);
    cr_expect_eq(
        fold_table_add(table, slice_of(bytes, STORE + 1), (struct slice){0}, &full, &fault),
        ERR_OK);
    cr_expect(full, "only an empty table knows that it never will fit");
    cr_expect_eq(fold_table_add(table, slice_of(bytes, STORE), (struct slice){0}, &full, &fault),
                 ERR_OK);
    cr_expect(!full, "the whole store for one key");
    fold_table_free(table);
}
