/*
 * map.h -- map operators: from records to pairs. The rows are in map/map.def.
 *
 * Native operators work on whole blocks. `cmd:` and `so:` run in a child process and are not made
 * here: map_is_child tells them apart.
 */
#pragma once

#include "base/arena.h"
#include "work/read/block.h"
#include "work/shuffle/collector.h"

struct map_operator; /* opaque: lives in the arena */

/* Parse spec->map. ERR_USAGE with a text that shows the right form, for a person. Also the check
 * that the command line runs before anything else. A compiled regex is freed with map_free. */
MUST_USE enum err map_new(struct arena *arena, const struct job_spec *spec,
                          struct map_operator **map, struct fault *fault);
void map_free(struct map_operator *map);

bool map_is_child(const struct job_spec *spec); /* cmd: or so: */

/* Does it read the first record of each file as column names? The reader asks before it starts. */
bool map_wants_header(const struct job_spec *spec);

/* All pairs of one block. Bad records are noted in `bad`. `records` grows by those seen. */
MUST_USE enum err map_block(struct map_operator *map, const struct block *block,
                            struct collector *out, struct bad_records *bad, uint64_t *records,
                            struct fault *fault);
