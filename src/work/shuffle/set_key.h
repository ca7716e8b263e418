/*
 * set_key.h -- a key and a value as one key that sorts by key, then by value: for operators that
 * want each value once.
 *
 * The key's zero bytes become 00 FF, it ends with 00 00, and the value follows as it is.
 */
#pragma once

#include "base/buffer.h"

void set_key_join(struct slice key, struct slice value, struct buffer *out); /* appends */

/* `*escaped` is the key's part, end mark included: it tells keys apart without being taken apart.
 * False: not such a key. */
bool set_key_split(struct slice joined, struct slice *escaped, struct slice *value);
void set_key_unescape(struct slice escaped, struct buffer *out); /* appends */
