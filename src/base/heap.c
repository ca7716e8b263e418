/* heap.c -- see heap.h. */
#include <stdlib.h>

#include "base/heap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_PLAIN 1
#endif
#endif

#ifdef HEAP_PLAIN
static void block_free(void *block, size_t size)
{
    (void)size;
    free(block);
}

void heap_purge(void)
{
}
#else
#include <jemalloc/jemalloc.h>

/* The size spares jemalloc to look up the block's class. */
static void block_free(void *block, size_t size)
{
    sdallocx(block, size, 0);
}

/* "arena.4096" stands for all arenas (MALLCTL_ARENAS_ALL). A refusal leaves things as they were. */
void heap_purge(void)
{
    (void)mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
}
#endif

static void heap_count(struct heap *heap, size_t size)
{
    heap->used_bytes += heap_rounded_bytes(size);
    heap->blocks_count++;
}

void *heap_take(struct heap *heap, size_t size)
{
    void *block = malloc(size);
    ASSERT(block != NULL);
    heap_count(heap, size);
    return block;
}

void *heap_take_zeroed(struct heap *heap, size_t size)
{
    void *block = calloc(1, size);
    ASSERT(block != NULL);
    heap_count(heap, size);
    return block;
}

void *heap_resize(struct heap *heap, void *block, size_t old_size, size_t new_size)
{
    if (block == NULL) return heap_take(heap, new_size);
    if (heap_fits(old_size, new_size)) return block;
    void *moved = realloc(block, new_size);
    ASSERT(moved != NULL);
    heap->used_bytes += heap_rounded_bytes(new_size) - heap_rounded_bytes(old_size);
    return moved;
}

void heap_give(struct heap *heap, void *block, size_t size)
{
    if (block == NULL) return;
    ASSERT(heap->blocks_count > 0);
    heap->used_bytes -= heap_rounded_bytes(size);
    heap->blocks_count--;
    block_free(block, size);
}
