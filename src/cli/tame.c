/* tame.c -- see tame.h. */
#include "cli/tame.h"

static bool is_control(uint8_t byte)
{
    return byte < ' ' || byte == 0x7f;
}

void tame_append(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        buffer_append_byte(out, is_control(text.data[i]) ? '?' : text.data[i]);
    }
}

void tame_lines_append(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        bool stays = byte == '\n' || byte == '\t' || !is_control(byte);
        buffer_append_byte(out, stays ? byte : '?');
    }
}
