/*
 * slab.h -- small blocks, cut from slabs of one size each: the lower half of heap.h.
 *
 * Sizes go up by 8, so that a block wastes 7 bytes at most where an allocator with four classes to
 * a doubling wastes up to a fifth; that is what many small values are made of. A slab is
 * SLAB_BYTES, aligned to that, and says at its start what it is: a block finds its slab by its
 * address. A slab that is empty goes back, but for one of each size. After Bonwick, "The slab
 * allocator" (1994).
 */
#pragma once

#include "base/base.h"

enum {
    SLAB_BYTES = 16 * 1024,
    SLAB_BLOCK_BYTES_MAX = 256, /* larger ones are not for slabs */
    SLAB_STEP_BYTES = 8,
    SLAB_CLASSES = SLAB_BLOCK_BYTES_MAX / SLAB_STEP_BYTES,
};

struct slab;

struct slabs {                       /* zeroed is empty and ready */
    struct slab *open[SLAB_CLASSES]; /* lists of those with room */
};

static inline size_t slab_rounded_bytes(size_t size)
{
    return (size + SLAB_STEP_BYTES - 1) & ~(size_t)(SLAB_STEP_BYTES - 1);
}

void *slabs_take(struct slabs *slabs, size_t size); /* 1 … SLAB_BLOCK_BYTES_MAX */
void slabs_give(struct slabs *slabs, void *block);
void slabs_release(struct slabs *slabs); /* the empty ones that were kept; no block is out */
