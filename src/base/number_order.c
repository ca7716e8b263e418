/*
 * number_order.c -- values as bytes in order. See number.h.
 *
 * A key is a class byte (negative, zero, positive, text), and then
 *   positive  the point, then pairs of digits as one byte 1 … 100 each, then 0
 *   negative  the same, with every bit turned over: what is larger without its sign sorts first
 *   text      the bytes, 00 as 00 FF, then 00 01
 * The point is one byte, 128 + point, where that is in 2 … 253; else 1 or 254 and eight bytes.
 */
#include "base/number_impl.h"

enum order_class { ORDER_NEGATIVE = 1, ORDER_ZERO, ORDER_POSITIVE, ORDER_TEXT };

enum { POINT_BIAS = 128, POINT_SMALL = 125, POINT_BELOW = 1, POINT_ABOVE = 254 };

static void put_point(struct buffer *out, int64_t point)
{
    if (point >= -POINT_SMALL && point <= POINT_SMALL) {
        buffer_append_byte(out, (uint8_t)(POINT_BIAS + point));
        return;
    }
    buffer_append_byte(out, point < 0 ? POINT_BELOW : POINT_ABOVE);
    uint64_t bits = (uint64_t)point ^ (uint64_t)1 << 63;
    uint8_t *at = buffer_reserve(out, 8);
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(bits >> (56 - 8 * i));
    out->len += 8;
}

static uint8_t digit_at(const struct decimal *decimal, size_t i)
{
    size_t first = decimal->first.len;
    if (i < first) return (uint8_t)(decimal->first.data[i] - '0');
    if (i < first + decimal->second.len) return (uint8_t)(decimal->second.data[i - first] - '0');
    return 0;
}

static void put_digits(struct buffer *out, const struct decimal *decimal)
{
    size_t count = decimal->first.len + decimal->second.len;
    uint8_t *at = buffer_reserve(out, count / 2 + 2);
    for (size_t i = 0; i < count; i += 2) {
        *at++ = (uint8_t)(1 + 10 * digit_at(decimal, i) + digit_at(decimal, i + 1));
    }
    *at++ = 0;
    out->len = (size_t)(at - out->data);
}

static void turn_over(struct buffer *out, size_t start)
{
    for (size_t i = start; i < out->len; i++) out->data[i] = (uint8_t)~out->data[i];
}

static void put_number(struct buffer *out, const struct decimal *decimal)
{
    if (decimal->first.len + decimal->second.len == 0) {
        buffer_append_byte(out, ORDER_ZERO);
        return;
    }
    buffer_append_byte(out, decimal->negative ? ORDER_NEGATIVE : ORDER_POSITIVE);
    size_t start = out->len;
    put_point(out, decimal->point);
    put_digits(out, decimal);
    if (decimal->negative) turn_over(out, start);
}

static void put_text(struct buffer *out, struct slice text)
{
    buffer_append_byte(out, ORDER_TEXT);
    while (text.len != 0) {
        const uint8_t *zero = memchr(text.data, 0, text.len);
        size_t len = zero == NULL ? text.len : (size_t)(zero - text.data);
        buffer_append(out, slice_of(text.data, len));
        if (zero == NULL) break;
        buffer_append(out, SLICE("\x00\xff"));
        text = slice_from(text, len + 1);
    }
    buffer_append(out, SLICE("\x00\x01"));
}

void number_order_key(struct slice text, struct buffer *out)
{
    struct decimal decimal;
    if (decimal_scan(text, &decimal)) {
        put_number(out, &decimal);
    } else {
        put_text(out, text);
    }
}

void number_order_key_descending(struct slice text, struct buffer *out)
{
    size_t start = out->len;
    number_order_key(text, out);
    turn_over(out, start);
}
