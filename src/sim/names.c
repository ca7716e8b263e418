/* names.c -- see names.h. An open table of numbers, and the texts by number. */
#include "sim/names.h"

#include "base/buffer.h"
#include "base/hash.h"

enum { PLACES_AT_FIRST = 64, SEED = 1 };

struct names {
    struct arena *arena;
    struct buffer texts;  /* of struct slice */
    struct buffer places; /* of uint32_t: number + 1; 0 is free */
    struct hash_secret secret;
};

struct names *names_new(struct arena *arena)
{
    struct names *names = ARENA_NEW(arena, struct names);
    names->arena = arena;
    hash_secret_fill(&names->secret, SEED);
    return names;
}

void names_free(struct names *names)
{
    buffer_free(&names->texts);
    buffer_free(&names->places);
}

uint32_t names_count(const struct names *names)
{
    return (uint32_t)(names->texts.len / sizeof(struct slice));
}

struct slice names_text(const struct names *names, uint32_t number)
{
    ASSERT(number < names_count(names));
    return ((const struct slice *)(const void *)names->texts.data)[number];
}

/* Where `text` is, or where it would be put. */
static uint32_t *place_of(const struct names *names, struct slice text)
{
    uint32_t *places = (uint32_t *)(void *)names->places.data;
    size_t mask = names->places.len / sizeof(uint32_t) - 1;
    size_t at = hash_bytes(&names->secret, text) & mask;
    while (places[at] != 0 && !slice_eq(names_text(names, places[at] - 1), text))
        at = (at + 1) & mask;
    return &places[at];
}

static void grow(struct names *names)
{
    size_t count = names->places.len / sizeof(uint32_t);
    size_t wanted = count == 0 ? PLACES_AT_FIRST : count * 2;
    buffer_clear(&names->places);
    memset(buffer_reserve(&names->places, wanted * sizeof(uint32_t)), 0, wanted * sizeof(uint32_t));
    names->places.len = wanted * sizeof(uint32_t);
    for (uint32_t i = 0; i < names_count(names); i++)
        *place_of(names, names_text(names, i)) = i + 1;
}

uint32_t names_of(struct names *names, struct slice text)
{
    if (names_count(names) * (size_t)2 >= names->places.len / sizeof(uint32_t)) grow(names);
    uint32_t *place = place_of(names, text);
    if (*place == 0) {
        struct slice kept = arena_copy(names->arena, text);
        buffer_append(&names->texts, slice_of(&kept, sizeof kept));
        *place = names_count(names);
    }
    return *place - 1;
}
