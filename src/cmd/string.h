/* string.h -- what the commands on strings and on bits share. */
#pragma once

#include "cmd/call.h"

/* Set the whole value, whatever was there; says that the key changed and, where it is new, that it
 * was made. The command's own event is the caller's. */
struct entry *string_put(struct call *call, struct slice key, struct slice value,
                         int64_t expiry_ms);

/* The bytes to change in place, at least `len` of them. `entry` NULL: the key is made. The caller
 * calls call_modified. */
uint8_t *string_make_room(struct call *call, struct slice key, struct entry *entry, size_t len);
