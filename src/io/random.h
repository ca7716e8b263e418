/* random.h -- chance from the system, for seeds and ids that nobody may guess. */
#pragma once

#include "base/base.h"

void random_fill(void *to, size_t size); /* a system without chance ends the process */
