/*
 * space.h -- which bytes are white space, 64 at a time.
 *
 * White space is what C's isspace says in the "C" locale: space, \t, \n, \v, \f, \r. Two versions
 * that give the same masks: plain, and AVX2 where the processor has it; space_masks chooses.
 */
#pragma once

#include "base/base.h"

enum { SPACE_MASK_BYTES = 64 };

/* Bit i of masks[m] is set when bytes[64 * m + i] is not white space. Reads 64 * count bytes. */
void space_masks(const uint8_t *bytes, size_t count, uint64_t *masks);
void space_masks_plain(const uint8_t *bytes, size_t count, uint64_t *masks);

static inline bool byte_is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}
