/*
 * collector.h -- where a map task's pairs go: folded in a hash table where the reduce operator
 * allows it, sorted, parted, and written as runs when memory is full and at the end.
 */
#pragma once

#include "base/fault.h"

struct collector; /* opaque */

/* Take one pair; both slices are copied. Fails only where a spill does (disk), or where the reduce
 * operator cannot read the value: ERR_BAD_RECORD, and the pair is not taken. */
MUST_USE enum err collector_emit(struct collector *collector, struct slice key, struct slice value,
                                 struct fault *fault);
