/* cluster_recover.h -- `tutti recover`: it tells what would be lost, asks, and does it. */
#pragma once

#include "base/arena.h"
#include "cli/cluster_options.h"

MUST_USE enum err cluster_recover(const struct cluster_options *options, struct arena *arena,
                                  struct fault *fault);
