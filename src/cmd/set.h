/* set.h -- what the handlers of sets share. */
#pragma once

#include "cmd/call.h"
#include "core/store/set.h"

/* The set of a key, for reading. False: the error is replied; `*set` NULL: there is none. */
MUST_USE bool set_read(struct call *call, struct slice key, const struct set **set);
/* The same before a change. */
MUST_USE bool set_write(struct call *call, struct slice key, struct set **set);
/* Members were taken out of the set of a key: say so, and delete it when it is empty. */
void set_taken(struct call *call, struct slice key, const struct set *set, const char *event);
