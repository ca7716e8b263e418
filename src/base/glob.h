/*
 * glob.h -- Redis's patterns: `*`, `?`, `[a-z]`, `[^x]`, `\` before a literal byte.
 *
 * The cost is bounded: a star never tries again what a later star has already matched, so that a
 * match takes at most pattern × text steps however the pattern is made.
 */
#pragma once

#include "base/base.h"

bool glob_match(struct slice pattern, struct slice text);
bool glob_match_no_case(struct slice pattern, struct slice text);
