/* bytes.h -- counting bytes in long runs of them. */
#pragma once

#include "base/base.h"

uint64_t bytes_count(struct slice bytes, uint8_t byte); /* how many are `byte` */
