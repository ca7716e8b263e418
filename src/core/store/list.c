#include "core/store/list_impl.h"

struct list *list_new(struct room *room)
{
    return heap_take_zeroed(&room->heap, sizeof(struct list));
}

void list_free(struct room *room, struct list *list)
{
    struct list_node *after;
    for (struct list_node *node = list->head; node != NULL; node = after) {
        after = node->after;
        list_node_free(room, node);
    }
    heap_give(&room->heap, list, sizeof *list);
}

enum { ELEMENTS_A_STEP = 8 /* about as many as a bucket of the other types has */ };

bool list_free_some(struct room *room, struct list *list, uint32_t steps)
{
    uint64_t count = (uint64_t)steps * ELEMENTS_A_STEP;
    if (count < list_count(list)) {
        list_drop(room, list, LIST_TAIL, count);
        return false;
    }
    list_free(room, list);
    return true;
}

struct list *list_copy(struct room *room, const struct list *list)
{
    struct list *copy = list_new(room);
    for (const struct list_node *node = list->head; node != NULL; node = node->after) {
        uint32_t used = list_node_used(node);
        struct list_node *to = list_node_new(room, used);
        memcpy(to->bytes, node->bytes + node->begin, used);
        to->end = used;
        to->count = node->count;
        to->alone = node->alone;
        list_node_link(copy, copy->tail, to);
    }
    copy->count = list->count;
    copy->chained = list->chained;
    return copy;
}

uint64_t list_count(const struct list *list)
{
    return list->count;
}

uint64_t list_nodes_count(const struct list *list)
{
    return list->nodes_count;
}

uint64_t list_bytes(const struct list *list)
{
    uint64_t bytes = heap_rounded_bytes(sizeof *list);
    for (const struct list_node *node = list->head; node != NULL; node = node->after) {
        bytes += LIST_NODE_HEAD + (uint64_t)node->capacity;
    }
    return bytes;
}

const char *list_encoding(const struct list *list)
{
    return list->chained ? "quicklist" : "listpack";
}

/* A count, then so many elements. */
void list_encode(const struct list *list, struct buffer *out)
{
    struct list_place place = list_at(list, 0);
    const uint8_t *at;
    put_varint(out, list->count);
    while ((at = list_forward(&place)) != NULL) {
        buffer_append(out, slice_of(at, element_size_at(at)));
    }
}

struct list *list_decode(struct room *room, struct cursor *in)
{
    uint64_t count = cursor_varint(in);
    struct list *list = list_new(room);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        char scratch[INTEGER_TEXT_MAX];
        size_t size = element_check(in->at, cursor_left(in));
        struct slice element = cursor_bytes(in, size);
        if (size == 0) in->bad = true;
        if (!in->bad) list_push(room, list, LIST_TAIL, element_text(element.data, scratch));
    }
    if (!in->bad && list->count > 0) return list;
    list_free(room, list);
    return NULL;
}

void list_digest(const struct list *list, uint8_t digest[20])
{
    struct list_place place = list_at(list, 0);
    char scratch[INTEGER_TEXT_MAX];
    const uint8_t *at;
    while ((at = list_forward(&place)) != NULL) digest_chain(digest, element_text(at, scratch));
}

/* --- at the ends
 * ---------------------------------------------------------------------------------- */

void list_push(struct room *room, struct list *list, enum list_end end, struct slice bytes)
{
    const struct element element = element_of(bytes);
    struct list_node *node = end == LIST_HEAD ? list->head : list->tail;
    list_settle_grown(room, list, bytes.len);
    bool fits = node != NULL && (!list->chained ||
                                 list_node_accepts(room, node, element_size(&element), bytes.len));
    if (!fits) {
        list_add_node(room, list, end == LIST_HEAD ? NULL : node, &element, bytes.len);
        return;
    }
    struct list_place place = {node, end == LIST_HEAD ? node->begin : node->end};
    size_t size = list_item_size(element_size(&element));
    list_item_write(list_node_open(room, list, &place, size), &element);
    place.node->count++;
    list->count++;
}

const uint8_t *list_peek(const struct list *list, enum list_end end)
{
    ASSERT(list->count > 0);
    if (end == LIST_HEAD) return list->head->bytes + list->head->begin;
    const uint8_t *behind = list->tail->bytes + list->tail->end;
    return behind - list_item_size_before(behind);
}

/* Drop from a node that has more than `count`. */
static void node_drop(struct list_node *node, enum list_end end, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (end == LIST_HEAD) {
            size_t size = element_size_at(node->bytes + node->begin);
            node->begin += (uint32_t)list_item_size(size);
        } else {
            node->end -= (uint32_t)list_item_size_before(node->bytes + node->end);
        }
    }
    node->count = (uint16_t)(node->count - count);
}

void list_drop(struct room *room, struct list *list, enum list_end end, uint64_t count)
{
    ASSERT(count <= list->count);
    list->count -= count;
    while (count > 0) {
        struct list_node *node = end == LIST_HEAD ? list->head : list->tail;
        if (node->count > count) {
            node_drop(node, end, count);
            break;
        }
        count -= node->count;
        list_node_unlink(list, node);
        list_node_free(room, node);
    }
    if (list->nodes_count != 1) return; /* an end of a chain goes soon */
    struct list_place place = {list->head, list->head->begin};
    list_node_shrink(room, list, &place);
    list_settle_shrunk(room, list);
}

enum { ROTATE_STACK_BYTES = 512 };

void list_rotate(struct room *room, struct list *list, enum list_end from)
{
    char scratch[INTEGER_TEXT_MAX];
    uint8_t stack[ROTATE_STACK_BYTES];
    enum list_end to = from == LIST_HEAD ? LIST_TAIL : LIST_HEAD;
    struct slice text = element_text(list_peek(list, from), scratch);
    /* A push may move the node that the text is in. */
    uint8_t *kept = text.len <= sizeof stack ? stack : heap_take(&room->heap, text.len);
    bytes_copy(kept, text);
    list_drop(room, list, from, 1);
    list_push(room, list, to, slice_of(kept, text.len));
    if (kept != stack) heap_give(&room->heap, kept, text.len);
}
