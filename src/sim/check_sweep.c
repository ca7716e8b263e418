/* check_sweep.c -- see check_impl.h: what is sorted once and then swept. */
#include <stdlib.h>

#include "sim/check_impl.h"

static int by_invoked(const void *a, const void *b)
{
    const struct sweep_item *left = a, *right = b;
    return (left->invoked_ns > right->invoked_ns) - (left->invoked_ns < right->invoked_ns);
}

static int by_returned(const void *a, const void *b)
{
    const struct sweep_item *const *left = a, *const *right = b;
    int64_t at = (*left)->returned_ns, than = (*right)->returned_ns;
    return (at > than) - (at < than);
}

static bool find(struct arena *arena, struct sweep_item *items, size_t count,
                 const struct sweep_item **low, const struct sweep_item **high)
{
    const struct sweep_item **ended = ARENA_ARRAY(arena, const struct sweep_item *, count + 1);
    qsort(items, count, sizeof items[0], by_invoked);
    for (size_t i = 0; i < count; i++) ended[i] = &items[i];
    qsort(ended, count, sizeof(void *), by_returned);
    const struct sweep_item *highest = NULL; /* of those that had returned */
    for (size_t i = 0, j = 0; i < count; i++) {
        for (; j < count && ended[j]->returned_ns < items[i].invoked_ns; j++) {
            if (highest == NULL || ended[j]->rank > highest->rank) highest = ended[j];
        }
        if (highest == NULL || highest->rank <= items[i].rank) continue;
        *low = &items[i];
        *high = highest;
        return true;
    }
    return false;
}

static bool find_own(struct arena *arena, const struct sweep_item *items, size_t count,
                     const struct history_op **early, const struct history_op **late)
{
    uint32_t last_client = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].op->client > last_client) last_client = items[i].op->client;
    }
    const struct sweep_item **said = /* by client: what it said last */
        ARENA_ARRAY(arena, const struct sweep_item *, (size_t)last_client + 1);
    memset(said, 0, ((size_t)last_client + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const struct sweep_item *item = &items[i], **before = &said[item->op->client];
        if (item->op->outcome != HISTORY_OK || item->invoked_ns == INT64_MIN) continue;
        if (*before != NULL && (*before)->rank > item->rank) {
            *early = (*before)->op;
            *late = item->op;
            return true;
        }
        *before = item;
    }
    return false;
}

bool sweep_find(struct check *check, struct sweep_item *items, size_t count,
                const struct sweep_item **low, const struct sweep_item **high)
{
    const struct history_op *early = NULL, *late = NULL;
    bool own = find_own(check->arena, items, count, &early, &late);
    if (find(check->arena, items, count, low, high)) return true;
    if (own)
        check_wrong(check, "reordered: what one client said later has happened before", early,
                    late);
    return false;
}

static int by_after(const void *a, const void *b)
{
    const struct sweep_moment *left = a, *right = b;
    return (left->after > right->after) - (left->after < right->after);
}

void sweep_moments_prepare(struct sweep_moment *moments, size_t count)
{
    qsort(moments, count, sizeof moments[0], by_after);
    for (size_t i = count; i-- > 1;) { /* each then holds the least from it on */
        if (moments[i].value >= moments[i - 1].value) continue;
        moments[i - 1].value = moments[i].value;
        moments[i - 1].op = moments[i].op;
    }
}

const struct sweep_moment *sweep_moments_least(const struct sweep_moment *moments, size_t count,
                                               int64_t time)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moments[middle].after > time) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low == count ? NULL : &moments[low];
}
