/*
 * agenda.h -- what will happen, by time: a binary heap. What is due at one time happens in the
 * order in which it was added, so that nothing is left to chance.
 */
#pragma once

#include "base/base.h"

struct agenda_item {
    int64_t at_ns;
    uint64_t order;  /* the agenda's */
    uint32_t kind;   /* the owner's */
    uint32_t number; /* the owner's */
    uint64_t detail; /* the owner's */
};

struct agenda { /* zeroed is empty and ready */
    struct agenda_item *items;
    uint32_t count, capacity;
    uint64_t next_order;
};

void agenda_free(struct agenda *agenda);
void agenda_add(struct agenda *agenda, int64_t at_ns, uint32_t kind, uint32_t number,
                uint64_t detail);
MUST_USE bool agenda_take(struct agenda *agenda, struct agenda_item *item); /* false: it is empty */
