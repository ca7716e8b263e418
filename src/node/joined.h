/*
 * joined.h -- what a machine keeps that was taken into a cluster: from then on its folder is that
 * node's. Apart from join.h, as it needs no connection: the simulator's nodes join by it too.
 */
#pragma once

#include "core/peer/join.h"
#include "node/token.h"
#include "serve/config.h"

/* `folder` is empty, and locked by us. ERR_CORRUPT, ERR_USAGE: the answer, or our number of lanes,
 * does not fit; nothing was written. */
MUST_USE enum err joined_keep(struct arena *arena, const struct config *config,
                              const struct token *token, struct data_folder *folder,
                              const struct join_answer *answer, struct fault *fault);
