/*
 * together.h -- calls whose keys are in several shards of a lane, as one: on a node that is alone,
 * whose only lane has all shards, nobody notices that there are several.
 *
 * The handlers run over the lane's stores seen as one (core/store/store_over.h): no key moves, and
 * a key is read, changed, expired, walked by a snapshot in the store of its shard. What changed is
 * logged as one record of the lane's log, which unfolds into an entry for the group of each shard:
 * after a crash all of them are there, or none is. What the entry of a shard says can be run on
 * that shard alone: the call itself, or what it logs instead, where that is about keys of one
 * shard; else what became of each key that it changed, as a key with its value or a DEL. A call
 * without keys (FLUSHALL, SWAPDB, POLICY SET) is logged by every shard.
 *
 * A call whose keys are all of one shard is for shard_run. Else, and for EXEC: together_run, where
 * together_may says so.
 */
#pragma once

#include "lane/lane.h"

/* Is this the only lane of a node that is a cluster of one? Then any call may run together. */
bool together_may(const struct lane *lane);

/* The stores of all shards that are here, but the root's, seen as one: as long as the lane lives.
 * For looking (store_peek, store_scan, store_count …), on every lane; its time is set by
 * together_run, or by together_set_time. */
struct store *together_store(struct lane *lane);
void together_set_time(struct lane *lane);

/* As shard_run, for a call over any of the lane's keys. `*gate` is set (not raised), to what
 * lane_durable must reach; 0: it waits for nothing. Then every gate is open that the call could
 * have seen. Where the node has several lanes only calls
 * without keys run (FLUSHALL, DBSIZE), over the shards of this one; in a cluster of several nodes
 * none does. */
enum shard_ran together_run(struct lane *lane, struct call *call, uint64_t *gate);

/* As shard_begin and shard_end: what together_run runs in between is one record, or none. */
enum shard_ran together_begin(struct lane *lane, const struct call *calls, uint32_t count,
                              struct reply *reply, bool *refused);
void together_end(struct lane *lane, uint64_t *gate);
