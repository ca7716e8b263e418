/* cluster_steps.h -- subcommands that are more than a question: each does its steps, and says on
 * standard output how it goes. */
#pragma once

#include "cli/cluster_talk.h"

MUST_USE enum err cluster_leave(struct cluster_talk *talk, struct arena *arena);
MUST_USE enum err cluster_remove(struct cluster_talk *talk, struct arena *arena);
MUST_USE enum err cluster_rebalance(struct cluster_talk *talk, struct arena *arena);
/* The data folder that is meant. */
const char *cluster_data(const struct cluster_options *options);
/* From the data folder. */
MUST_USE enum err cluster_token(const struct cluster_options *options, struct arena *arena,
                                struct fault *fault);
