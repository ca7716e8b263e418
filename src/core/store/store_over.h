/*
 * store_over.h -- a store made of others, each with its slots of the key space: for calls whose
 * keys are in several shards, and for looking at all shards of a lane at once.
 *
 * It has no keys of its own. Every function of store.h and policy.h that gets it does what it says
 * in the part of the key; those without a key in all parts. Parts share one room, so that a value
 * goes from one to the other (RENAME) by its pointer. A snapshot of a part sees each change as if
 * it had come to the part itself. Part i of n has the slots of shard i of n (base.h).
 */
#pragma once

#include "core/store/store.h"

/* Its parts are made with it in store_config.beside, and it ends last. */
struct store *store_new_over(const struct store_config *config, uint32_t parts_count);
/* NULL: it is not here: reads find nothing, and nothing may be written to it. */
void store_over_set(struct store *over, uint32_t part, struct store *store);
bool store_is_over(const struct store *store);
uint32_t store_over_part_of(const struct store *over, struct slice key); /* a number */

/* As store_prefetch, with the keys' slots. */
void store_over_prefetch(const struct store *over, uint32_t database, const struct slice *keys,
                         const uint32_t *slots, uint32_t count);

/* For each part that is here. */
struct store *store_over_next(const struct store *over, uint32_t *part); /* from 0; NULL: end */
