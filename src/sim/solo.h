/*
 * solo.h -- a workload whose judge is simple: each client writes keys of its own, so that what it
 * may read is known without a search. Acknowledged writes survive; a counter counts each
 * acknowledged increment once; what failed without an answer may have happened or not.
 */
#pragma once

#include "sim/sim.h"

extern const struct sim_program solo_program;
