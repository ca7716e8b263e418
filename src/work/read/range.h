/*
 * range.h -- the exact bytes of a plain file that one piece of it stands for.
 */
#pragma once

#include "io/file.h"
#include "work/read/block.h"
#include "work/read/plan.h"

struct range {
    uint64_t start, end; /* whole records, save that the last of a file may lack its line end */
};

/* The records that start in `piece`, which is not whole. Looks at the file around its two ends, in
 * `scratch`. Where the last record is longer than `record_bytes_max`, the range may end inside of
 * it, though past the limit. ERR_CORRUPT: the file is shorter than when it was planned. */
MUST_USE enum err range_resolve(struct file *file, const struct piece *piece,
                                const struct record_rule *rule, uint64_t record_bytes_max,
                                uint8_t *scratch, size_t scratch_bytes, struct range *range,
                                struct fault *fault);
