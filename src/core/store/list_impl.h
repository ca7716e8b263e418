/*
 * list_impl.h -- a list's nodes, for list*.c.
 *
 * An item in a node is an element and behind it its size, seven bits a byte, written so that it is
 * read from its last byte backwards: each byte that has another before it has its top bit set.
 */
#pragma once

#include "core/store/list.h"

struct list_node {
    struct list_node *before, *after;
    uint32_t begin, end; /* the items, in bytes[]; what is outside is slack */
    uint32_t capacity;   /* of bytes[] */
    uint16_t count;
    bool alone; /* one element too long to share a node */
    uint8_t bytes[];
};

struct list {
    struct list_node *head, *tail; /* NULL: empty; no node is */
    uint64_t count;
    uint32_t nodes_count;
    bool chained; /* "quicklist"; else at most one node */
};

enum {
    LIST_NODE_HEAD = offsetof(struct list_node, bytes),
    LIST_NODE_COUNT_MAX = UINT16_MAX,
    LIST_BACK_MAX = 5,
};

struct list_limit { /* of a node */
    uint32_t bytes, count;
    bool by_bytes; /* list_max_listpack_size is a size, so that only `bytes` counts */
};
struct list_limit list_limit(const struct room *room);

static inline size_t list_back_size(size_t size)
{
    return size < 1 << 7 ? 1 : size < 1 << 14 ? 2 : size < 1 << 21 ? 3 : size < 1 << 28 ? 4 : 5;
}

static inline size_t list_item_size(size_t element_size)
{
    return element_size + list_back_size(element_size);
}

static inline uint32_t list_node_used(const struct list_node *node)
{
    return node->end - node->begin;
}

/* The size of the item that ends at `end`. */
size_t list_item_size_before(const uint8_t *end);
void list_item_write(uint8_t *at, const struct element *element);

/* --- memory of nodes ------------------------------------------------------------------------- */

struct list_node *list_node_new(struct room *room, size_t capacity_min); /* not linked */
void list_node_free(struct room *room, struct list_node *node);
/* Behind `before`; NULL: as the head. */
void list_node_link(struct list *list, struct list_node *before, struct list_node *node);
void list_node_unlink(struct list *list, struct list_node *node);

/* Make a hole of `size` bytes at a place, and the place its begin. The node may move. */
uint8_t *list_node_open(struct room *room, struct list *list, struct list_place *place,
                        size_t size);
/* Close the hole of `size` bytes behind a place; the place is where it was. */
void list_node_close(struct list_place *place, size_t size);
/* Give back slack, if it is most of the node; the place is in it. The node may move. */
void list_node_shrink(struct room *room, struct list *list, struct list_place *place);

/* --- rules
 * ---------------------------------------------------------------------------------------- */

/* May an element of so many bytes come into the node? */
bool list_node_accepts(const struct room *room, const struct list_node *node, size_t element_size,
                       size_t text_len);
bool list_is_long(const struct room *room, size_t text_len); /* it must be alone */
/* Before an element comes in: is it still one node? */
void list_settle_grown(const struct room *room, struct list *list, size_t text_len);
/* After something went: is it one small node again? */
void list_settle_shrunk(const struct room *room, struct list *list);
/* A node with this element alone, behind `before` (NULL: as the head). */
void list_add_node(struct room *room, struct list *list, struct list_node *before,
                   const struct element *element, size_t text_len);
