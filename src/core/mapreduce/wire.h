/*
 * wire.h -- what the codecs of this folder share on top of base/cursor.h: ranges, counts, texts.
 * A value out of its range makes the cursor bad, as a short read does.
 */
#pragma once

#include "base/cursor.h"
#include "base/fault.h"

/* A varint of up to `max`. */
uint64_t wire_number(struct cursor *cursor, uint64_t max);
uint32_t wire_u32(struct cursor *cursor);
bool wire_bool(struct cursor *cursor);
enum err wire_err(struct cursor *cursor);

/* Sized bytes, up to `max` of them. */
struct slice wire_text(struct cursor *cursor, size_t max);

/* How many elements follow: up to `max`, and no more than the bytes left can hold when each takes
 * `element_bytes_min`, so that a lie about it cannot make us allocate. */
uint32_t wire_count(struct cursor *cursor, uint32_t max, size_t element_bytes_min);

/* The whole input was read, and well. Otherwise ERR_CORRUPT, naming `what` it should have been. */
MUST_USE enum err wire_end(const struct cursor *cursor, struct slice bytes, const char *what,
                           struct fault *fault);

void wire_put_text(struct buffer *out, struct slice text, size_t max); /* cut to max */
