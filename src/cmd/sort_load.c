/* sort_load.c -- the elements of a list, a set or a sorted set, to be sorted. See sort.h. */
#include <stdlib.h>

#include "cmd/sort.h"
#include "core/store/list.h"
#include "core/store/set.h"
#include "core/store/value.h"
#include "core/store/zset.h"

/* What is in a scratch does not last. */
static struct slice lasting(struct arena *arena, struct slice text, const char *scratch)
{
    return text.data == (const uint8_t *)scratch ? arena_copy(arena, text) : text;
}

static void load_list(const struct list *list, uint64_t first, struct arena *arena,
                      struct sort_vector *vector)
{
    char scratch[INTEGER_TEXT_MAX];
    struct list_place place = list_at(list, first);
    for (uint64_t i = 0; i < vector->count; i++) {
        struct slice text = element_text(list_forward(&place), scratch);
        vector->items[i].element = lasting(arena, text, scratch);
    }
}

static void load_set(const struct set *set, struct arena *arena, struct sort_vector *vector)
{
    struct set_walk walk = {0};
    struct slice member;
    for (uint64_t i = 0; set_walk_next(set, &walk, &member); i++) {
        vector->items[i].element = lasting(arena, member, walk.scratch);
    }
}

static void load_zset(const struct zset *zset, uint64_t first, struct sort_vector *vector)
{
    struct zset_walk walk;
    struct zset_item item;
    zset_walk_begin(&walk, zset, (struct zset_span){first, vector->count}, false);
    for (uint64_t i = 0; zset_walk_next(&walk, &item); i++) vector->items[i].element = item.member;
}

static void reverse(struct sort_vector *vector)
{
    for (uint64_t i = 0; i < vector->count / 2; i++) {
        struct slice *a = &vector->items[i].element;
        struct slice *b = &vector->items[vector->count - 1 - i].element;
        struct slice kept = *a;
        *a = *b;
        *b = kept;
    }
}

static void limit(const struct sort_options *options, uint64_t count, struct sort_vector *vector)
{
    uint64_t start = options->limit_start < 0 ? 0 : (uint64_t)options->limit_start;
    vector->count = count;
    vector->first = u64_min(start, count);
    vector->wanted = count - vector->first;
    if (options->limit_count >= 0) {
        vector->wanted = u64_min(vector->wanted, (uint64_t)options->limit_count);
    }
}

void sort_load(const struct entry *entry, const struct sort_options *options, struct arena *arena,
               struct sort_vector *vector)
{
    *vector = (struct sort_vector){0};
    if (entry == NULL) return;
    enum value_type type = entry_type(entry);
    const void *object = entry_object(entry);
    uint64_t count = value_count(type, object), first = 0;
    limit(options, count, vector);
    bool has_order = type != VALUE_SET;
    if (options->unsorted && has_order) { /* then only the range is read */
        bool backwards = options->descending;
        first = backwards ? count - vector->first - vector->wanted : vector->first;
        vector->count = vector->wanted;
        vector->first = 0;
    }
    if (vector->count == 0) return;
    vector->items = calloc(vector->count, sizeof *vector->items);
    ASSERT(vector->items != NULL);
    if (type == VALUE_LIST) load_list(object, first, arena, vector);
    if (type == VALUE_SET) load_set(object, arena, vector);
    if (type == VALUE_ZSET) load_zset(object, first, vector);
    if (options->unsorted && has_order && options->descending) reverse(vector);
}
