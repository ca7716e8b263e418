/*
 * arena.h -- memory that is freed all at once. What `_new` functions return lives here.
 *
 * Allocations are zeroed and aligned to 16 bytes. Memory that the system refuses ends the process.
 */
#pragma once

#include "base/base.h"

struct arena; /* opaque */

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* with everything in it; NULL is allowed */

void *arena_alloc(struct arena *arena, size_t size);
struct slice arena_copy(struct arena *arena, struct slice bytes);
char *arena_text(struct arena *arena, struct slice text); /* a copy, NUL-terminated */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF(2, 3);

#define ARENA_NEW(arena, type)          ((type *)arena_alloc(arena, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc(arena, sizeof(type) * (count)))
