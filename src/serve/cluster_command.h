/*
 * cluster_command.h -- CLUSTER, but for COUNTKEYSINSLOT and GETKEYSINSLOT (cmd/slot.c); ASKING.
 *
 * Who asks for the map (SLOTS, SHARDS, NODES) is redirected from then on: see redirect.h.
 */
#pragma once

#include "serve/session.h"

void asking_command(struct session_call *call);
void cluster_command(struct session_call *call);
void cluster_refused_command(struct session_call *call); /* cluster_refused.def */
