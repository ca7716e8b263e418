/*
 * frames.h -- records and pairs between us and a plug-in's host, over its pipes.
 *
 *   record: varint length, bytes                     to the host of a map
 *   pair:   varint length, key; varint length, value to the host of a reduce, and from both
 *
 * Varints are LEB128, at most VARINT_BYTES_MAX long. Frames follow each other without anything in
 * between; the stream ends behind a whole one. To a reduce, pairs of equal keys come together.
 * A record, and a key and its value together, are at most `bytes_max` long.
 */
#pragma once

#include "base/cursor.h"
#include "base/fault.h"

void frame_put_record(struct buffer *out, struct slice record);
void frame_put_pair(struct buffer *out, struct slice key, struct slice value);

/* Take a frame off `rest`; the slices borrow from it. `*got` false: it is not whole yet, `rest` is
 * as it was. ERR_TOO_LONG over the limit, ERR_CORRUPT what can be no frame: the stream is lost. */
MUST_USE enum err frame_take_record(struct slice *rest, uint64_t bytes_max, struct slice *record,
                                    bool *got, struct fault *fault);
MUST_USE enum err frame_take_pair(struct slice *rest, uint64_t bytes_max, struct slice *key,
                                  struct slice *value, bool *got, struct fault *fault);
