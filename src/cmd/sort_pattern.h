/*
 * sort_pattern.h -- the patterns of SORT's BY and GET: "weight_*" is the key with the element in
 * place of the star, "user_*->age" a field of the hash there, "#" the element itself.
 */
#pragma once

#include "cmd/call.h"

struct sort_pattern {
    bool is_element, has_star;
    struct slice head, tail; /* of the key: before and behind the star */
    struct slice field;      /* empty: the key is a string */
};

struct sort_pattern sort_pattern_parse(struct slice text);

/* What an element leads to. Borrowed from the store, the element or scratch; `key` is room for the
 * name of the key. False: it leads to nothing. */
bool sort_pattern_follow(struct call *call, const struct sort_pattern *pattern,
                         struct slice element, struct buffer *key, struct slice *value,
                         char scratch[INTEGER_TEXT_MAX]);
