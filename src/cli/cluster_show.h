/* cluster_show.h -- what a node answered, for people and for programs. Pure. */
#pragma once

#include "base/buffer.h"
#include "cli/client.h"

/* One line of JSON, and its end. */
void cluster_show_json(const struct answer *answer, struct buffer *out);

/* One value, in the unit that its name ends in ("-bytes", "-ms"),
 * as people read it. */
void cluster_show_value(struct slice name, const struct answer *answer, struct buffer *out);

/* Of a map; NULL: it has no such name. */
const struct answer *answer_field(const struct answer *map, const char *name);
/* Of a map, the digits of that field; 0 where it has none. */
uint64_t answer_number(const struct answer *map, const char *name);
bool answer_is(const struct answer *map, const char *name, const char *text);
