/*
 * pairs.h -- a child's output as pairs: from lines `key TAB value`, or from frames.
 *
 * A line without a TAB is a key with an empty value; a CR stays; the last line needs no LF.
 * The caller keeps what is not whole yet and comes back with it and more behind it.
 */
#pragma once

#include "base/fault.h"
#include "work/child/command.h"

struct pair_decoder {
    enum child_framing framing;
    uint64_t bytes_max; /* of a line, or of a key and value; longer is ERR_TOO_LONG */
    size_t scanned;     /* bytes at the start of `rest` in which no LF is */
};

/* Take the next pair off `rest`, borrowed from it. `*got` false: none is whole. `ended`: nothing
 * will follow, so that what is left is a last line, or a torn frame (ERR_CORRUPT). */
MUST_USE enum err pair_next(struct pair_decoder *decoder, struct slice *rest, bool ended,
                            struct slice *key, struct slice *value, bool *got, struct fault *fault);
