/* number_scan.c -- decimal text taken apart. See number_impl.h. */
#include "base/number_impl.h"

#define EXPONENT_MAX ((int64_t)1000000000000000)

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct slice trim_blanks(struct slice text)
{
    while (text.len != 0 && is_blank(text.data[0])) text = slice_from(text, 1);
    while (text.len != 0 && is_blank(text.data[text.len - 1])) text.len--;
    return text;
}

static struct slice trim_zeros_left(struct slice digits)
{
    while (digits.len != 0 && digits.data[0] == '0') digits = slice_from(digits, 1);
    return digits;
}

static struct slice trim_zeros_right(struct slice digits)
{
    while (digits.len != 0 && digits.data[digits.len - 1] == '0') digits.len--;
    return digits;
}

static bool take_byte(struct slice *rest, uint8_t byte)
{
    if (rest->len == 0 || rest->data[0] != byte) return false;
    *rest = slice_from(*rest, 1);
    return true;
}

static bool take_sign(struct slice *rest) /* true: a minus */
{
    if (take_byte(rest, '-')) return true;
    (void)take_byte(rest, '+');
    return false;
}

static struct slice take_digits(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] >= '0' && rest->data[len] <= '9') len++;
    struct slice digits = slice_of(rest->data, len);
    *rest = slice_from(*rest, len);
    return digits;
}

/* "e-12", or nothing: then 0. False: an "e" without digits. */
static bool take_exponent(struct slice *rest, int64_t *exponent)
{
    *exponent = 0;
    if (!take_byte(rest, 'e') && !take_byte(rest, 'E')) return true;
    bool negative = take_sign(rest);
    struct slice digits = take_digits(rest);
    if (digits.len == 0) return false;
    for (size_t i = 0; i < digits.len && *exponent < EXPONENT_MAX; i++) {
        *exponent = *exponent * 10 + (digits.data[i] - '0');
    }
    if (*exponent > EXPONENT_MAX) *exponent = EXPONENT_MAX;
    if (negative) *exponent = -*exponent;
    return true;
}

bool decimal_scan(struct slice text, struct decimal *decimal)
{
    struct slice rest = trim_blanks(text);
    if (rest.len == 0) return false;
    bool negative = take_sign(&rest);
    struct slice whole = take_digits(&rest), fraction = {rest.data, 0};
    if (take_byte(&rest, '.')) fraction = take_digits(&rest);
    int64_t exponent;
    if (whole.len + fraction.len == 0 || !take_exponent(&rest, &exponent)) return false;
    if (rest.len != 0) return false;

    whole = trim_zeros_left(whole);
    fraction = trim_zeros_right(fraction);
    int64_t point = (int64_t)whole.len;
    if (whole.len == 0) {
        size_t len = fraction.len;
        fraction = trim_zeros_left(fraction);
        point = -(int64_t)(len - fraction.len);
    }
    if (fraction.len == 0) whole = trim_zeros_right(whole);
    bool zero = whole.len + fraction.len == 0;
    *decimal = (struct decimal){!zero && negative, whole, fraction, zero ? 0 : point + exponent};
    return true;
}
