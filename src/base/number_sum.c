/* number_sum.c -- exact sums of decimals. See number.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

typedef __int128 i128;
typedef unsigned __int128 u128;

#define UNITS_PER_ONE 1000000000LL
#define EXACT_LIMIT   1000000000000000000ULL  /* 10^18: values under it are exact */
#define MEAN_LEAST    100000000000000ULL      /* 10^14: the least of 15 digits */
#define HALF_OF_TEXT  10000000000000000000ULL /* 10^19: 38 digits are two of 19 */

enum { UNIT_DIGITS = 9, EXACT_POINT_MAX = 18, DOUBLE_DIGITS = 17, MEAN_DIGITS = 15 };
enum { TEXT_BYTES_MAX = 96 };

static u128 digits_of(const struct number *number)
{
    return (u128)number->digits_high << 64 | number->digits_low;
}

static i128 exact_of(const struct number_sum *sum)
{
    return (i128)((u128)sum->exact_high << 64 | sum->exact_low);
}

static void exact_set(struct number_sum *sum, i128 exact)
{
    sum->exact_low = (uint64_t)(u128)exact;
    sum->exact_high = (uint64_t)((u128)exact >> 64);
}

/* Knuth's two-sum: the rounding error of the addition is kept in the low part. */
static void rough_add(struct number_sum *sum, double value)
{
    double total = sum->rough + value;
    double part = total - sum->rough;
    double error = (sum->rough - (total - part)) + (value - part);
    sum->rough = total;
    sum->rough_low = isfinite(total) ? sum->rough_low + error : 0;
}

static void exact_add(struct number_sum *sum, i128 units)
{
    i128 total;
    if (__builtin_add_overflow(exact_of(sum), units, &total)) {
        rough_add(sum, (double)exact_of(sum) / (double)UNITS_PER_ONE);
        total = units;
    }
    exact_set(sum, total);
}

static double number_to_double(const struct number *number)
{
    char text[TEXT_BYTES_MAX];
    u128 digits = digits_of(number);
    (void)snprintf(text, sizeof text, "%s%llu%019llue%lld", number->negative ? "-" : "",
                   (unsigned long long)(digits / HALF_OF_TEXT),
                   (unsigned long long)(digits % HALF_OF_TEXT), (long long)number->exponent);
    return strtod(text, NULL);
}

/* The value in units of 10^-9, where it is one of those that are added exactly. */
static bool number_to_units(const struct number *number, i128 *units)
{
    u128 limit = (u128)EXACT_LIMIT * UNITS_PER_ONE, scaled = digits_of(number);
    if (number->exponent < -UNIT_DIGITS || number->exponent > EXACT_POINT_MAX) return false;
    if (scaled >= limit) return false;
    for (int64_t i = -UNIT_DIGITS; i < number->exponent; i++) {
        scaled *= 10;
        if (scaled >= limit) return false;
    }
    *units = number->negative ? -(i128)scaled : (i128)scaled;
    return true;
}

bool number_sum_add(struct number_sum *sum, const struct number *number)
{
    if (LIKELY(number->exponent == 0 && number->digits_high == 0 &&
               number->digits_low < EXACT_LIMIT)) {
        i128 units = (i128)number->digits_low * UNITS_PER_ONE;
        exact_add(sum, number->negative ? -units : units);
        return true;
    }
    i128 units;
    if (number_to_units(number, &units)) {
        exact_add(sum, units);
        return true;
    }
    double value = number_to_double(number);
    if (!isfinite(value)) return false;
    rough_add(sum, value);
    return true;
}

void number_sum_merge(struct number_sum *sum, const struct number_sum *other)
{
    exact_add(sum, exact_of(other));
    rough_add(sum, other->rough);
    sum->rough_low += isfinite(sum->rough) ? other->rough_low : 0;
}

/* A sum's bytes: flags, the size of the exact part (its low half; the high half where WIDE) in ones
 * where WHOLE, else in units; the two doubles where ROUGH. */
enum { SUM_NEGATIVE = 1, SUM_WHOLE = 2, SUM_WIDE = 4, SUM_ROUGH = 8, SUM_FLAGS = 15 };

static void put_double(struct buffer *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u64(out, bits);
}

static double cursor_double(struct cursor *cursor)
{
    uint64_t bits = cursor_u64(cursor);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void number_sum_encode(const struct number_sum *sum, struct buffer *out)
{
    i128 exact = exact_of(sum);
    u128 size = exact < 0 ? -(u128)exact : (u128)exact;
    bool whole = size % UNITS_PER_ONE == 0;
    if (whole) size /= UNITS_PER_ONE;
    bool wide = size >> 64 != 0, rough = sum->rough != 0 || sum->rough_low != 0;
    put_u8(out, (uint8_t)((exact < 0 ? SUM_NEGATIVE : 0) | (whole ? SUM_WHOLE : 0) |
                          (wide ? SUM_WIDE : 0) | (rough ? SUM_ROUGH : 0)));
    put_varint(out, (uint64_t)size);
    if (wide) put_varint(out, (uint64_t)(size >> 64));
    if (!rough) return;
    put_double(out, sum->rough);
    put_double(out, sum->rough_low);
}

bool number_sum_decode(struct cursor *cursor, struct number_sum *sum)
{
    uint8_t flags = cursor_u8(cursor);
    u128 size = cursor_varint(cursor);
    if (flags & SUM_WIDE) size |= (u128)cursor_varint(cursor) << 64;
    u128 size_max = ((u128)1 << 127) - ((flags & SUM_NEGATIVE) ? 0 : 1);
    if (flags & SUM_WHOLE) size_max /= UNITS_PER_ONE;
    if (flags > SUM_FLAGS || size > size_max) return false;
    if (flags & SUM_WHOLE) size *= UNITS_PER_ONE;
    *sum = (struct number_sum){0};
    exact_set(sum, (i128)(flags & SUM_NEGATIVE ? -size : size));
    if (flags & SUM_ROUGH) {
        sum->rough = cursor_double(cursor);
        sum->rough_low = cursor_double(cursor);
    }
    return !cursor->bad;
}

/* A floating value through its text, so that there is one way of printing numbers. */
static void append_text(struct buffer *out, const char *text)
{
    struct number number;
    if (number_parse(slice_text(text), &number)) {
        number_format(&number, out);
    } else {
        buffer_append(out, slice_text(text)); /* inf, -inf, nan */
    }
}

static long double sum_value(const struct number_sum *sum)
{
    long double exact = (long double)exact_of(sum) / (long double)UNITS_PER_ONE;
    return (long double)sum->rough + (long double)sum->rough_low + exact;
}

void number_sum_format(const struct number_sum *sum, struct buffer *out)
{
    if (sum->rough == 0 && sum->rough_low == 0) {
        i128 exact = exact_of(sum);
        u128 size = exact < 0 ? -(u128)exact : (u128)exact;
        struct number number = {(uint64_t)size, (uint64_t)(size >> 64), -UNIT_DIGITS, exact < 0};
        number_format(&number, out);
        return;
    }
    char text[TEXT_BYTES_MAX];
    double value = (double)sum_value(sum);
    for (int digits = MEAN_DIGITS; digits <= DOUBLE_DIGITS; digits++) {
        (void)snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value) break;
    }
    append_text(out, text);
}

/* (number × divisor + rest) / divisor, rounded half to even, to `number`. */
static u128 rounded(u128 number, u128 rest, u128 divisor)
{
    u128 above = divisor - rest;
    bool up = rest > above || (rest == above && number % 2 == 1);
    return number + up;
}

/* An exact sum by a count: long division to 15 digits. */
static void exact_mean_format(i128 exact, uint64_t count, struct buffer *out)
{
    u128 size = exact < 0 ? -(u128)exact : (u128)exact, least = MEAN_LEAST;
    u128 mean = size / count, rest = size % count, dropped = 1;
    int64_t exponent = -UNIT_DIGITS;
    if (mean >= 10 * least) {
        while (mean / dropped >= 10 * least) dropped *= 10, exponent++;
        bool tie_breaks = rest != 0 && (mean % dropped) * 2 == dropped;
        mean = tie_breaks ? mean / dropped + 1 : rounded(mean / dropped, mean % dropped, dropped);
    } else {
        for (; mean < least && rest != 0; exponent--) {
            mean = mean * 10 + rest * 10 / count;
            rest = rest * 10 % count;
        }
        mean = rounded(mean, rest, count);
    }
    struct number number = {(uint64_t)mean, (uint64_t)(mean >> 64), exponent, exact < 0};
    number.negative = number.negative && mean != 0;
    number_format(&number, out);
}

void number_mean_format(const struct number_sum *sum, uint64_t count, struct buffer *out)
{
    ASSERT(count != 0);
    char text[TEXT_BYTES_MAX];
    if (sum->rough == 0 && sum->rough_low == 0) {
        exact_mean_format(exact_of(sum), count, out);
        return;
    }
    (void)snprintf(text, sizeof text, "%.*Le", MEAN_DIGITS - 1,
                   sum_value(sum) / (long double)count);
    append_text(out, text);
}
