/*
 * child.h -- a run in a process of its own: what crashes there, or never ends, is told like any
 * other failure, with its seed.
 */
#pragma once

#include "base/fault.h"
#include "sim/run.h"

struct child; /* opaque */

/* Begins at once. */
MUST_USE enum err child_start(const struct sim_options *options, struct child **child,
                              struct fault *fault);
/* Waits for any one of `count`, some of them NULL: its place. It is freed, and its result given. */
uint32_t child_wait(struct child **children, uint32_t count, struct sim_result *result);

/* One run, from its start to its end. */
MUST_USE enum err child_run(const struct sim_options *options, struct sim_result *result,
                            struct fault *fault);
