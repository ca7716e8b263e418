#include "core/store/list_impl.h"

/* --- walking
 * -------------------------------------------------------------------------------------- */

static struct list_place node_at(struct list_node *node, uint64_t index)
{
    uint32_t offset;
    if (index <= node->count / 2U) {
        offset = node->begin;
        for (uint64_t i = 0; i < index; i++) {
            offset += (uint32_t)list_item_size(element_size_at(node->bytes + offset));
        }
    } else {
        offset = node->end;
        for (uint64_t i = node->count; i > index; i--) {
            offset -= (uint32_t)list_item_size_before(node->bytes + offset);
        }
    }
    return (struct list_place){node, offset};
}

struct list_place list_at(const struct list *list, uint64_t index)
{
    ASSERT(index <= list->count);
    if (list->count == 0) return (struct list_place){NULL, 0};
    struct list_node *node = list->head;
    if (index <= list->count / 2) {
        for (; index > node->count; node = node->after) index -= node->count;
        return node_at(node, index);
    }
    uint64_t behind = list->count - index;
    for (node = list->tail; behind > node->count; node = node->before) behind -= node->count;
    return node_at(node, node->count - behind);
}

/* To the begin of the next node, when the place is behind a node's last element. */
static void place_settle(struct list_place *place)
{
    struct list_node *node = place->node;
    if (node == NULL || place->offset < node->end || node->after == NULL) return;
    *place = (struct list_place){node->after, node->after->begin};
}

const uint8_t *list_forward(struct list_place *place)
{
    place_settle(place);
    if (place->node == NULL || place->offset == place->node->end) return NULL;
    const uint8_t *at = place->node->bytes + place->offset;
    place->offset += (uint32_t)list_item_size(element_size_at(at));
    return at;
}

const uint8_t *list_backward(struct list_place *place)
{
    struct list_node *node = place->node;
    if (node == NULL) return NULL;
    if (place->offset == node->begin) {
        if (node->before == NULL) return NULL;
        node = node->before;
        *place = (struct list_place){node, node->end};
    }
    place->offset -= (uint32_t)list_item_size_before(node->bytes + place->offset);
    return node->bytes + place->offset;
}

/* --- inserting
 * ------------------------------------------------------------------------------------ */

/* Cut the node at a place that has elements on both sides. Returns the node of those behind. */
static struct list_node *node_split(struct room *room, struct list *list, struct list_place place)
{
    struct list_node *node = place.node;
    uint32_t behind = node->end - place.offset;
    struct list_node *right = list_node_new(room, behind);
    memcpy(right->bytes, node->bytes + place.offset, behind);
    right->end = behind;
    for (uint32_t at = 0; at < behind; right->count++) {
        at += (uint32_t)list_item_size(element_size_at(right->bytes + at));
    }
    node->end = place.offset;
    node->count = (uint16_t)(node->count - right->count);
    list_node_link(list, node, right);
    return right;
}

/* The gap's node takes no more: the node beside it, or a new one between. */
static void insert_between(struct room *room, struct list *list, struct list_node *left,
                           struct list_node *right, const struct element *element, size_t text_len)
{
    size_t size = element_size(element);
    struct list_place place;
    if (left != NULL && list_node_accepts(room, left, size, text_len)) {
        place = (struct list_place){left, left->end};
    } else if (right != NULL && list_node_accepts(room, right, size, text_len)) {
        place = (struct list_place){right, right->begin};
    } else {
        list_add_node(room, list, left, element, text_len);
        return;
    }
    list_item_write(list_node_open(room, list, &place, list_item_size(size)), element);
    place.node->count++;
    list->count++;
}

void list_insert(struct room *room, struct list *list, struct list_place place, struct slice bytes)
{
    if (place.node == NULL) {
        list_push(room, list, LIST_TAIL, bytes);
        return;
    }
    const struct element element = element_of(bytes);
    size_t size = element_size(&element);
    struct list_node *node = place.node;
    list_settle_grown(room, list, bytes.len);
    if (!list->chained || list_node_accepts(room, node, size, bytes.len)) {
        list_item_write(list_node_open(room, list, &place, list_item_size(size)), &element);
        place.node->count++;
        list->count++;
    } else if (place.offset == node->begin) {
        insert_between(room, list, node->before, node, &element, bytes.len);
    } else if (place.offset == node->end) {
        insert_between(room, list, node, node->after, &element, bytes.len);
    } else {
        struct list_node *right = node_split(room, list, place);
        insert_between(room, list, node, right, &element, bytes.len);
    }
}

/* --- erasing, replacing
 * --------------------------------------------------------------------------- */

/* Two neighbours of which half a node would be filled become one; the place is in one of them. */
static void nodes_join(struct room *room, struct list *list, struct list_node *left,
                       struct list_node *right, struct list_place *place)
{
    if (left == NULL || right == NULL || left->alone || right->alone) return;
    struct list_limit limit = list_limit(room);
    uint32_t left_used = list_node_used(left), right_used = list_node_used(right);
    if (left_used + right_used > limit.bytes / 2) return;
    if ((uint32_t)left->count + right->count > limit.count / 2) return;

    uint32_t from_begin = place->node == left ? place->offset - left->begin
                                              : left_used + place->offset - right->begin;
    struct list_place end = {left, left->end};
    memcpy(list_node_open(room, list, &end, right_used), right->bytes + right->begin, right_used);
    end.node->count = (uint16_t)(end.node->count + right->count);
    list_node_unlink(list, right);
    list_node_free(room, right);
    *place = (struct list_place){end.node, end.node->begin + from_begin};
}

/* A node without elements goes; the gap is between its neighbours. */
static void node_erase(struct room *room, struct list *list, struct list_place *place)
{
    struct list_node *node = place->node, *before = node->before, *after = node->after;
    list_node_unlink(list, node);
    list_node_free(room, node);
    *place = (struct list_place){NULL, 0};
    if (before != NULL) *place = (struct list_place){before, before->end};
    if (after != NULL) *place = (struct list_place){after, after->begin};
    nodes_join(room, list, before, after, place);
}

void list_erase(struct room *room, struct list *list, struct list_place *place)
{
    place_settle(place);
    struct list_node *node = place->node;
    ASSERT(node != NULL && place->offset < node->end);
    list->count--;
    if (node->count == 1) {
        node_erase(room, list, place);
    } else {
        list_node_close(place, list_item_size(element_size_at(node->bytes + place->offset)));
        node->count--;
        list_node_shrink(room, list, place);
        nodes_join(room, list, place->node, place->node->after, place);
        nodes_join(room, list, place->node->before, place->node, place);
    }
    list_settle_shrunk(room, list);
}

void list_replace(struct room *room, struct list *list, struct list_place place, struct slice bytes)
{
    place_settle(&place);
    ASSERT(place.node != NULL && place.offset < place.node->end);
    list_settle_grown(room, list, bytes.len);
    const struct element element = element_of(bytes);
    size_t old_size = list_item_size(element_size_at(place.node->bytes + place.offset));
    size_t size = list_item_size(element_size(&element));
    size_t used = LIST_NODE_HEAD + list_node_used(place.node) - old_size + size;
    bool fits = !place.node->alone && !list_is_long(room, bytes.len) &&
                (used <= list_limit(room).bytes || size <= old_size);
    if (list->chained && !fits) {
        list_erase(room, list, &place);
        list_insert(room, list, place, bytes);
        return;
    }
    if (size > old_size) list_node_open(room, list, &place, size - old_size);
    if (size < old_size) list_node_close(&place, old_size - size);
    list_item_write(place.node->bytes + place.offset, &element);
    list_settle_shrunk(room, list);
}

/* --- invariants
 * ----------------------------------------------------------------------------------- */

static void node_check(const struct list_node *node)
{
    ASSERT(node->begin <= node->end);
    ASSERT(node->end <= node->capacity);
    ASSERT(node->count > 0);
    ASSERT(!node->alone || node->count == 1);
    uint32_t at = node->begin, count = 0;
    for (; at < node->end; count++) {
        size_t size = element_check(node->bytes + at, node->end - at);
        ASSERT(size > 0);
        at += (uint32_t)list_item_size(size);
        ASSERT(at <= node->end);
        ASSERT(list_item_size_before(node->bytes + at) == list_item_size(size));
    }
    ASSERT(count == node->count);
}

void list_check(const struct list *list)
{
    uint64_t count = 0, nodes_count = 0;
    const struct list_node *before = NULL;
    for (const struct list_node *node = list->head; node != NULL; node = node->after) {
        node_check(node);
        ASSERT(node->before == before);
        before = node;
        count += node->count;
        nodes_count++;
    }
    ASSERT(list->tail == before);
    ASSERT(list->count == count);
    ASSERT(list->nodes_count == nodes_count);
    ASSERT(list->chained || nodes_count <= 1);
}
