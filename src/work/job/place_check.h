/*
 * place_check.h -- may the output and what is spilled go where the person wants them? Asked before
 * anything is made.
 */
#pragma once

#include "work/job/job.h"
#include "work/read/plan.h"

/* ERR_NOT_FOUND: the folder for what is spilled, or the one that the output is to be made in, is
 * not there. ERR_EXISTS: --force would remove what no job has made. ERR_USAGE: --force would remove
 * an input: it is the output, or lies in it. `arena` is for scratch. */
MUST_USE enum err place_check(const struct job_options *options, const struct plan *plan,
                              struct arena *arena, struct fault *fault);
