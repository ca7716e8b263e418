/* bitmap.h -- what the commands on bits share. Bits are counted from the highest of a byte. */
#pragma once

#include "cmd/call.h"

/* An offset in bits of a field that is `bits` wide; with `hashed`, "#3" is the third such field.
 * Refuses what would be past the longest string. False: the error is replied. */
MUST_USE bool bit_offset(struct call *call, uint32_t index, uint32_t bits, bool hashed,
                         uint64_t *offset);

uint64_t bits_count(struct slice bytes);
/* Where the first bit that is `bit` is, in bits from the start; bytes.len × 8: nowhere. */
uint64_t bits_find(struct slice bytes, bool bit);
