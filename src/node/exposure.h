/* exposure.h -- whether strangers could come in. */
#pragma once

#include "base/fault.h"
#include "serve/config.h"

/* Would these settings let strangers in? ERR_USAGE: they listen wider than this machine, and
 * nobody needs a password. */
MUST_USE enum err node_check_exposure(const struct config *config, struct fault *fault);
