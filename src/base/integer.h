/*
 * integer.h -- integers of 64 bits to text and back, where only the shortest decimal form counts:
 * what is parsed prints back byte for byte.
 */
#pragma once

#include "base/base.h"

enum { INTEGER_TEXT_MAX = 24 };

/* False for anything but the shortest form: blanks, a plus, leading zeros, "-0", out of range. */
MUST_USE bool integer_parse(struct slice text, int64_t *value);

/* Returns the length; no NUL is written. */
size_t integer_format(int64_t value, char text[INTEGER_TEXT_MAX]);
