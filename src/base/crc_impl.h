/* crc_impl.h -- the ways of crc.c, for its tests: the same result, whichever the processor has. */
#pragma once

#include "base/crc.h"

uint32_t crc32c_by_table(uint32_t start, struct slice bytes); /* on any processor */
