/* pairs_test.c -- a child's output taken apart, in lines and in frames, however it is cut. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "test/rows.h"
#include "work/child/frames.h"
#include "work/child/pairs.h"

enum { BYTES_MAX = 40 };

/* clang-format off */
static const struct lines_row {
    const char *why;
    const char *text;
    const char *want; /* pairs as "key=value;" */
    enum err err;
} rows[] = {
    {"nothing",                        "", "", ERR_OK},
    {"a pair",                         "k\tv\n", "k=v;", ERR_OK},
    {"two",                            "k\tv\nl\tw\n", "k=v;l=w;", ERR_OK},
    {"the last needs no line end",     "k\tv\nl\tw", "k=v;l=w;", ERR_OK},
    {"no TAB: all is the key",         "whole line\n", "whole line=;", ERR_OK},
    {"only the first TAB parts",       "k\tv\tw\n", "k=v\tw;", ERR_OK},
    {"an empty key",                   "\tv\n", "=v;", ERR_OK},
    {"an empty value",                 "k\t\n", "k=;", ERR_OK},
    {"an empty line is a pair",        "\n\n", "=;=;", ERR_OK},
    {"a CR stays",                     "k\tv\r\n", "k=v\r;", ERR_OK},
    {"as long as may be",              "0123456789012345678901234567890123456789\n",
     "0123456789012345678901234567890123456789=;", ERR_OK},
    {"a byte longer",                  "k\tv\n01234567890123456789012345678901234567890\n",
     "k=v;", ERR_TOO_LONG},
    {"a byte longer, without its end", "01234567890123456789012345678901234567890", "",
     ERR_TOO_LONG},
};
/* clang-format on */

/* Decode `text` given in pieces of `step` bytes, keeping what is not whole, as a driver does. */
static enum err decode(enum child_framing framing, struct slice text, size_t step,
                       struct buffer *pairs)
{
    struct pair_decoder decoder = {.framing = framing, .bytes_max = BYTES_MAX};
    struct buffer held = {0};
    struct fault fault;
    enum err err = ERR_OK;
    for (bool ended = false; err == ERR_OK && !ended;) {
        struct slice part = slice_of(text.data, u64_min(step, text.len));
        text = slice_from(text, part.len);
        buffer_append(&held, part);
        ended = part.len == 0;
        struct slice rest = buffer_slice(&held), key, value;
        bool got = true;
        while (err == ERR_OK && got && held.len > 0) {
            err = pair_next(&decoder, &rest, ended, &key, &value, &got, &fault);
            if (err != ERR_OK || !got) continue;
            buffer_append(pairs, key);
            buffer_append_byte(pairs, '=');
            buffer_append(pairs, value);
            buffer_append_byte(pairs, ';');
        }
        buffer_consume(&held, held.len - rest.len);
    }
    buffer_free(&held);
    return err;
}

Test(pairs, of_lines_in_pieces_of_any_size)
{
    FOR_ROWS (row, rows) {
        for (size_t step = 1; step <= strlen(row->text) + 1; step++) {
            struct buffer pairs = {0};
            ROW_EQ(row, decode(FRAMING_LINES, slice_text(row->text), step, &pairs), row->err);
            ROW_BYTES_EQ(row, buffer_slice(&pairs), row->want);
            buffer_free(&pairs);
        }
    }
}

Test(pairs, of_frames_are_what_was_put)
{
    srand(2);
    for (int round = 0; round < 300; round++) {
        struct buffer frames = {0}, want = {0}, got = {0};
        uint8_t bytes[BYTES_MAX];
        for (int i = 0; i < rand() % 20; i++) {
            size_t key_len = (size_t)rand() % BYTES_MAX;
            size_t value_len = (size_t)rand() % (BYTES_MAX - key_len + 1);
            for (size_t at = 0; at < sizeof bytes; at++) bytes[at] = (uint8_t)rand();
            frame_put_pair(&frames, slice_of(bytes, key_len), slice_of(bytes, value_len));
            buffer_append(&want, slice_of(bytes, key_len));
            buffer_append_byte(&want, '=');
            buffer_append(&want, slice_of(bytes, value_len));
            buffer_append_byte(&want, ';');
        }
        size_t step = 1 + (size_t)rand() % 50;
        cr_assert_eq(decode(FRAMING_FRAMES, buffer_slice(&frames), step, &got), ERR_OK);
        cr_assert(slice_eq(buffer_slice(&got), buffer_slice(&want)), "round %d", round);
        buffer_free(&frames);
        buffer_free(&want);
        buffer_free(&got);
    }
}

/* clang-format off */
static const struct frame_row {
    const char *why;
    const char *bytes;
    size_t len;
    enum err err;
} frame_rows[] = {
    {"a whole pair",                  "\1k\1v", 4, ERR_OK},
    {"both empty",                    "\0\0", 2, ERR_OK},
    {"torn in the value",             "\1k\2v", 4, ERR_CORRUPT},
    {"torn before the value",         "\1k", 2, ERR_CORRUPT},
    {"torn in a length",              "\x80", 1, ERR_CORRUPT},
    {"a key over the limit",          "\x29", 1, ERR_TOO_LONG},
    {"key and value over the limit",  "\1k\x28", 3, ERR_TOO_LONG},
    {"a length that never ends",      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11,
     ERR_CORRUPT},
    {"a length of nearly 2^64",       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, ERR_TOO_LONG},
};
/* clang-format on */

Test(pairs, of_bad_frames_are_refused)
{
    FOR_ROWS (row, frame_rows) {
        for (size_t step = 1; step <= row->len; step++) {
            struct buffer pairs = {0};
            ROW_EQ(row, decode(FRAMING_FRAMES, slice_of(row->bytes, row->len), step, &pairs),
                   row->err);
            buffer_free(&pairs);
        }
    }
}
