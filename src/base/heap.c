/* heap.c -- see heap.h. */
#include <stdlib.h>

#include "base/heap.h"

#ifdef HEAP_PLAIN
static void *block_take(struct heap *heap, size_t size)
{
    (void)heap;
    return malloc(size);
}

static void block_give(struct heap *heap, void *block, size_t size)
{
    (void)heap;
    (void)size;
    free(block);
}

static void *block_resize(struct heap *heap, void *block, size_t old_size, size_t new_size)
{
    (void)heap;
    (void)old_size;
    return realloc(block, new_size);
}

void heap_purge(void)
{
}
#else
#include <jemalloc/jemalloc.h>

static void *block_take(struct heap *heap, size_t size)
{
    return size <= SLAB_BLOCK_BYTES_MAX ? slabs_take(&heap->slabs, size) : malloc(size);
}

/* The size spares jemalloc to look up the block's class. */
static void block_give(struct heap *heap, void *block, size_t size)
{
    if (size <= SLAB_BLOCK_BYTES_MAX) {
        slabs_give(&heap->slabs, block);
    } else {
        sdallocx(block, size, 0);
    }
}

static void *block_resize(struct heap *heap, void *block, size_t old_size, size_t new_size)
{
    if (old_size > SLAB_BLOCK_BYTES_MAX && new_size > SLAB_BLOCK_BYTES_MAX) {
        return realloc(block, new_size);
    }
    void *moved = block_take(heap, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    block_give(heap, block, old_size);
    return moved;
}

/* "arena.4096" stands for all arenas (MALLCTL_ARENAS_ALL). A refusal leaves things as they were. */
void heap_purge(void)
{
    (void)mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
}
#endif

void heap_release(struct heap *heap)
{
    ASSERT(heap->blocks_count == 0);
    slabs_release(&heap->slabs);
}

static void heap_count(struct heap *heap, size_t size)
{
    heap->used_bytes += heap_rounded_bytes(size);
    heap->blocks_count++;
}

void *heap_take(struct heap *heap, size_t size)
{
    void *block = block_take(heap, size);
    ASSERT(block != NULL);
    heap_count(heap, size);
    return block;
}

void *heap_take_zeroed(struct heap *heap, size_t size)
{
    return memset(heap_take(heap, size), 0, size);
}

void *heap_resize(struct heap *heap, void *block, size_t old_size, size_t new_size)
{
    if (block == NULL) return heap_take(heap, new_size);
    if (heap_fits(old_size, new_size)) return block;
    void *moved = block_resize(heap, block, old_size, new_size);
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
    block_give(heap, block, size);
}
