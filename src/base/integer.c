#include "base/integer.h"

enum { DIGITS_MAX = 19 }; /* of the largest, and its magnitude and one more fit 64 bits */

bool integer_parse(struct slice text, int64_t *value)
{
    if (text.len == 1 && text.data[0] == '0') {
        *value = 0;
        return true;
    }
    bool negative = text.len > 0 && text.data[0] == '-';
    const uint8_t *at = text.data + negative;
    size_t digits = text.len - negative;
    if (digits == 0 || digits > DIGITS_MAX || *at < '1' || *at > '9') return false;

    uint64_t magnitude = 0;
    for (size_t i = 0; i < digits; i++) {
        unsigned digit = (unsigned)at[i] - '0';
        if (digit > 9) return false;
        magnitude = magnitude * 10 + digit;
    }
    if (magnitude > (uint64_t)INT64_MAX + negative) return false;
    *value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

size_t integer_format(int64_t value, char text[INTEGER_TEXT_MAX])
{
    char digits[INTEGER_TEXT_MAX];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    while (rest >= 100) {
        at -= 2;
        memcpy(at, digit_pairs + rest % 100 * 2, 2);
        rest /= 100;
    }
    if (rest >= 10) {
        at -= 2;
        memcpy(at, digit_pairs + rest * 2, 2);
    } else {
        *--at = (char)('0' + rest);
    }
    if (value < 0) *--at = '-';
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(text, at, len);
    return len;
}
