/*
 * walk.h -- a snapshot of a store without a fork: the state at one moment, written in slices while
 * writes go on.
 *
 * walk_begin fixes the moment. walk_step serialises some buckets that were not saved yet. A write
 * in between (store_write, a split of the table) first saves the bucket that it is about to change,
 * so that what is written is the state at walk_begin, exactly. Each bucket has the version of the
 * last walk that saved it. Keys of cache policies and expired keys are left out.
 *
 * Records go to a sink as bytes: first the policies, then keys, each an entry_encode, in no order.
 */
#pragma once

#include "base/cursor.h"
#include "core/store/store.h"

/* Called with whole records; the bytes are borrowed. Must not touch the store. */
typedef void (*walk_sink)(void *context, struct slice records, uint64_t records_count);

void store_walk_begin(struct store *store, walk_sink sink, void *context);
/* About `buckets` of them. False: the walk is complete, and over. */
/* Some buckets may be larger than others: a sink gets its records in pieces of about 64 KiB. */
bool store_walk_step(struct store *store, uint32_t buckets);
bool store_walk_is_active(const struct store *store);
double store_walk_progress(const struct store *store); /* 0 … 1 */
void store_walk_cancel(struct store *store);

/* A key with its database, expiry, type and value as one record, and back: what a snapshot and a
 * backup hold. Decoding replaces a key that is there. False: the bytes are damaged, and the store
 * is as it was. */
void entry_encode(uint32_t database, const struct entry *entry, struct buffer *out);
bool entry_encoded_key(struct slice record, uint32_t *database, struct slice *key); /* false: bad */
MUST_USE bool store_decode_entry(struct store *store, struct cursor *in); /* or a policy's record */
/* As store_decode_entry for many, with the memory accesses overlapped: for start-up. False: the
 * records before the damaged one have been taken. */
MUST_USE bool store_decode_entries(struct store *store, struct slice records, uint64_t count);
/* The next `count` of them. */
MUST_USE bool store_decode_some(struct store *store, struct cursor *in, uint64_t count);
void store_reserve(struct store *store, uint32_t database, uint64_t keys); /* about to load these */
