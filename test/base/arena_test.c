/* arena_test.c -- allocations are zeroed, aligned, and do not overlap. */
#include "base/arena.h"
#include "test/random.h"
#include "test/rows.h"

enum { ALLOCATIONS = 2000 };

static bool all_are(const uint8_t *bytes, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) return false;
    }
    return true;
}

Test(arena, allocations_are_apart) /* each is filled with its own byte, and keeps it */
{
    static uint8_t *at[ALLOCATIONS];
    static size_t sizes[ALLOCATIONS];
    struct random random = {3};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ALLOCATIONS; i++) {
        sizes[i] = random_magnitude(&random) % 200000 >> random_below(&random, 16);
        at[i] = arena_alloc(arena, sizes[i]);
        cr_assert((uintptr_t)at[i] % 16 == 0, "allocation %zu is not aligned", i);
        cr_assert(all_are(at[i], sizes[i], 0), "allocation %zu is not zeroed", i);
        memset(at[i], (int)(1 + i % 255), sizes[i]);
    }
    for (size_t i = 0; i < ALLOCATIONS; i++) {
        cr_assert(all_are(at[i], sizes[i], (uint8_t)(1 + i % 255)), "%zu was overwritten", i);
    }
    arena_free(arena);
}

Test(arena, copies)
{
    struct arena *arena = arena_new();
    char text[] = "a\0b";
    struct slice copy = arena_copy(arena, slice_of(text, 3));
    char *ended = arena_text(arena, slice_of(text, 1));
    text[0] = 'x';
    cr_expect(slice_eq(copy, SLICE("a\0b")));
    cr_expect(strcmp(ended, "a") == 0);
    cr_expect(strcmp(arena_text(arena, (struct slice){0}), "") == 0);
    cr_expect(strcmp(arena_format(arena, "%d-%s", 12, "z"), "12-z") == 0);
    cr_expect(strlen(arena_format(arena, "%*d", 100000, 1)) == 100000);
    arena_free(arena);
}

Test(arena, makes_types_and_arrays)
{
    struct arena *arena = arena_new();
    uint64_t *one = ARENA_NEW(arena, uint64_t);
    uint32_t *many = ARENA_ARRAY(arena, uint32_t, 1000);
    *one = UINT64_MAX;
    cr_expect(many[0] == 0 && many[999] == 0);
    arena_free(arena);
}

Test(arena, of_nothing_may_be_freed)
{
    arena_free(NULL);
    arena_free(arena_new());
}
