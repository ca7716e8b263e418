/*
 * cluster_gather.h -- what a verb of cluster.def shows: the answers to several questions as one map
 * or list, which is what --json writes (docs/cluster.md has its fields).
 */
#pragma once

#include "cli/cluster_talk.h"

/* `facts` lives in `arena`. */
MUST_USE enum err cluster_gather(struct cluster_talk *talk, struct arena *arena,
                                 struct answer *facts);
