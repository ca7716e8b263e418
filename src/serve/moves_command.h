/* moves_command.h -- CLUSTER MOVES: the shards that this lane leads and that are on their way. */
#pragma once

#include "serve/dispatch.h"

void cluster_moves_command(struct session_call *call);
