/*
 * registry.h -- the registry as data of the root shard: REGISTRY APPLY event, and what came of it.
 *
 * The rows of the registry are the fields of one hash, so that the log, snapshots, digests and
 * backups of the root shard are the registry's as well. The machine itself is kept with the store,
 * and worked out again from the rows where it does not follow from them: after a load or a reload.
 *
 * The reply is two integers: the epoch after it, and of a JOIN the number that the node has got,
 * else 0. What registry_may refuses is an error, in its words, and changes nothing.
 */
#pragma once

#include "core/registry/registry.h"

struct store;

#define REGISTRY_KEY "registry" /* in database 0 */

/* NULL: the cluster is not formed, or what is there is no registry. Good until the store changes.
 */
const struct registry *cmd_registry_of(struct store *store);
