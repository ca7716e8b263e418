/* hash.h -- what the handlers of hashes share. */
#pragma once

#include "cmd/call.h"
#include "core/store/hash.h"

/* The hash of a key, for reading. False: the error is replied; `*hash` NULL: there is none. */
MUST_USE bool hash_read(struct call *call, struct slice key, const struct hash **hash);
/* The same before a change. */
MUST_USE bool hash_write(struct call *call, struct slice key, struct hash **hash);
/* The hash of a key that has none: a new one. Set a field of it before the call ends. */
struct hash *hash_make(struct call *call, struct slice key);
/* Fields of the hash of a key were set: say so. */
void hash_changed(struct call *call, struct slice key, const char *event);
