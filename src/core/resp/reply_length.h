/* reply_length.h -- where a reply ends: reading over what was written, without knowing it. */
#pragma once

#include "base/base.h"

enum { REPLY_DEPTH_MAX = 32 };

/* The bytes of the first reply (or push), with all that it holds. 0: there is none, it is not
 * whole, is nested deeper than REPLY_DEPTH_MAX, or is no RESP2 or RESP3. */
size_t reply_length(struct slice bytes);
