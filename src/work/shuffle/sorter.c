/* sorter.c -- see sorter.h. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/short_key.h"
#include "io/memory.h"
#include "work/shuffle/sorter.h"

enum { SORTER_BYTES_MIN = 4096 };

struct sorter {
    uint8_t *memory;
    size_t capacity; /* a multiple of an item's size */
    size_t pairs_len;
    size_t items_count; /* the last items_count items of the memory */
    uint32_t partitions;
    size_t *starts; /* partitions + 1: after a sort, where the items of each begin */
};

struct sorter *sorter_new(size_t memory_bytes, uint32_t partitions)
{
    struct sorter *sorter = calloc(1, sizeof *sorter);
    ASSERT(sorter != NULL);
    sorter->capacity =
        u64_max(memory_bytes, SORTER_BYTES_MIN) / sizeof(struct item) * sizeof(struct item);
    sorter->memory = memory_map(sorter->capacity);
    sorter->partitions = partitions;
    ASSERT(partitions <= ITEM_PARTITIONS_MAX);
    sorter->starts = calloc(partitions + 1, sizeof *sorter->starts);
    ASSERT(sorter->starts != NULL);
    return sorter;
}

void sorter_free(struct sorter *sorter)
{
    if (sorter == NULL) return;
    memory_unmap(sorter->memory, sorter->capacity);
    free(sorter->starts);
    free(sorter);
}

static inline struct item *items_first(const struct sorter *sorter)
{
    uint8_t *end = sorter->memory + sorter->capacity;
    return (struct item *)(void *)(end - sorter->items_count * sizeof(struct item));
}

bool sorter_add(struct sorter *sorter, uint32_t partition, struct slice key, struct slice value)
{
    struct pair_head head = {(uint32_t)key.len, (uint32_t)value.len};
    size_t room = sorter->capacity - sorter->pairs_len - sorter->items_count * sizeof(struct item);
    if (room < sizeof head + key.len + value.len + sizeof(struct item)) return false;
    if (UNLIKELY(key.len + value.len > UINT32_MAX)) return false; /* the head could not say it */

    uint8_t *at = sorter->memory + sorter->pairs_len;
    memcpy(at, &head, sizeof head);
    bytes_copy(at + sizeof head, key);
    bytes_copy(at + sizeof head + key.len, value);
    sorter->items_count++;
    *items_first(sorter) =
        (struct item){key_prefix(key), (uint64_t)partition << ITEM_OFFSET_BITS | sorter->pairs_len};
    sorter->pairs_len += sizeof head + key.len + value.len;
    return true;
}

bool sorter_is_empty(const struct sorter *sorter)
{
    return sorter->items_count == 0;
}

/* Group the items by partition, in place, following cycles. starts[] is filled. */
static void group_by_partition(struct sorter *sorter, struct item *items)
{
    size_t *starts = sorter->starts;
    memset(starts, 0, (sorter->partitions + 1) * sizeof *starts);
    for (size_t i = 0; i < sorter->items_count; i++) starts[item_partition(items[i]) + 1]++;
    for (uint32_t p = 0; p < sorter->partitions; p++) starts[p + 1] += starts[p];
    if (sorter->partitions == 1) return;

    size_t *heads = malloc(sorter->partitions * sizeof *heads);
    ASSERT(heads != NULL);
    memcpy(heads, starts, sorter->partitions * sizeof *heads);
    for (uint32_t p = 0; p < sorter->partitions; p++) {
        while (heads[p] < starts[p + 1]) {
            struct item item = items[heads[p]];
            uint32_t to;
            while ((to = item_partition(item)) != p) {
                struct item other = items[heads[to]];
                items[heads[to]++] = item;
                item = other;
            }
            items[heads[p]++] = item;
        }
    }
    free(heads);
}

/* Items were added from the back: turn them round, so that equal keys tend to be in order. */
static void reverse(struct item *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct item item = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = item;
    }
}

void sorter_sort(struct sorter *sorter)
{
    struct item *items = items_first(sorter);
    reverse(items, sorter->items_count);
    group_by_partition(sorter, items);
    for (uint32_t p = 0; p < sorter->partitions; p++) {
        items_sort(items + sorter->starts[p], sorter->starts[p + 1] - sorter->starts[p],
                   sorter->memory);
    }
}

const struct item *sorter_items(const struct sorter *sorter, uint32_t partition, size_t *count)
{
    *count = sorter->starts[partition + 1] - sorter->starts[partition];
    return items_first(sorter) + sorter->starts[partition];
}

const uint8_t *sorter_pairs(const struct sorter *sorter)
{
    return sorter->memory;
}

void sorter_clear(struct sorter *sorter)
{
    sorter->pairs_len = sorter->items_count = 0;
}
