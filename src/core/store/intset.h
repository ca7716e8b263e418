/*
 * intset.h -- few integers in order, all as wide as the widest needs: 2, 4 or 8 bytes.
 */
#pragma once

#include "base/heap.h"

enum { INTSET_COUNT_MAX = 1 << 28 };

struct intset { /* zeroed is empty and ready */
    void *integers;
    uint32_t count;
    uint32_t width; /* bytes each */
};

void intset_free(struct heap *heap, struct intset *intset);
struct intset intset_copy(struct heap *heap, const struct intset *intset);
uint64_t intset_bytes(const struct intset *intset);

bool intset_add(struct heap *heap, struct intset *intset, int64_t value); /* was it new? */
bool intset_remove(struct heap *heap, struct intset *intset, int64_t value);
bool intset_has(const struct intset *intset, int64_t value);
int64_t intset_at(const struct intset *intset, uint32_t index);
