/* name_map.c -- see name_map.h. */
#include <stdlib.h>

#include "serve/name_map.h"

enum { SLOTS_MIN = 16 };

static uint64_t hash_of(const struct name_map *map, uint32_t database, struct slice name)
{
    return hash_bytes(map->secret, name) + database * UINT64_C(0x9e3779b97f4a7c15);
}

static struct name_node *find(const struct name_map *map, uint64_t hash, uint32_t database,
                              struct slice name)
{
    if (map->slots_count == 0) return NULL;
    struct name_node *node = map->slots[hash & (map->slots_count - 1)];
    for (; node != NULL; node = node->next)
        if (node->hash == hash && node->database == database && slice_eq(name_of(node), name))
            return node;
    return NULL;
}

struct name_node *name_map_find(const struct name_map *map, uint32_t database, struct slice name)
{
    if (map->count == 0) return NULL;
    return find(map, hash_of(map, database, name), database, name);
}

static void grow(struct name_map *map)
{
    uint32_t count = map->slots_count == 0 ? SLOTS_MIN : map->slots_count * 2;
    struct name_node **slots = calloc(count, sizeof(struct name_node *));
    ASSERT(slots != NULL);
    for (uint32_t i = 0; i < map->slots_count; i++) {
        for (struct name_node *node = map->slots[i], *next; node != NULL; node = next) {
            next = node->next;
            node->next = slots[node->hash & (count - 1)];
            slots[node->hash & (count - 1)] = node;
        }
    }
    free(map->slots);
    map->slots = slots;
    map->slots_count = count;
}

struct name_node *name_map_add(struct name_map *map, uint32_t database, struct slice name)
{
    uint64_t hash = hash_of(map, database, name);
    struct name_node *node = find(map, hash, database, name);
    if (node != NULL) return node;
    if (map->count >= map->slots_count) grow(map);
    node = calloc(1, sizeof(struct name_node) + name.len);
    ASSERT(node != NULL);
    node->hash = hash;
    node->database = database;
    node->name_bytes = (uint32_t)name.len;
    if (name.len > 0) memcpy(node->name, name.data, name.len);
    struct name_node **slot = &map->slots[hash & (map->slots_count - 1)];
    node->next = *slot;
    *slot = node;
    map->count++;
    return node;
}

void name_map_remove(struct name_map *map, struct name_node *node)
{
    ASSERT(map->slots != NULL);
    struct name_node **at = &map->slots[node->hash & (map->slots_count - 1)];
    while (*at != node) {
        at = &(*at)->next;
        ASSERT(*at != NULL);
    }
    *at = node->next;
    free(node);
    map->count--;
    if (map->count > 0) return;
    free(map->slots); /* empty: give the slots back too */
    map->slots = NULL;
    map->slots_count = 0;
}

void name_map_free(struct name_map *map)
{
    struct name_walk walk = {0};
    for (struct name_node *node; (node = name_map_next(map, &walk)) != NULL;)
        name_map_remove(map, node);
}

struct name_node *name_map_next(const struct name_map *map, struct name_walk *walk)
{
    while (walk->next == NULL) {
        if (walk->slot >= map->slots_count) return NULL;
        walk->next = map->slots[walk->slot++];
    }
    struct name_node *node = walk->next;
    walk->next = node->next;
    return node;
}
