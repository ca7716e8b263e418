/*
 * keep_gather.h -- a backup of a cluster: no node has all of its shards, so each writes what it has
 * into its own folder, and of each shard the newest copy of all is fetched to here. Every byte is
 * verified in the end, and that all shards are there.
 */
#pragma once

#include "base/buffer.h"
#include "cli/keep_talk.h"

/* The other nodes, as the one behind `talk` knows them. */
struct keep_members;
MUST_USE enum err keep_members_ask(struct keep_talk *talk, struct arena *arena,
                                   struct keep_members **members);
bool keep_members_are_many(const struct keep_members *members);

/* Into the folder `to`, which is made on this machine. Returns when it is whole, or cannot become
 * so. */
MUST_USE enum err keep_gather(const struct keep_members *members, const char *to,
                              struct buffer *out, struct fault *fault);
