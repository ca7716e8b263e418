/*
 * heap.h -- memory that is given back piece by piece, and counted: what a store's keys live in.
 *
 * Slabs for small blocks and jemalloc are below (the plain allocator under sanitizers). Whoever
 * gives a block back says how large it was asked for, so that nothing has to be looked up. A heap
 * belongs to one thread at a time. Memory that the system refuses ends the process: a cap is kept
 * by asking `used_bytes`.
 */
#pragma once

#include "base/slab.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_PLAIN 1 /* the allocator there guards each byte */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_PLAIN 1
#endif
#endif

struct heap {            /* zeroed is empty and ready; it may be moved */
    uint64_t used_bytes; /* what the blocks really take: rounded sizes */
    uint64_t blocks_count;
    struct slabs slabs;
};

void *heap_take(struct heap *heap, size_t size); /* not zeroed; size 1 or more */
void *heap_take_zeroed(struct heap *heap, size_t size);
void *heap_resize(struct heap *heap, void *block, size_t old_size, size_t new_size);
void heap_give(struct heap *heap, void *block, size_t size); /* NULL is allowed */

void heap_purge(void); /* what was given back, of all heaps, goes back to the system */

void heap_release(struct heap *heap); /* what it keeps for later; no block is out */

/* What a block of `size` (1 or more) really takes. Larger than slabs have: jemalloc's classes, four
 * to a doubling. */
static inline size_t heap_rounded_bytes(size_t size)
{
    if (size <= SLAB_BLOCK_BYTES_MAX) return slab_rounded_bytes(size);
    size_t step = (size_t)1 << (61 - __builtin_clzll(size - 1));
    return (size + step - 1) & ~(step - 1);
}

/* May a block asked for as `old_size` be used, and given back, as one of `new_size`? */
static inline bool heap_fits(size_t old_size, size_t new_size)
{
#ifdef HEAP_PLAIN
    if (new_size > old_size) return false;
#endif
    return heap_rounded_bytes(old_size) == heap_rounded_bytes(new_size);
}
