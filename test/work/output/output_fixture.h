/* output_fixture.h -- reading what was written. */
#pragma once

#include "base/buffer.h"
#include "core/mapreduce/job_spec.h"

/* All of a file, taken out of its compression; appends to `out`. */
void fixture_read_output(const char *path, enum compression compress, struct buffer *out);
