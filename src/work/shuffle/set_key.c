/* set_key.c -- see set_key.h. */
#include "work/shuffle/set_key.h"

enum { ESCAPED_ZERO = 0xff, END_MARK_BYTES = 2 };

void set_key_join(struct slice key, struct slice value, struct buffer *out)
{
    while (key.len > 0) {
        const uint8_t *zero = memchr(key.data, 0, key.len);
        size_t len = zero == NULL ? key.len : (size_t)(zero - key.data) + 1;
        buffer_append(out, slice_of(key.data, len));
        if (zero != NULL) buffer_append_byte(out, ESCAPED_ZERO);
        key = slice_from(key, len);
    }
    buffer_append(out, slice_of("\0\0", END_MARK_BYTES));
    buffer_append(out, value);
}

bool set_key_split(struct slice joined, struct slice *escaped, struct slice *value)
{
    for (size_t at = 0; at + 1 < joined.len;) {
        const uint8_t *zero = memchr(joined.data + at, 0, joined.len - at - 1);
        if (zero == NULL) return false;
        at = (size_t)(zero - joined.data) + END_MARK_BYTES;
        if (zero[1] == ESCAPED_ZERO) continue;
        if (zero[1] != 0) return false;
        *escaped = slice_of(joined.data, at);
        *value = slice_from(joined, at);
        return true;
    }
    return false;
}

void set_key_unescape(struct slice escaped, struct buffer *out)
{
    ASSERT(escaped.len >= END_MARK_BYTES);
    escaped.len -= END_MARK_BYTES;
    while (escaped.len > 0) {
        const uint8_t *zero = memchr(escaped.data, 0, escaped.len);
        size_t len = zero == NULL ? escaped.len : (size_t)(zero - escaped.data) + 1;
        buffer_append(out, slice_of(escaped.data, len));
        escaped = slice_from(escaped, zero == NULL ? len : len + 1); /* past the FF */
    }
}
