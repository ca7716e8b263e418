/* shuffle_fixture.c -- see shuffle_fixture.h. */
#include "test/work/shuffle/shuffle_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { STAIRS = 1000, SHARED_MAX = 40 };

static void append_random(struct random *random, size_t len, const char *of, size_t of_count,
                          struct buffer *out)
{
    for (; len > 0; len--) {
        uint64_t any = random_u64(random);
        buffer_append_byte(out, of == NULL ? (uint8_t)any : (uint8_t)of[any % of_count]);
    }
}

static void append_same(uint8_t byte, size_t len, struct buffer *out)
{
    memset(buffer_reserve(out, len + 1), byte, len);
    out->len += len;
}

struct slice fixture_key(struct random *random, enum key_kind kind, struct buffer *scratch)
{
    static const char few[] = {0, 'a', 'b', (char)0xff};
    buffer_clear(scratch);
    switch (kind) {
    case KEY_RANDOM: append_random(random, random_below(random, 21), NULL, 0, scratch); break;
    case KEY_SHARED:
        append_same('s', random_below(random, 4) == 0 ? random_below(random, SHARED_MAX) : 24,
                    scratch);
        append_random(random, random_below(random, 13), few, COUNT_OF(few), scratch);
        break;
    case KEY_ZEROS:
        append_random(random, random_below(random, 2), few, COUNT_OF(few), scratch);
        append_same(0, random_below(random, 30), scratch);
        break;
    case KEY_FEW: append_random(random, random_below(random, 3), "xy", 2, scratch); break;
    case KEY_SAME: buffer_append(scratch, SLICE("the one and only")); break;
    case KEY_STAIRCASE: append_same('/', random_below(random, STAIRS + 1), scratch); break;
    case KEY_KINDS: break;
    }
    return buffer_slice(scratch);
}

void fixture_pairs_add(struct fixture_pairs *pairs, uint32_t partition, struct slice key,
                       struct slice value)
{
    if (pairs->arena == NULL) pairs->arena = arena_new();
    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity * 2 + 64;
        pairs->list = realloc(pairs->list, pairs->capacity * sizeof *pairs->list);
        cr_assert_not_null(pairs->list);
    }
    pairs->list[pairs->count] = (struct fixture_pair){
        partition, arena_copy(pairs->arena, key), arena_copy(pairs->arena, value), pairs->count};
    pairs->count++;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct fixture_pair *a = left, *b = right;
    if (a->partition != b->partition) return a->partition < b->partition ? -1 : 1;
    int order = slice_cmp(a->key, b->key);
    if (order != 0) return order;
    return (a->order > b->order) - (a->order < b->order);
}

void fixture_pairs_sort(struct fixture_pairs *pairs)
{
    if (pairs->count > 0) qsort(pairs->list, pairs->count, sizeof *pairs->list, compare_pairs);
}

void fixture_pairs_free(struct fixture_pairs *pairs)
{
    free(pairs->list);
    arena_free(pairs->arena);
    *pairs = (struct fixture_pairs){0};
}

struct reduce_operator fixture_reduce(struct arena *arena, const char *text)
{
    struct reduce_operator reduce;
    struct fault fault;
    struct job_spec spec = {.reduce = slice_text(text)};
    cr_assert_eq(reduce_new(arena, &spec, &reduce, &fault), ERR_OK, "%s", fault.text);
    return reduce;
}
