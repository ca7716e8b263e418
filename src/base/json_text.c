/* json_text.c -- see json_text.h. */
#include "base/json_text.h"

/* The length of the UTF-8 sequence at the front; 0: there is none. By the table of well-formed
 * byte sequences of the Unicode standard (3.9, D92). */
static size_t sequence_len(struct slice text)
{
    static const struct {
        uint8_t first_min, first_max, second_min, second_max, len;
    } forms[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (text.data[0] < forms[i].first_min || text.data[0] > forms[i].first_max) continue;
        if (text.len < forms[i].len) return 0;
        if (forms[i].len == 1) return 1;
        if (text.data[1] < forms[i].second_min || text.data[1] > forms[i].second_max) return 0;
        for (size_t at = 2; at < forms[i].len; at++) {
            if (text.data[at] < 0x80 || text.data[at] > 0xbf) return 0;
        }
        return forms[i].len;
    }
    return 0;
}

static void append_byte(struct buffer *out, uint8_t byte)
{
    switch (byte) {
    case '"': buffer_append(out, SLICE("\\\"")); return;
    case '\\': buffer_append(out, SLICE("\\\\")); return;
    case '\n': buffer_append(out, SLICE("\\n")); return;
    case '\t': buffer_append(out, SLICE("\\t")); return;
    case '\r': buffer_append(out, SLICE("\\r")); return;
    default: break;
    }
    if (byte < 0x20 || byte == 0x7f) {
        buffer_append_format(out, "\\u%04x", byte);
    } else {
        buffer_append_byte(out, byte);
    }
}

void json_append_string(struct buffer *out, struct slice text)
{
    buffer_append_byte(out, '"');
    for (size_t at = 0; at < text.len;) {
        struct slice rest = slice_from(text, at);
        size_t len = sequence_len(rest);
        if (len == 1) append_byte(out, rest.data[0]);
        if (len > 1) buffer_append(out, slice_of(rest.data, len));
        if (len == 0) buffer_append(out, SLICE("\\ufffd"));
        at += len == 0 ? 1 : len;
    }
    buffer_append_byte(out, '"');
}

void json_append_name(struct buffer *out, uint32_t level, const char *name)
{
    ASSERT(out->len != 0);
    if (out->data[out->len - 1] != '{') buffer_append_byte(out, ',');
    buffer_append_byte(out, '\n');
    for (uint32_t i = 0; i < level; i++) buffer_append(out, SLICE("  "));
    json_append_string(out, slice_text(name));
    buffer_append(out, SLICE(": "));
}
