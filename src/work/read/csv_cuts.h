/*
 * csv_cuts.h -- where a large csv file may be cut.
 */
#pragma once

#include "io/file.h"
#include "io/signals.h"

struct csv_cuts {
    uint64_t *ends; /* owned; of each piece in the file, ascending; the last is its size */
    uint32_t count, capacity;
};

/* For each multiple of `piece_bytes`, the end of the record that covers the byte before it; each
 * place once. Reads the file, at most up to its current end. ERR_LIMIT: more than `count_max`.
 * ERR_CANCELLED: one of `stops` (may be NULL) came. */
MUST_USE enum err csv_cuts_find(struct file *file, uint64_t file_bytes, uint64_t piece_bytes,
                                uint32_t count_max, const struct signals *stops,
                                struct csv_cuts *cuts, struct fault *fault);
void csv_cuts_free(struct csv_cuts *cuts);
