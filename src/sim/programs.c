/* programs.c -- what clients do in a run: see sim.h. */
#include "sim/sim.h"
#include "sim/solo.h"

const struct sim_program *const sim_programs[] = {&solo_program, NULL};
