/* arena.c -- a list of chunks, filled from the front. See arena.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

enum { ARENA_CHUNK_BYTES = 64 * 1024, ARENA_ALIGN = 16 };

struct chunk {
    struct chunk *next;
    size_t used, capacity;
    _Alignas(ARENA_ALIGN) uint8_t bytes[];
};

struct arena {
    struct chunk *chunks; /* the first is the one being filled */
};

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof *arena);
    ASSERT(arena != NULL);
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL) return;
    for (struct chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

static struct chunk *chunk_push(struct arena *arena, size_t size)
{
    size_t capacity = u64_max(size, ARENA_CHUNK_BYTES);
    struct chunk *chunk = malloc(sizeof *chunk + capacity); /* zeroed as far as it is given away */
    ASSERT(chunk != NULL);
    chunk->used = 0;
    chunk->capacity = capacity;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    struct chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->capacity - chunk->used < rounded) {
        chunk = chunk_push(arena, rounded);
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return memset(at, 0, rounded);
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
    return slice_of(arena_text(arena, bytes), bytes.len);
}

char *arena_text(struct arena *arena, struct slice text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len != 0) memcpy(copy, text.data, text.len);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}
