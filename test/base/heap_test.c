/* heap_test.c -- blocks that are counted by what they take. */
#include "base/heap.h"
#include "test/random.h"
#include "test/rows.h"

Test(heap, rounds_as_the_allocator_does)
{
    static const struct {
        const char *why;
        size_t size, want;
    } rows[] = {
        {"the smallest", 1, 8},
        {"a full smallest", 8, 8},
        {"steps of eight", 9, 16},
        {"exact", 48, 48},
        {"one over", 49, 56},
        {"the last of the slabs", 256, 256},
        {"the next doubling", 257, 320},
        {"a page and a byte", 4097, 5120},
        {"large ones", 1000000, 1048576},
    };
    FOR_ROWS (row, rows) ROW_EQ(row, heap_rounded_bytes(row->size), row->want);
}

Test(heap, counts_what_is_taken_and_given)
{
    enum { BLOCKS = 64 };
    struct heap heap = {0};
    struct random random = {11};
    uint8_t *blocks[BLOCKS] = {0};
    size_t sizes[BLOCKS] = {0};
    for (int round = 0; round < 5000; round++) {
        size_t at = random_below(&random, BLOCKS);
        size_t size = 1 + random_below(&random, round % 2 == 0 ? 300 : 3000);
        if (blocks[at] == NULL) {
            blocks[at] = heap_take(&heap, size);
        } else if (random_below(&random, 2) == 0) {
            cr_assert_eq(blocks[at][sizes[at] - 1], (uint8_t)at);
            blocks[at] = heap_resize(&heap, blocks[at], sizes[at], size);
        } else {
            heap_give(&heap, blocks[at], sizes[at]);
            blocks[at] = NULL;
        }
        sizes[at] = blocks[at] == NULL ? 0 : size;
        if (blocks[at] != NULL) blocks[at][size - 1] = (uint8_t)at;
        uint64_t used = 0, count = 0;
        for (size_t i = 0; i < BLOCKS; i++) {
            if (blocks[i] != NULL) used += heap_rounded_bytes(sizes[i]), count++;
        }
        cr_assert(heap.used_bytes == used && heap.blocks_count == count, "round %d", round);
    }
    for (size_t i = 0; i < BLOCKS; i++) heap_give(&heap, blocks[i], sizes[i]);
    cr_expect(heap.used_bytes == 0 && heap.blocks_count == 0);
}

Test(heap, zeroed_is_zeroed)
{
    struct heap heap = {0};
    uint8_t *block = heap_take_zeroed(&heap, 1000);
    for (size_t i = 0; i < 1000; i++) cr_assert_eq(block[i], 0);
    heap_give(&heap, block, 1000);
    heap_give(&heap, NULL, 1000);
    cr_expect_eq(heap.used_bytes, 0);
}
