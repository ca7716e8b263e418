/* item_sort_test.c -- the radix sort and the sorter, against qsort, on keys of every hard kind. */
#include "test/rows.h"
#include "test/work/shuffle/shuffle_fixture.h"
#include "work/shuffle/sorter.h"

static void check_sorted(struct sorter *sorter, struct fixture_pairs *want, uint32_t partitions)
{
    fixture_pairs_sort(want);
    sorter_sort(sorter);
    size_t at = 0;
    for (uint32_t p = 0; p < partitions; p++) {
        size_t count;
        const struct item *items = sorter_items(sorter, p, &count);
        for (size_t i = 0; i < count; i++, at++) {
            cr_assert(at < want->count);
            const struct fixture_pair *pair = &want->list[at];
            struct slice key = pair_key(sorter_pairs(sorter), items[i]);
            cr_assert_eq(item_partition(items[i]), pair->partition);
            cr_assert(slice_eq(key, pair->key), "item %zu of %zu: a key of %zu bytes, not %zu", at,
                      want->count, key.len, pair->key.len);
            cr_assert(slice_eq(pair_value(sorter_pairs(sorter), items[i]), pair->value),
                      "item %zu of %zu: the value of another", at, want->count);
        }
    }
    cr_assert_eq(at, want->count);
}

/* The value of a pair is its number, so that a wrong order of equal keys shows. */
static void fill(struct sorter *sorter, struct fixture_pairs *want, struct random *random,
                 enum key_kind kind, size_t count, uint32_t partitions)
{
    struct buffer scratch = {0};
    for (size_t i = 0; i < count; i++) {
        struct slice key = fixture_key(random, kind, &scratch);
        struct slice value = slice_of(&i, i % 5 == 0 ? 0 : sizeof i);
        uint32_t partition = (uint32_t)random_below(random, partitions);
        cr_assert(sorter_add(sorter, partition, key, value));
        fixture_pairs_add(want, partition, key, value);
    }
    buffer_free(&scratch);
}

Test(item_sort, every_kind_of_key)
{
    struct random random = {6};
    static const size_t counts[] = {0, 1, 2, 24, 25, 26, 300, 3000};
    struct sorter *sorter = sorter_new(8 << 20, 1);
    for (unsigned kind = 0; kind < KEY_KINDS; kind++) {
        for (size_t c = 0; c < COUNT_OF(counts); c++) {
            struct fixture_pairs want = {0};
            fill(sorter, &want, &random, (enum key_kind)kind, counts[c], 1);
            check_sorted(sorter, &want, 1);
            sorter_clear(sorter);
            cr_assert(sorter_is_empty(sorter));
            fixture_pairs_free(&want);
        }
    }
    sorter_free(sorter);
}

Test(item_sort, all_stairs_of_a_staircase)
{
    enum { STAIRS = 1000 };
    struct random random = {7};
    struct sorter *sorter = sorter_new(4 << 20, 1);
    struct fixture_pairs want = {0};
    uint8_t bytes[STAIRS] = {0}; /* of zero bytes: prefixes never tell */
    size_t order[STAIRS];
    for (size_t i = 0; i < STAIRS; i++) {
        size_t other = random_below(&random, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (size_t i = 0; i < STAIRS; i++) {
        cr_assert(sorter_add(sorter, 0, slice_of(bytes, order[i]), SLICE("v")));
        fixture_pairs_add(&want, 0, slice_of(bytes, order[i]), SLICE("v"));
    }
    check_sorted(sorter, &want, 1);
    fixture_pairs_free(&want);
    sorter_free(sorter);
}

Test(item_sort, hundred_thousand)
{
    struct random random = {8};
    struct sorter *sorter = sorter_new(32 << 20, 1);
    static const enum key_kind kinds[] = {KEY_RANDOM, KEY_SHARED, KEY_SAME};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct fixture_pairs want = {0};
        fill(sorter, &want, &random, kinds[k], 100000, 1);
        check_sorted(sorter, &want, 1);
        sorter_clear(sorter);
        fixture_pairs_free(&want);
    }
    sorter_free(sorter);
}

Test(sorter, partitions_are_kept_apart)
{
    struct random random = {9};
    static const uint32_t partitions[] = {2, 3, 17, 1000, ITEM_PARTITIONS_MAX};
    for (size_t p = 0; p < COUNT_OF(partitions); p++) {
        struct sorter *sorter = sorter_new(1 << 20, partitions[p]);
        for (size_t round = 0; round < 3; round++) {
            struct fixture_pairs want = {0};
            fill(sorter, &want, &random, (enum key_kind)(round % KEY_KINDS), 500, partitions[p]);
            check_sorted(sorter, &want, partitions[p]);
            sorter_clear(sorter);
            fixture_pairs_free(&want);
        }
        sorter_free(sorter);
    }
}

Test(sorter, is_filled_to_its_last_byte_and_not_over_it)
{
    struct random random = {10};
    struct buffer scratch = {0};
    struct sorter *sorter = sorter_new(0, 2); /* the least that there is */
    for (size_t round = 0; round < 200; round++) {
        struct fixture_pairs want = {0};
        for (;;) {
            struct slice key = fixture_key(&random, KEY_RANDOM, &scratch);
            uint32_t partition = (uint32_t)random_below(&random, 2);
            if (!sorter_add(sorter, partition, key, key)) break;
            fixture_pairs_add(&want, partition, key, key);
        }
        cr_assert(want.count > 50);
        check_sorted(sorter, &want, 2);
        sorter_clear(sorter);
        fixture_pairs_free(&want);
    }
    buffer_free(&scratch);
    sorter_free(sorter);
}

Test(sorter, refuses_what_is_too_large)
{
    enum { CAPACITY = 4096, OVERHEAD = sizeof(struct pair_head) + sizeof(struct item) };
    static uint8_t const bytes[CAPACITY];
    struct sorter *sorter = sorter_new(CAPACITY, 1);
    cr_expect(!sorter_add(sorter, 0, slice_of(bytes, CAPACITY - OVERHEAD), slice_of(bytes, 1)));
    cr_expect(sorter_is_empty(sorter));
    cr_expect(sorter_add(sorter, 0, slice_of(bytes, CAPACITY - OVERHEAD), slice_of(bytes, 0)));
    cr_expect(!sorter_add(sorter, 0, slice_of(bytes, 0), slice_of(bytes, 0)));
    sorter_free(sorter);
}
