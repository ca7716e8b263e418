/*
 * element.h -- one element of a pack or of a list's node, as bytes: small integers as binary,
 * everything else as it is. What was put in comes out byte for byte.
 *
 * A text has exactly one form, so that equal elements have equal bytes and an integer is never
 * also there as text. The first byte says what follows (integers are little-endian):
 *
 *   00 … 3f     a text of 0 … 63 bytes
 *   40 … bf     the integer 0 … 127
 *   c0 … df xx  an integer of 13 bits, -4096 … 4095
 *   e0 … ef xx  a text of up to 4095 bytes
 *   f0 xx*4     a text of up to 4 GiB
 *   f1 … f4     an integer of 2, 3, 4 or 8 bytes
 */
#pragma once

#include "base/bytes.h"
#include "base/integer.h"

enum {
    ELEMENT_HEAD_MAX = 9,
    ELEMENT_TEXT_SHORT_MAX = 63,
    ELEMENT_TEXT_MIDDLE_MAX = 4095,
    ELEMENT_INTEGER_0 = 0x40,
    ELEMENT_INTEGER_13 = 0xc0,
    ELEMENT_TEXT_MIDDLE = 0xe0,
    ELEMENT_TEXT_LONG = 0xf0,
    ELEMENT_INTEGER_16 = 0xf1,
    ELEMENT_INTEGER_24 = 0xf2,
    ELEMENT_INTEGER_32 = 0xf3,
    ELEMENT_INTEGER_64 = 0xf4,
};

/* An element ready to be written or compared: a head, then a text's bytes (none for integers). */
struct element {
    uint8_t head[ELEMENT_HEAD_MAX];
    uint8_t head_len;
    struct slice text; /* borrowed */
};

struct element element_of(struct slice bytes);

static inline size_t element_size(const struct element *element)
{
    return element->head_len + element->text.len;
}

static inline uint8_t *element_write(uint8_t *to, const struct element *element)
{
    bytes_copy(to, slice_of(element->head, element->head_len));
    bytes_copy(to + element->head_len, element->text);
    return to + element_size(element);
}

/* Bytes that the element at `at` takes: head and text. It is valid. */
size_t element_size_long(const uint8_t *at);
static inline size_t element_size_at(const uint8_t *at)
{
    if (LIKELY(*at < ELEMENT_INTEGER_0)) return (size_t)*at + 1;
    if (*at < ELEMENT_INTEGER_13) return 1;
    return element_size_long(at);
}

static inline bool element_is(const uint8_t *at, const struct element *wanted)
{
    if (*at != wanted->head[0]) return false;
    return memcmp(at, wanted->head, wanted->head_len) == 0 &&
           slice_eq(slice_of(at + wanted->head_len, wanted->text.len), wanted->text);
}

/* Its text; an integer is printed into scratch. Borrowed from `at` or scratch. */
struct slice element_text(const uint8_t *at, char scratch[INTEGER_TEXT_MAX]);

/* For bytes that may be damaged: the size of the element at `at`, where `left` bytes are; 0: there
 * is no whole element in its one right form. */
size_t element_check(const uint8_t *at, size_t left);
