/*
 * summary.h -- what a finished job was: as a block for a person, or as JSON.
 *
 * Pure: it only writes into the buffer. JSON sizes are bytes and times are seconds.
 */
#pragma once

#include "base/buffer.h"
#include "work/job/job.h"

void summary_text(const struct job_summary *summary, struct buffer *out);
void summary_json(const struct job_summary *summary, struct buffer *out);

/* A job that did not finish: {"status": "failed", "error": …, "message": …}. */
void summary_json_failed(const struct fault *fault, struct buffer *out);
