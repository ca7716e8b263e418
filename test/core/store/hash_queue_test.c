/* hash_queue_test.c -- queues of hashes, and the memory of those that went. */
#include "core/store/hash_queue.h"
#include "test/random.h"
#include "test/rows.h"

Test(hash_queue, is_first_in_first_out)
{
    struct heap heap = {0};
    struct hash_queue queue = {0};
    struct random random = {3};
    uint64_t in = 0, out = 0;
    for (int phase = 0; phase < 200; phase++) {
        uint64_t pushes = random_below(&random, 5000), pops = random_below(&random, 5000);
        for (uint64_t i = 0; i < pushes; i++) hash_queue_push(&queue, &heap, in++);
        for (uint64_t i = 0; i < pops && queue.count > 0; i++) {
            cr_assert_eq(hash_queue_pop(&queue, &heap), out++);
        }
        cr_assert_eq(queue.count, in - out);
        if (queue.count == 0) continue;
        uint64_t index = random_below(&random, queue.count);
        cr_assert_eq(*hash_queue_at(&queue, index), out + index);
        cr_assert(heap.used_bytes <= queue.count * 8 + 3 * HASH_QUEUE_BLOCK * 8 + 8192);
    }
    hash_queue_release(&queue, &heap);
    cr_expect_eq(heap.used_bytes, 0);
    hash_queue_push(&queue, &heap, 7);
    cr_expect_eq(hash_queue_pop(&queue, &heap), 7);
    hash_queue_release(&queue, &heap);
}

Test(hash_queue, ghost_remembers_the_last_ones)
{
    enum { REMEMBERED = 5000, PUSHED = 100000 };
    static uint64_t hashes[PUSHED];
    struct heap heap = {0};
    struct hash_ghost ghost = {0};
    struct random random = {4};
    cr_expect(!hash_ghost_take(&ghost, 1));
    for (size_t i = 0; i < PUSHED; i++) {
        hashes[i] = random_u64(&random);
        hash_ghost_push(&ghost, &heap, hashes[i], REMEMBERED);
    }
    size_t late = 0, early = 0, strange = 0;
    for (size_t i = PUSHED - REMEMBERED; i < PUSHED; i++)
        late += hash_ghost_take(&ghost, hashes[i]);
    for (size_t i = 0; i < PUSHED / 2; i++) early += hash_ghost_take(&ghost, hashes[i]);
    for (size_t i = 0; i < PUSHED; i++) strange += hash_ghost_take(&ghost, random_u64(&random));
    cr_expect(late > REMEMBERED * 90 / 100, "%zu of the last %d", late, REMEMBERED);
    cr_expect(early < PUSHED / 100, "%zu that are long gone", early);
    cr_expect(strange < 10, "%zu that never were", strange);
    cr_expect(!hash_ghost_take(&ghost, hashes[PUSHED - 1]), "what is taken is forgotten");
    hash_ghost_release(&ghost, &heap);
    cr_expect_eq(heap.used_bytes, 0);
}
