/* request_fixture.h -- requests as text that can be compared: "[SET|k|v][PING]!error". */
#pragma once

#include "core/resp/request.h"

extern const struct request_limits request_usual;

/* Read all of `bytes`, which come in parts of `step` bytes (0: all at once), each time at another
 * place in memory; append what was read to `out`. */
void request_fixture_read(struct slice bytes, size_t step, const struct request_limits *limits,
                          struct buffer *out);
