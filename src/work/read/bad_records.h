/*
 * bad_records.h -- what the reader itself finds bad: a record too long, a file damaged.
 */
#pragma once

#include "work/read/block.h"

/* As bad_record, for a text that already says where. When none at all is tolerated, the fault is
 * the text under `code`. */
MUST_USE enum err bad_note(struct bad_records *bad, enum err code, struct fault *fault,
                           const char *text);
