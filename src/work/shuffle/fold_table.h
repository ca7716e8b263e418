/*
 * fold_table.h -- a hash table from keys to fold states, within a fixed budget of memory.
 *
 * Open addressing with linear probing; a slot is 32 bytes and holds keys of up to 16 bytes itself.
 * The hash is seeded by chance of the caller, so that no input can be made to collide.
 */
#pragma once

#include "base/fault.h"
#include "work/reduce/reduce.h"

struct fold_table; /* opaque; fold_table_free frees it */

enum { FOLD_KEYS_AHEAD_BYTES = 16 }; /* that may be read at the start of each key of a batch */

/* `fold` NULL: a set of keys without states. */
struct fold_table *fold_table_new(const struct fold_type *fold, size_t memory_bytes, uint64_t seed);
void fold_table_free(struct fold_table *table);

/* Fold one value into its key. `*full` true: not taken, the table must be emptied first; a table
 * that is empty takes any one key that fits into its memory at all (ERR_TOO_LONG otherwise). */
MUST_USE enum err fold_table_add(struct fold_table *table, struct slice key, struct slice value,
                                 bool *full, struct fault *fault);

/* For a fold that counts: count a batch of keys, FOLD_KEYS_AHEAD_BYTES readable from each start.
 * Returns how many were taken: fewer than `count` when the table is full. */
size_t fold_table_count(struct fold_table *table, const struct slice *keys, size_t count);

/* All keys in no order: start with *at 0. False: no more. `state` is NULL in a set. */
bool fold_table_next(const struct fold_table *table, size_t *at, struct slice *key,
                     const void **state);

void fold_table_clear(struct fold_table *table);
