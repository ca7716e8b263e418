/*
 * shrink.h -- the least that still fails: a shorter run, then fewer faults, by leaving out halves,
 * quarters, … of them (delta debugging, Zeller and Hildebrandt 2002).
 */
#pragma once

#include "base/fault.h"
#include "sim/run.h"

/* `options` fail; on return they are less and fail still, and `keep` has the faults that are
 * needed. Each try is said on standard error. */
MUST_USE enum err shrink(struct sim_options *options, uint8_t keep[PLAN_FAULTS_MAX],
                         struct fault *fault);
