/* partition_test.c -- who gets a key: by hash, by range; and the sample that ranges come from. */
#include <stdio.h>
#include <stdlib.h>

#include "test/rows.h"
#include "test/work/shuffle/shuffle_fixture.h"
#include "work/shuffle/partition.h"
#include "work/shuffle/sample.h"

static const struct slice splitters[] = {
    {(const uint8_t *)"b", 1},
    {(const uint8_t *)"b\0", 2},
    {(const uint8_t *)"m", 1},
};

/* clang-format off */
static const struct range_row {
    const char *why, *key;
    uint32_t want;
} ranges[] = {
    {"the empty key is before all",            "",    0},
    {"before the first splitter",              "azz", 0},
    {"a splitter begins the range behind it",  "b",   1},
    {"one byte more is past the next one",     "ba",  2},
    {"before the last",                        "lzz", 2},
    {"the last splitter",                      "m",   3},
    {"past all",                               "zzz", 3},
};
/* clang-format on */

Test(partition, ranges)
{
    FOR_ROWS (row, ranges) {
        struct partitioner partitioner = {4, splitters, COUNT_OF(splitters)};
        ROW_EQ(row, partition_of(&partitioner, slice_text(row->key)), row->want);
        partitioner.partitions = 1;
        ROW_EQ(row, partition_of(&partitioner, slice_text(row->key)), 0);
        struct partitioner none = {4, splitters, 0};
        ROW_EQ(row, partition_of(&none, slice_text(row->key)), 0);
    }
}

Test(partition, of_a_hash_is_the_same_everywhere)
{
    struct partitioner partitioner = {.partitions = 1000};
    /* Two machines, two versions: these must never change. */
    cr_expect_eq(partition_of(&partitioner, SLICE("")), 175);
    cr_expect_eq(partition_of(&partitioner, SLICE("apple")), 318);
    cr_expect_eq(partition_of(&partitioner, (struct slice){0}), 175);
}

Test(partition, hashes_spread_evenly)
{
    enum { PARTITIONS = 7, KEYS = 70000 };
    struct partitioner partitioner = {.partitions = PARTITIONS};
    size_t seen[PARTITIONS] = {0};
    for (uint32_t i = 0; i < KEYS; i++) {
        char text[16];
        int len = sprintf(text, "user%u", i);
        uint32_t partition = partition_of(&partitioner, slice_of(text, (size_t)len));
        cr_assert(partition < PARTITIONS);
        seen[partition]++;
    }
    for (size_t p = 0; p < PARTITIONS; p++) {
        cr_expect(seen[p] > KEYS / PARTITIONS / 20 * 19 && seen[p] < KEYS / PARTITIONS / 20 * 21,
                  "partition %zu: %zu", p, seen[p]);
    }
}

Test(sample, is_fair)
{
    enum { KEYS = 20, KEPT = 2, ROUNDS = 5000 };
    size_t seen[KEYS] = {0};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct sample *sample = sample_new(KEPT, 8, round * 77);
        for (uint8_t key = 0; key < KEYS; key++) sample_add(sample, slice_of(&key, 1));
        cr_assert_eq(sample_count(sample), KEPT);
        for (size_t i = 0; i < KEPT; i++) seen[sample_key(sample, i).data[0]]++;
        sample_free(sample);
    }
    /* 500 each are expected, with a deviation of 21; beyond six of them something is wrong. */
    double expected = (double)ROUNDS * KEPT / KEYS, squares = 0;
    for (size_t key = 0; key < KEYS; key++) {
        double off = (double)seen[key] - expected;
        squares += off * off / expected;
        cr_expect(off > -130 && off < 130, "key %zu: %zu times", key, seen[key]);
    }
    cr_expect(squares < 60, "chi-square %f of 19 degrees", squares);
}

Test(sample, keeps_all_when_few_and_cuts_long_keys)
{
    struct sample *sample = sample_new(3, 4, 1);
    cr_expect_eq(sample_count(sample), 0);
    sample_add(sample, SLICE("ab"));
    sample_add(sample, SLICE("abcdefgh"));
    sample_add(sample, (struct slice){0});
    cr_assert_eq(sample_count(sample), 3);
    cr_expect(slice_eq(sample_key(sample, 0), SLICE("ab")));
    cr_expect(slice_eq(sample_key(sample, 1), SLICE("abcd")));
    cr_expect_eq(sample_key(sample, 2).len, 0);
    sample_free(sample);
    sample_free(NULL);
}
