/*
 * slab.c -- see slab.h.
 *
 * Invariants
 *   S1  a slab is in the list of its class while it has a free block, and only then.
 *   S2  blocks behind `fresh_at` were never given out, and are in no list.
 */
#include "base/slab.h"

#include <stdlib.h>

enum { SLAB_HEAD_BYTES = 64 }; /* so that blocks of cache lines are cache lines */

struct slab {
    struct slab *previous, *next; /* of those with room */
    void *free_first;             /* a block that was given back holds the next one's address */
    uint32_t fresh_at;            /* bytes from the start of the slab */
    uint16_t used_count, class_index;
};

static uint32_t block_bytes(uint32_t class_index)
{
    return (class_index + 1) * SLAB_STEP_BYTES;
}

static bool is_full(const struct slab *slab)
{
    return slab->free_first == NULL && slab->fresh_at + block_bytes(slab->class_index) > SLAB_BYTES;
}

static void list_enter(struct slabs *slabs, struct slab *slab)
{
    struct slab **first = &slabs->open[slab->class_index];
    slab->previous = NULL;
    slab->next = *first;
    if (*first != NULL) (*first)->previous = slab;
    *first = slab;
}

static void list_leave(struct slabs *slabs, struct slab *slab)
{
    if (slab->next != NULL) slab->next->previous = slab->previous;
    if (slab->previous != NULL) {
        slab->previous->next = slab->next;
    } else {
        slabs->open[slab->class_index] = slab->next;
    }
}

static struct slab *slab_new(struct slabs *slabs, uint32_t class_index)
{
    struct slab *slab = aligned_alloc(SLAB_BYTES, SLAB_BYTES);
    ASSERT(slab != NULL);
    _Static_assert(sizeof(struct slab) <= SLAB_HEAD_BYTES, "the head holds it");
    *slab = (struct slab){.fresh_at = SLAB_HEAD_BYTES, .class_index = (uint16_t)class_index};
    list_enter(slabs, slab);
    return slab;
}

void *slabs_take(struct slabs *slabs, size_t size)
{
    uint32_t class_index = (uint32_t)((size - 1) / SLAB_STEP_BYTES);
    struct slab *slab = slabs->open[class_index];
    if (UNLIKELY(slab == NULL)) slab = slab_new(slabs, class_index);
    void *block = slab->free_first;
    if (block != NULL) {
        memcpy(&slab->free_first, block, sizeof slab->free_first);
    } else {
        block = (uint8_t *)slab + slab->fresh_at; /* [S2] */
        slab->fresh_at += block_bytes(class_index);
    }
    slab->used_count++;
    if (UNLIKELY(is_full(slab))) list_leave(slabs, slab); /* [S1] */
    return block;
}

void slabs_give(struct slabs *slabs, void *block)
{
    struct slab *slab = (struct slab *)((uintptr_t)block & ~(uintptr_t)(SLAB_BYTES - 1));
    ASSERT(slab->used_count > 0);
    if (UNLIKELY(is_full(slab))) list_enter(slabs, slab); /* [S1] */
    memcpy(block, &slab->free_first, sizeof slab->free_first);
    slab->free_first = block;
    slab->used_count--;
    bool alone = slab->previous == NULL && slab->next == NULL;
    if (LIKELY(slab->used_count > 0 || alone)) return;
    list_leave(slabs, slab);
    free(slab);
}

void slabs_release(struct slabs *slabs)
{
    for (uint32_t i = 0; i < SLAB_CLASSES; i++) {
        struct slab *slab = slabs->open[i];
        if (slab == NULL) continue;
        ASSERT(slab->used_count == 0);
        ASSERT(slab->next == NULL);
        free(slab);
        slabs->open[i] = NULL;
    }
}
