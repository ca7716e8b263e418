/*
 * double_text.c -- numbers of binary fractions as text; see reply.h.
 *
 * A double: its shortest digits first, then where the point goes. Few digits are found without
 * division into big numbers: when value × 10^k, rounded, is a whole number of at most 15 digits
 * that divided by 10^k gives the value again, these are its digits, for both the whole number and
 * 10^k are exact doubles, and the division rounds once. The rest is left to snprintf.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "core/resp/reply.h"

enum {
    DIGITS_FEW = 15,        /* any decimal of so many digits survives a double */
    DIGITS_MAX = 17,        /* and so many always tell two doubles apart */
    SCALE_MAX = 22,         /* 10^22 is the last exact power of ten */
    ZEROS_MAX = 6,          /* more zeros than these are written as an exponent */
    POINT_EXPONENT_MAX = 4, /* below 10^4 there is a point, however many digits follow */
};

/* digits × 10^exponent */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int count, exponent;
};

static void trim(struct decimal *decimal)
{
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') {
        decimal->count--;
        decimal->exponent++;
    }
}

static bool digits_few(double value, struct decimal *decimal)
{
    static const double powers[SCALE_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    for (int scale = 1; scale <= SCALE_MAX; scale++) {
        double scaled = value * powers[scale];
        if (scaled >= 1e15) return false;
        uint64_t whole = (uint64_t)(scaled + 0.5);
        if ((double)whole / powers[scale] != value) continue;
        const uint8_t *end = decimal_write((uint8_t *)decimal->digits, whole);
        decimal->count = (int)(end - (uint8_t *)decimal->digits);
        decimal->exponent = -scale;
        return true;
    }
    return false;
}

static void digits_any(double value, struct decimal *decimal)
{
    char text[DOUBLE_TEXT_MAX];
    /* Denormal numbers hold fewer bits, so that fewer digits may be enough. */
    int first = value < 0x1p-1022 ? 1 : DIGITS_FEW;
    for (int count = first; count <= DIGITS_MAX; count++) {
        (void)snprintf(text, sizeof(text), "%.*e", count - 1, value); /* d.dde±xx */
        if (count < DIGITS_MAX && strtod(text, NULL) != value) continue;
        decimal->digits[0] = text[0];
        memcpy(decimal->digits + 1, text + 2, (size_t)count - 1);
        decimal->count = count;
        decimal->exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10) - (count - 1);
        break;
    }
    trim(decimal);
}

static size_t text_whole(const struct decimal *decimal, char *text)
{
    size_t count = (size_t)decimal->count, zeros = (size_t)decimal->exponent;
    memcpy(text, decimal->digits, count);
    memset(text + count, '0', zeros);
    return count + zeros;
}

static size_t text_point(const struct decimal *decimal, char *text)
{
    int before = decimal->count + decimal->exponent; /* digits before the point */
    size_t count = (size_t)decimal->count;
    if (before <= 0) {
        size_t zeros = (size_t)-before;
        memcpy(text, "0.", 2);
        memset(text + 2, '0', zeros);
        memcpy(text + 2 + zeros, decimal->digits, count);
        return 2 + zeros + count;
    }
    memcpy(text, decimal->digits, (size_t)before);
    text[before] = '.';
    memcpy(text + before + 1, decimal->digits + before, count - (size_t)before);
    return count + 1;
}

static size_t text_exponent(const struct decimal *decimal, char *text)
{
    char *at = text;
    *at++ = decimal->digits[0];
    if (decimal->count > 1) {
        *at++ = '.';
        memcpy(at, decimal->digits + 1, (size_t)decimal->count - 1);
        at += decimal->count - 1;
    }
    int exponent = decimal->exponent + decimal->count - 1;
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    at = (char *)decimal_write((uint8_t *)at, (uint64_t)abs(exponent));
    return (size_t)(at - text);
}

static size_t fraction_format(double value, char *text)
{
    struct decimal decimal;
    if (!digits_few(value, &decimal)) digits_any(value, &decimal);
    int magnitude = abs(decimal.exponent + decimal.count - 1);
    if (decimal.exponent >= 0 && magnitude < decimal.count + ZEROS_MAX + 1)
        return text_whole(&decimal, text);
    if (decimal.exponent < 0 && (decimal.exponent >= -ZEROS_MAX || magnitude < POINT_EXPONENT_MAX))
        return text_point(&decimal, text);
    return text_exponent(&decimal, text);
}

static size_t word(char *text, const char *value)
{
    size_t len = strlen(value);
    memcpy(text, value, len);
    return len;
}

size_t double_format(double value, char text[DOUBLE_TEXT_MAX])
{
    if (__builtin_isnan(value)) return word(text, "nan");
    if (__builtin_isinf(value)) return word(text, value < 0 ? "-inf" : "inf");
    /* Whole numbers are by far the most usual scores. Redis prints them in full up to 2^62. */
    const double whole_max = (double)(INT64_C(1) << 62);
    if (value >= -whole_max && value <= whole_max) {
        int64_t whole = (int64_t)value;
        if ((double)whole == value && (whole != 0 || !__builtin_signbit(value))) {
            const uint8_t *end = decimal_write_signed((uint8_t *)text, whole);
            return (size_t)((const char *)end - text);
        }
        if (value == 0) return word(text, "-0");
    }
    if (value > 0) return fraction_format(value, text);
    text[0] = '-';
    return 1 + fraction_format(-value, text + 1);
}

size_t long_double_format(long double value, char text[LONG_DOUBLE_TEXT_MAX])
{
    if (__builtin_isnan(value)) return word(text, "nan");
    if (__builtin_isinf(value)) return word(text, value < 0 ? "-inf" : "inf");
    int wanted = snprintf(text, LONG_DOUBLE_TEXT_MAX, "%.17Lf", value);
    ASSERT(wanted > 0 && wanted < LONG_DOUBLE_TEXT_MAX);
    size_t len = (size_t)wanted;
    while (text[len - 1] == '0') len--;
    if (text[len - 1] == '.') len--;
    if (len == 2 && memcmp(text, "-0", 2) == 0) return word(text, "0");
    return len;
}
