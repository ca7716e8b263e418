/* database.h -- the number of a database among the arguments. */
#pragma once

#include "cmd/call.h"

/* False: the error is replied. */
MUST_USE bool database_read(struct call *call, uint32_t index, uint32_t *database);
