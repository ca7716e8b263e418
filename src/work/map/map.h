/*
 * map.h -- map operators: from records to pairs. The rows are in map/map.def.
 *
 * Native operators work on whole blocks. `cmd:` and `so:` run in a child process and are not made
 * here: map_is_child tells them apart. An operator holds scratch memory: one thread at a time.
 *
 * What happens with a record that does not fit: a blank one is passed over by `field` and `csv`;
 * one that lacks the key's column is bad, one that lacks the value's column has an empty value;
 * JSON without the key's path is passed over, broken JSON is bad; a record without a match gives no
 * pair.
 */
#pragma once

#include "base/arena.h"
#include "work/operator.h"
#include "work/read/block.h"
#include "work/shuffle/collector.h"

struct map_operator; /* opaque: lives in the arena */

/* Parse spec->map. ERR_USAGE with a text that shows the right form, for a person. Also the check
 * that the command line runs before anything else. map_free frees what is not in the arena. For an
 * operator that is a child, only the form is checked, and `*map` is NULL. */
MUST_USE enum err map_new(struct arena *arena, const struct job_spec *spec,
                          struct map_operator **map, struct fault *fault);
void map_free(struct map_operator *map); /* NULL is allowed */

bool map_is_child(const struct job_spec *spec); /* cmd: or so: */

/* Can its pairs have a value? `words` and `field:1` give keys alone. */
bool map_gives_values(const struct map_operator *map);

/* Does it read the first record of each file as column names? The reader asks before it starts. */
bool map_wants_header(const struct job_spec *spec);

/* The format to read by: the spec's, but where it is FORMAT_LINES, csv means FORMAT_CSV and json
 * FORMAT_JSON. The caller puts it into the spec before it plans or reads. */
enum record_format map_implied_format(const struct job_spec *spec);

/* All pairs of one block. Bad records are noted in `bad`. `records` grows by those seen. */
MUST_USE enum err map_block(struct map_operator *map, const struct block *block,
                            struct collector *out, struct bad_records *bad, uint64_t *records,
                            struct fault *fault);
