/* rows.h -- tests as rows of a table: a row is a sentence, and a failure prints that sentence. */
#pragma once

#include <criterion/criterion.h>

#include "base/base.h"

#define FOR_ROWS(row, rows)                                                                        \
    for (__typeof__(&(rows)[0]) row = (rows); row < (rows) + COUNT_OF(rows); row++)

#define ROW_EQ(row, got, want)                                                                     \
    cr_expect((got) == (want), "%s: %s is %lld, not %lld", (row)->why, #got, (long long)(got),     \
              (long long)(want))

/* Bytes against a text. */
#define ROW_BYTES_EQ(row, got, want)                                                               \
    cr_expect(slice_eq((got), slice_text(want)), "%s: %s is \"%.*s\", not \"%s\"", (row)->why,     \
              #got, (int)(got).len, (const char *)(got).data, (want))
