/*
 * list.h -- a list of byte strings: a chain of nodes, each a block of packed elements.
 *
 * A small list is one node ("listpack"); past list_max_listpack_size it is a chain of nodes of at
 * most that size ("quicklist"), and one again when it has shrunk to half a node. An element too
 * long for a node has one of its own. A node keeps slack at both ends, so that pushing and popping
 * move nothing; elements carry their length before and behind, so that both ways are walked.
 *
 * A place is a gap: before the first element, between two, or behind the last. It stays good until
 * the list is changed, but for the change that is given its address.
 */
#pragma once

#include "core/store/element.h"
#include "core/store/value.h"

struct list; /* opaque; owned by the store */
struct list_node;

enum { LIST_ELEMENT_BYTES_MAX = STORE_STRING_BYTES_MAX };

enum list_end { LIST_HEAD, LIST_TAIL };

struct list_place {
    struct list_node *node;
    uint32_t offset;
};

/* As value.h says. */
struct list *list_new(struct room *room);
void list_free(struct room *room, struct list *list);
bool list_free_some(struct room *room, struct list *list, uint32_t steps);
struct list *list_copy(struct room *room, const struct list *list);
uint64_t list_count(const struct list *list);
uint64_t list_bytes(const struct list *list);
const char *list_encoding(const struct list *list);
void list_encode(const struct list *list, struct buffer *out);
struct list *list_decode(struct room *room, struct cursor *in); /* an empty one is damaged too */
void list_digest(const struct list *list, uint8_t digest[20]);

/* --- at the ends ----------------------------------------------------------------------------- */

/* Bytes given are not in this list, and at most LIST_ELEMENT_BYTES_MAX. */
void list_push(struct room *room, struct list *list, enum list_end end, struct slice bytes);
/* The element at an end; the list is not empty. For element_text. */
const uint8_t *list_peek(const struct list *list, enum list_end end);
/* Drop `count` elements from an end; so many are there. */
void list_drop(struct room *room, struct list *list, enum list_end end, uint64_t count);
/* Take the element at one end to the other; the list is not empty. */
void list_rotate(struct room *room, struct list *list, enum list_end from);

/* --- by place -------------------------------------------------------------------------------- */

/* Before the index-th element from 0; at most the count, which is behind the last. */
struct list_place list_at(const struct list *list, uint64_t index);
/* The element behind a place (NULL: none), and the place moves past it. For element_text,
 * element_is. Borrowed until the list changes. */
const uint8_t *list_forward(struct list_place *place);
/* The element before a place, and the place moves before it. */
const uint8_t *list_backward(struct list_place *place);

/* Into the gap; the place is good no more. */
void list_insert(struct room *room, struct list *list, struct list_place place, struct slice bytes);
/* The element behind the place is there. The place of an erased one is the gap that it leaves. */
void list_erase(struct room *room, struct list *list, struct list_place *place);
void list_replace(struct room *room, struct list *list, struct list_place place,
                  struct slice bytes);

uint64_t list_nodes_count(const struct list *list); /* for DEBUG OBJECT */
void list_check(const struct list *list);           /* asserts all invariants: for tests */
