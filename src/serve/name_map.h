/*
 * name_map.h -- names of a database to what is known of them: watched keys, keys that clients wait
 * for, channels. A chained hash table that doubles.
 *
 * Nodes stay where they are until they are removed, and are freed by the map.
 */
#pragma once

#include "base/hash.h"

struct name_node {
    struct name_node *next; /* in its slot */
    uint64_t hash;
    void *first, *last; /* the user's */
    uint32_t database, count;
    uint32_t name_bytes;
    uint8_t name[];
};

struct name_map { /* zeroed but for `secret` is empty and ready */
    const struct hash_secret *secret;
    struct name_node **slots; /* owned */
    uint32_t slots_count;     /* 0, or a power of two */
    uint32_t count;
};

static inline struct slice name_of(const struct name_node *node)
{
    return slice_of(node->name, node->name_bytes);
}

struct name_node *name_map_find(const struct name_map *map, uint32_t database, struct slice name);
/* Found, or made with `first`, `last` and `count` empty. */
struct name_node *name_map_add(struct name_map *map, uint32_t database, struct slice name);
void name_map_remove(struct name_map *map, struct name_node *node);
void name_map_free(struct name_map *map); /* its nodes too */

/* Every node; the one that was given may be removed before the next is asked for. */
struct name_walk {
    uint32_t slot;
    struct name_node *next;
};
struct name_node *name_map_next(const struct name_map *map, struct name_walk *walk); /* NULL: end */
