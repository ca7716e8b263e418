/* slab_test.c -- small blocks: none overlaps another, and slabs go when they are empty. */
#include "base/slab.h"

#include <stdlib.h>

#include "test/random.h"
#include "test/rows.h"

enum { BLOCKS = 5000 };

struct held {
    uint8_t *block;
    size_t size;
    uint8_t mark;
};

static void expect_untouched(const struct held *held)
{
    for (size_t i = 0; i < held->size; i++) {
        if (held->block[i] != held->mark) cr_assert_fail("a block of %zu was written", held->size);
    }
}

Test(slab, blocks_do_not_overlap)
{
    struct slabs slabs = {0};
    struct random random = {4711};
    struct held *held = calloc(BLOCKS, sizeof *held);
    for (uint32_t round = 0; round < 20 * BLOCKS; round++) {
        struct held *one = &held[random_below(&random, BLOCKS)];
        if (one->block != NULL) {
            expect_untouched(one);
            slabs_give(&slabs, one->block);
            *one = (struct held){0};
            continue;
        }
        one->size = 1 + random_below(&random, SLAB_BLOCK_BYTES_MAX);
        one->mark = (uint8_t)round;
        one->block = slabs_take(&slabs, one->size);
        cr_assert_eq((uintptr_t)one->block % SLAB_STEP_BYTES, 0);
        memset(one->block, one->mark, one->size);
    }
    for (uint32_t i = 0; i < BLOCKS; i++) {
        if (held[i].block == NULL) continue;
        expect_untouched(&held[i]);
        slabs_give(&slabs, held[i].block);
    }
    slabs_release(&slabs);
    free(held);
}

Test(slab, a_block_that_was_given_back_is_taken_again)
{
    struct slabs slabs = {0};
    void *first = slabs_take(&slabs, 40), *second = slabs_take(&slabs, 40);
    cr_expect_neq(first, second);
    slabs_give(&slabs, first);
    cr_expect_eq(slabs_take(&slabs, 33), first, "of the same step");
    slabs_give(&slabs, first);
    slabs_give(&slabs, second);
    slabs_release(&slabs);
}
