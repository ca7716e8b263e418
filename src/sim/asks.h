/*
 * asks.h -- what clients ask next, by their workload: see workload.def.
 *
 * Values are unique in a run. Keys are few, so that clients meet, and after some seconds others
 * take their place, so that no history of one key becomes too large to be judged.
 */
#pragma once

#include "sim/client.h"

struct asks {
    struct history *history;
    struct prng *prng;
    uint64_t values_count;   /* given so far */
    uint64_t expiring_count; /* keys with a time to live so far */
    uint64_t appends_count;  /* to lists */
    uint64_t filler_bytes;   /* now and then something as large is written; 0: never */
};

/* Append an ask to the client's output. */
void asks_next(struct asks *asks, struct client *client, int64_t now_ns);

/* A write of its own key by which a node shows that it works: another key for each number. */
void asks_probe(struct asks *asks, struct client *client, uint32_t number, int64_t now_ns);
/* The whole of a key, which is of this operation's; false: there is nothing to be read of it. */
bool asks_all(struct asks *asks, struct client *client, const struct history_op *op,
              int64_t now_ns);
