/* start_rows.h -- the options of `tutti start` that help, man page and completion list: those of
 * config.def that name one, and its own. */
#pragma once

#include "base/base.h"

struct start_row {
    const char *text, *word, *standard, *help;
    const char *choices; /* for completion, as in options.def */
};

enum { START_ROWS_MAX = 32 };
size_t start_rows(struct start_row rows[START_ROWS_MAX]);
