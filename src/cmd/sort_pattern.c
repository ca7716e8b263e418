/* sort_pattern.c -- see sort_pattern.h. */
#include "cmd/sort_pattern.h"

#include "core/store/hash.h"

struct sort_pattern sort_pattern_parse(struct slice text)
{
    struct sort_pattern pattern = {.is_element = slice_eq(text, SLICE("#"))};
    const uint8_t *star = text.len == 0 ? NULL : memchr(text.data, '*', text.len);
    if (star == NULL) return pattern;
    size_t head = (size_t)(star - text.data);
    pattern.has_star = true;
    pattern.head = slice_of(text.data, head);
    pattern.tail = slice_from(text, head + 1);
    const uint8_t *arrow = memmem(pattern.tail.data, pattern.tail.len, "->", 2);
    if (arrow == NULL) return pattern;
    size_t before = (size_t)(arrow - pattern.tail.data);
    struct slice field = slice_from(pattern.tail, before + 2);
    if (field.len != 0) {
        pattern.field = field;
        pattern.tail.len = before;
    }
    return pattern;
}

bool sort_pattern_follow(struct call *call, const struct sort_pattern *pattern,
                         struct slice element, struct buffer *key, struct slice *value,
                         char scratch[INTEGER_TEXT_MAX])
{
    if (pattern->is_element) {
        *value = element;
        return true;
    }
    if (!pattern->has_star) return false;
    buffer_clear(key);
    buffer_append(key, pattern->head);
    buffer_append(key, element);
    buffer_append(key, pattern->tail);
    const struct entry *entry = store_read(call->store, call->database, buffer_slice(key));
    if (entry == NULL) {
        call_key_missed(call, buffer_slice(key));
        return false;
    }
    if (pattern->field.len != 0) {
        return entry_type(entry) == VALUE_HASH &&
               hash_get(entry_object(entry), pattern->field, value, scratch);
    }
    if (entry_type(entry) != VALUE_STRING) return false;
    *value = entry_string(entry, scratch);
    return true;
}
