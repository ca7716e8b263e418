/*
 * json.h -- values at paths in one JSON text (RFC 8259), found in one pass without a tree.
 *
 * A path is names joined by points, with [N] for the elements of arrays: `user.name`,
 * `items[0].id`; a point may stand in front, and a point alone is the whole text. A name with other
 * bytes than letters, digits, `_`, `-` and those over 127 is written ["in quotes"].
 *
 * The whole text is checked, but not its UTF-8. A string is found as what it stands for (lone
 * surrogates as U+FFFD), anything else as its text. Of names that occur twice, the last counts.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "work/map/pair.h"

enum { JSON_STEPS_MAX = 32, JSON_DEPTH_MAX = 256, JSON_PATHS_MAX = 2 };

struct json_step {
    struct slice name; /* data NULL: an index */
    uint64_t index;
};

struct json_path {
    struct json_step steps[JSON_STEPS_MAX];
    uint32_t count;
};

struct json_query {
    struct json_path paths[JSON_PATHS_MAX];
    uint32_t count;
    struct buffer scratch; /* unescaped strings and names */
};

/* Parse "PATH[,PATH]". On false, `*at` is where it goes wrong and `*why` what is wrong. `query` is
 * zeroed first; names borrow from `text`. */
MUST_USE bool json_query_parse(struct slice text, struct json_query *query, size_t *at,
                               const char **why);
void json_query_free(struct json_query *query);

/* What is at each path: `found[i]` of query->paths[i], its data NULL where there is none; borrowed
 * from `text` or from the query until its next use. False: no JSON text; `*why` says why. */
MUST_USE bool json_find(struct json_query *query, struct slice text,
                        struct slice found[JSON_PATHS_MAX], const char **why);
