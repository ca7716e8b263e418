/* agenda.c -- see agenda.h. */
#include "sim/agenda.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 256 };

void agenda_free(struct agenda *agenda)
{
    free(agenda->items);
    *agenda = (struct agenda){0};
}

static bool is_before(const struct agenda_item *a, const struct agenda_item *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void grow(struct agenda *agenda)
{
    if (agenda->count < agenda->capacity) return;
    agenda->capacity = agenda->capacity == 0 ? CAPACITY_FIRST : agenda->capacity * 2;
    agenda->items = reallocarray(agenda->items, agenda->capacity, sizeof *agenda->items);
    ASSERT(agenda->items != NULL);
}

void agenda_add(struct agenda *agenda, int64_t at_ns, uint32_t kind, uint32_t number,
                uint64_t detail)
{
    grow(agenda);
    struct agenda_item item = {at_ns, agenda->next_order++, kind, number, detail};
    uint32_t hole = agenda->count++;
    while (hole > 0) { /* ends: halves each time */
        uint32_t parent = (hole - 1) / 2;
        if (!is_before(&item, &agenda->items[parent])) break;
        agenda->items[hole] = agenda->items[parent];
        hole = parent;
    }
    agenda->items[hole] = item;
}

/* Put `item` where the first one was. */
static void sink(struct agenda *agenda, struct agenda_item item)
{
    uint32_t hole = 0;
    for (;;) { /* ends: a child is twice as far */
        uint32_t child = hole * 2 + 1;
        if (child >= agenda->count) break;
        bool right = child + 1 < agenda->count &&
                     is_before(&agenda->items[child + 1], &agenda->items[child]);
        if (right) child++;
        if (!is_before(&agenda->items[child], &item)) break;
        agenda->items[hole] = agenda->items[child];
        hole = child;
    }
    agenda->items[hole] = item;
}

bool agenda_take(struct agenda *agenda, struct agenda_item *item)
{
    if (agenda->count == 0) return false;
    *item = agenda->items[0];
    agenda->count--;
    if (agenda->count > 0) sink(agenda, agenda->items[agenda->count]);
    return true;
}
