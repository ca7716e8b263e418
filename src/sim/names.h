/* names.h -- texts to numbers and back: each text that comes for the first time gets the next. */
#pragma once

#include "base/arena.h"

struct names; /* opaque */

struct names *names_new(struct arena *arena);
void names_free(struct names *names); /* what is not in the arena */
uint32_t names_of(struct names *names, struct slice text);
struct slice names_text(const struct names *names, uint32_t number);
uint32_t names_count(const struct names *names);
