/* config_impl.h -- shared by the files of config: values to and from text. */
#pragma once

#include "serve/config.h"

/* NULL: `*number` is it. Else why not, in `arena`. For the types that are one number. */
const char *setting_parse(const struct setting *setting, struct slice value, int64_t *number,
                          struct arena *arena);
void setting_format(const struct setting *setting, int64_t number, struct buffer *out);

/* NULL: `lists` has it. Else why not; `lists` may then be half changed. */
const char *config_list_set(struct config_lists *lists, enum setting_id id, struct slice value,
                            struct arena *arena);
void config_list_format(const struct config_lists *lists, enum setting_id id, struct buffer *out);

/* Does `a` name what `b` does, in any case? */
bool config_same_word(struct slice a, struct slice b);
bool config_integer_parse(struct slice text, int64_t *value);
