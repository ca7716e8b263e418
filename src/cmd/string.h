/* string.h -- what the commands on strings and on bits share. */
#pragma once

#include "cmd/call.h"

/* Set the whole value, whatever was there; says that the key changed and, where it is new, that it
 * was made. The command's own event is the caller's. */
struct entry *string_put(struct call *call, struct slice key, struct slice value,
                         int64_t expiry_ms);

/* May a string become so long? False: the error is replied. */
MUST_USE bool string_fits(struct call *call, uint64_t len, uint64_t more);

/* The bytes to change in place, at least `len` of them. `entry` NULL: the key is made. The caller
 * calls call_modified. */
uint8_t *string_make_room(struct call *call, struct slice key, struct entry *entry, size_t len);
