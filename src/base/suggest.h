/*
 * suggest.h -- "did you mean …?": the name nearest to what a person typed.
 *
 * Near is by edits: a byte left out, put in, changed, or swapped with its neighbour (the optimal
 * string alignment distance), and a name that merely goes on (`out` for `output`) is nearer than
 * any edit.
 */
#pragma once

#include "base/base.h"

/* A longer word or name is near nothing. */
enum { SUGGEST_BYTES_MAX = 64 };

/* The first of the nearest names, or an empty slice where none is within a third of the word's
 * length. The slice borrows from `names`. */
struct slice suggest_nearest(struct slice wrong, const char *const *names, size_t count);
