#include "core/store/list_impl.h"

enum {
    NODE_BYTES_KEPT = 128,    /* a node so small is not shrunk */
    FOREIGN_OVERHEAD = 7,     /* what Redis counts beside the elements of a listpack */
    SAFE_BYTES = 8192,        /* the size of a node whose limit is a count */
    SMALLEST_LIMIT = 4 << 10, /* of list_max_listpack_size -1; each one less doubles it */
    LIMIT_LEVELS = 5,
};

struct list_limit list_limit(const struct room *room)
{
    int64_t size = room->limits.list_max_listpack_size;
    if (size < 0) {
        unsigned level = size < -LIMIT_LEVELS ? LIMIT_LEVELS : (unsigned)-size;
        return (struct list_limit){(uint32_t)SMALLEST_LIMIT << (level - 1), LIST_NODE_COUNT_MAX,
                                   true};
    }
    uint32_t count = size == 0 ? 1 : (uint32_t)u64_min((uint64_t)size, LIST_NODE_COUNT_MAX);
    return (struct list_limit){SAFE_BYTES, count, false};
}

size_t list_item_size_before(const uint8_t *end)
{
    size_t size = 0, shift = 0, back = 0;
    do {
        size |= (size_t)(*--end & 0x7f) << shift;
        shift += 7;
        back++;
    } while (*end & 0x80);
    return size + back;
}

void list_item_write(uint8_t *at, const struct element *element)
{
    size_t size = element_size(element);
    at = element_write(at, element);
    if (LIKELY(size < 1 << 7)) {
        *at = (uint8_t)size;
        return;
    }
    for (size_t i = list_back_size(size); i-- > 0; size >>= 7) {
        at[i] = (uint8_t)((size & 0x7f) | (i > 0 ? 0x80 : 0));
    }
}

/* --- memory ---------------------------------------------------------------------------------- */

struct list_node *list_node_new(struct room *room, size_t capacity_min)
{
    size_t block = heap_rounded_bytes(LIST_NODE_HEAD + capacity_min);
    struct list_node *node = heap_take(&room->heap, block);
    *node = (struct list_node){.capacity = (uint32_t)(block - LIST_NODE_HEAD)};
    return node;
}

void list_node_free(struct room *room, struct list_node *node)
{
    heap_give(&room->heap, node, LIST_NODE_HEAD + (size_t)node->capacity);
}

void list_node_link(struct list *list, struct list_node *before, struct list_node *node)
{
    node->before = before;
    node->after = before == NULL ? list->head : before->after;
    *(before == NULL ? &list->head : &before->after) = node;
    *(node->after == NULL ? &list->tail : &node->after->before) = node;
    list->nodes_count++;
}

void list_node_unlink(struct list *list, struct list_node *node)
{
    *(node->before == NULL ? &list->head : &node->before->after) = node->after;
    *(node->after == NULL ? &list->tail : &node->after->before) = node->before;
    list->nodes_count--;
}

/* Where the items begin, when all slack is at one end, or half of it at each. */
static uint32_t begin_of(uint32_t slack, const enum list_end *end)
{
    if (end == NULL) return slack / 2;
    return *end == LIST_HEAD ? slack : 0;
}

/* Move the items into a block of another size, or within this one; slack as begin_of says. */
static struct list_node *node_move(struct room *room, struct list *list, struct list_node *node,
                                   size_t capacity_min, const enum list_end *slack_at)
{
    uint32_t used = list_node_used(node);
    struct list_node *to = node;
    if (heap_rounded_bytes(LIST_NODE_HEAD + capacity_min) != LIST_NODE_HEAD + node->capacity) {
        to = list_node_new(room, capacity_min);
    }
    uint32_t begin = begin_of(to->capacity - used, slack_at);
    memmove(to->bytes + begin, node->bytes + node->begin, used);
    to->begin = begin;
    to->end = begin + used;
    if (to == node) return node;
    to->count = node->count;
    to->alone = node->alone;
    struct list_node *before = node->before;
    list_node_unlink(list, node);
    list_node_free(room, node);
    list_node_link(list, before, to);
    return to;
}

/* Slack of `size` bytes at one end of the node. Where a quarter of it is slack it is shared between
 * the ends, else the node grows by half, but not past its limit without need: so that pushing moves
 * a few bytes for each byte pushed. */
static struct list_node *node_make_slack(struct room *room, struct list *list,
                                         struct list_node *node, enum list_end end, size_t size)
{
    uint32_t used = list_node_used(node), slack = node->capacity - used;
    if ((end == LIST_HEAD ? node->begin : node->capacity - node->end) >= size) return node;
    if (slack >= 2 * size && slack >= node->capacity / 4) {
        return node_move(room, list, node, node->capacity, NULL);
    }
    size_t need = used + size, limit = list_limit(room).bytes - LIST_NODE_HEAD;
    size_t ahead = need + need / 2;
    return node_move(room, list, node, ahead > limit ? u64_max(need, limit) : ahead, &end);
}

uint8_t *list_node_open(struct room *room, struct list *list, struct list_place *place, size_t size)
{
    uint32_t before = place->offset - place->node->begin;
    uint32_t behind = place->node->end - place->offset;
    enum list_end side = before < behind ? LIST_HEAD : LIST_TAIL; /* fewer bytes move */
    struct list_node *node = node_make_slack(room, list, place->node, side, size);
    uint8_t *begin = node->bytes + node->begin;
    if (side == LIST_HEAD) {
        memmove(begin - size, begin, before);
        node->begin -= (uint32_t)size;
    } else {
        memmove(begin + before + size, begin + before, behind);
        node->end += (uint32_t)size;
    }
    *place = (struct list_place){node, node->begin + before};
    return node->bytes + place->offset;
}

void list_node_close(struct list_place *place, size_t size)
{
    struct list_node *node = place->node;
    uint32_t before = place->offset - node->begin;
    size_t behind = node->end - place->offset - size;
    uint8_t *begin = node->bytes + node->begin;
    if (before < behind) {
        memmove(begin + size, begin, before);
        node->begin += (uint32_t)size;
        place->offset += (uint32_t)size;
    } else {
        memmove(begin + before, begin + before + size, behind);
        node->end -= (uint32_t)size;
    }
}

void list_node_shrink(struct room *room, struct list *list, struct list_place *place)
{
    struct list_node *node = place->node;
    uint32_t used = list_node_used(node), before = place->offset - node->begin;
    if (node->capacity <= NODE_BYTES_KEPT || used >= node->capacity / 4) return;
    node = node_move(room, list, node, 2 * (size_t)used, NULL);
    *place = (struct list_place){node, node->begin + before};
}

/* --- rules
 * ---------------------------------------------------------------------------------------- */

bool list_is_long(const struct room *room, size_t text_len)
{
    uint64_t threshold = room->limits.list_packed_threshold;
    return (threshold != 0 && text_len >= threshold) || text_len > list_limit(room).bytes;
}

bool list_node_accepts(const struct room *room, const struct list_node *node, size_t element_size,
                       size_t text_len)
{
    struct list_limit limit = list_limit(room);
    size_t bytes = LIST_NODE_HEAD + list_node_used(node) + list_item_size(element_size);
    return !node->alone && bytes <= limit.bytes && node->count < limit.count &&
           !list_is_long(room, text_len);
}

/* As Redis: the element counts with its text alone. */
void list_settle_grown(const struct room *room, struct list *list, size_t text_len)
{
    if (list->chained) return;
    struct list_limit limit = list_limit(room);
    size_t used = list->head == NULL ? 0 : list_node_used(list->head);
    list->chained = used + FOREIGN_OVERHEAD + text_len > limit.bytes || list->count >= limit.count;
}

void list_settle_shrunk(const struct room *room, struct list *list)
{
    if (!list->chained || list->nodes_count > 1) return;
    struct list_limit limit = list_limit(room);
    const struct list_node *node = list->head;
    if (node == NULL) {
        list->chained = false;
        return;
    }
    bool small = !limit.by_bytes || list_node_used(node) + FOREIGN_OVERHEAD <= limit.bytes / 2;
    bool few = limit.by_bytes || node->count <= limit.count / 2;
    list->chained = node->alone || !small || !few;
}

void list_add_node(struct room *room, struct list *list, struct list_node *before,
                   const struct element *element, size_t text_len)
{
    struct list_limit limit = list_limit(room);
    size_t size = list_item_size(element_size(element));
    bool alone = list->chained && list_is_long(room, text_len);
    /* A long list will fill it. */
    bool ahead = list->nodes_count > 0 && limit.by_bytes && !alone;
    struct list_node *node = list_node_new(room, ahead ? u64_max(size, limit.bytes / 4) : size);
    node->alone = alone;
    node->count = 1;
    node->end = (uint32_t)size;
    list_item_write(node->bytes, element);
    list_node_link(list, before, node);
    list->count++;
}
