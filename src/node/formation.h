/*
 * formation.h -- which cluster a node is in, before anything of it runs.
 *
 * What is in the folder counts. An empty one, without --join, forms a cluster: of one node, or of
 * those of --peers, all of which then say the same. A folder of an older format becomes a cluster
 * here: one of a node alone forms a cluster of one, one by --peers that of its peers; a shard a
 * lane, as its data is dealt, for good.
 */
#pragma once

#include "node/peers.h"

/* Open the data folder `dir`. `list` is what peers_read gave. ERR_USAGE: the settings do not go
 * with what is in the folder; the fault says which, and what to do. */
MUST_USE enum err formation_open(struct arena *arena, const struct config *config,
                                 const struct peers *list, struct data_folder *folder,
                                 struct fault *fault);

/* The identity of the first node of a new cluster, by chance. */
void formation_draw(const char *name, uint32_t shards_count, struct data_identity *identity);
