/* json_text.h -- writing JSON: strings of any bytes, and objects field by field. */
#pragma once

#include "base/buffer.h"

/* Quoted and escaped. Bytes that are not UTF-8 become U+FFFD, since JSON cannot hold them. */
void json_append_string(struct buffer *out, struct slice text);

/* `"name": `, and a comma and a new line before it where the object is not empty; indented by two
 * spaces a level. */
void json_append_name(struct buffer *out, uint32_t level, const char *name);
