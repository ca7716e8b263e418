/*
 * heap.h -- memory that is given back piece by piece, and counted: what a store's keys live in.
 *
 * jemalloc is below (the plain allocator under sanitizers). Whoever gives a block back says how
 * large it was asked for, so that nothing has to be looked up. A heap belongs to one thread at a
 * time. Memory that the system refuses ends the process: a cap is kept by asking `used_bytes`.
 */
#pragma once

#include "base/base.h"

struct heap {            /* zeroed is empty and ready */
    uint64_t used_bytes; /* what the blocks really take: rounded sizes */
    uint64_t blocks_count;
};

void *heap_take(struct heap *heap, size_t size); /* not zeroed; size 1 or more */
void *heap_take_zeroed(struct heap *heap, size_t size);
void *heap_resize(struct heap *heap, void *block, size_t old_size, size_t new_size);
void heap_give(struct heap *heap, void *block, size_t size); /* NULL is allowed */

size_t heap_rounded_bytes(size_t size); /* what a block of `size` really takes */
