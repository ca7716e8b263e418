/*
 * sorter.h -- pairs held in memory until it is full, then sorted by partition and key.
 *
 * One block of memory: pairs grow from the front, their items from the back.
 */
#pragma once

#include "work/shuffle/item_sort.h"

struct sorter; /* opaque; sorter_free frees it */

struct sorter *sorter_new(size_t memory_bytes, uint32_t partitions);
void sorter_free(struct sorter *sorter);

/* False: no room; the sorter must be emptied first. When it is empty, the pair is too large for it
 * at all. */
bool sorter_add(struct sorter *sorter, uint32_t partition, struct slice key, struct slice value);

bool sorter_is_empty(const struct sorter *sorter);

/* Sort all; then the items of each partition are read with sorter_items. */
void sorter_sort(struct sorter *sorter);
const struct item *sorter_items(const struct sorter *sorter, uint32_t partition, size_t *count);
const uint8_t *sorter_pairs(const struct sorter *sorter); /* what the items refer to */

void sorter_clear(struct sorter *sorter);
