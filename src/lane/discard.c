/* discard.c -- stores that nobody needs any more are freed between turns, a slice at a time: one of
 * many keys takes as long to free as to fill. */
#include "lane/lane_impl.h"

#include <stdlib.h>

#include "core/store/store_over.h"

enum { STEPS_A_TURN = 256 }; /* buckets, or parts of a large value */

void lane_discard(struct lane *lane, struct store *store)
{
    for (uint32_t i = 0; i < STORE_DATABASES; i++) store_flush(store, i);
    lane->discarded =
        reallocarray(lane->discarded, lane->discarded_count + 1, sizeof(struct store *));
    ASSERT(lane->discarded != NULL);
    lane->discarded[lane->discarded_count++] = store;
}

static void free_last(struct lane *lane)
{
    store_free(lane->discarded[--lane->discarded_count]);
    if (lane->discarded_count > 0) return;
    free(lane->discarded);
    lane->discarded = NULL;
}

bool lane_discard_turn(struct lane *lane)
{
    if (lane->discarded_count == 0) return false;
    if (!store_work(lane->discarded[lane->discarded_count - 1], STEPS_A_TURN)) free_last(lane);
    lane->used_bytes = store_room(lane->over)->heap.used_bytes; /* of no shard here */
    return lane->discarded_count > 0;
}

void lane_discard_rest(struct lane *lane)
{
    while (lane->discarded_count > 0) free_last(lane);
}
