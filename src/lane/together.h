/*
 * together.h -- calls whose keys are in several shards of a lane, as one: on a node that is alone,
 * whose only lane has all shards, nobody notices that there are several.
 *
 * The handlers run over the lane's stores seen as one (core/store: store_new_over): no key moves,
 * and a key is read, changed, expired, walked by a snapshot in the store of its shard. What changed
 * is logged as one record of the lane's log, which unfolds into an entry for the group of each
 * shard: after a crash all of them are there, or none is. What the entry of a shard says is what
 * touches that shard alone: the call itself, where all its keys are of one shard; else what became
 * of each key that it changed, by the internal command PUT (the key as snapshots have it) or DEL.
 * A call without keys (FLUSHALL, SWAPDB, POLICY SET) is logged by every shard.
 *
 * Whether a call is for here: all its keys in one shard: shard_run. Else, and for calls without
 * keys, and for EXEC: together_run, where together_may says so.
 */
#pragma once

#include "lane/lane.h"

/* Is this the only lane of a node that is a cluster of one? Then any call may run together. */
bool together_may(const struct lane *lane);

/* The stores of all shards that are here, but the root's, seen as one: good until a shard is opened
 * or dropped. For looking (store_peek, store_scan, store_count …), on every lane; time is set by
 * together_run, or by together_set_time. */
struct store *together_store(struct lane *lane);
void together_set_time(struct lane *lane);

/* Which entry a reply waits for: of the shard, up to this index. */
struct together_gate {
    shard_id shard;
    uint64_t index; /* 0: it waits for nothing */
};

/* As shard_run, for a call over any of the lane's keys. `*gate` is set: once it is open, so is every
 * gate of the shards that the call could have seen. In a cluster of several nodes, or with several
 * lanes, only calls that write nothing may run; then the gates are those of the shards. */
enum shard_ran together_run(struct lane *lane, struct call *call, struct together_gate *gate);

/* As shard_begin and shard_end: what together_run runs in between is one record, or none. */
enum shard_ran together_begin(struct lane *lane, const struct call *calls, uint32_t count,
                              struct reply *reply, bool *refused);
void together_end(struct lane *lane, struct together_gate *gate);
