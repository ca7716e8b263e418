/* decimal.h -- whole numbers to digits in place, without a call; integer.h reads them back. */
#pragma once

#include "base/base.h"

enum { DECIMAL_BYTES_MAX = 20 }; /* "-9223372036854775808", "18446744073709551615" */

static inline unsigned decimal_width(uint64_t value) /* digits; 1 for 0 */
{
    unsigned width = 1;
    for (;;) {
        if (value < 10) return width;
        if (value < 100) return width + 1;
        if (value < 1000) return width + 2;
        if (value < 10000) return width + 3;
        value /= 10000;
        width += 4;
    }
}

/* Writes at `to`, which has DECIMAL_BYTES_MAX of room; returns the byte after. */
static inline uint8_t *decimal_write(uint8_t *to, uint64_t value)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    uint8_t *end = to + decimal_width(value);
    uint8_t *at = end;
    while (value >= 100) {
        at -= 2;
        memcpy(at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        memcpy(at - 2, pairs + value * 2, 2);
    } else {
        at[-1] = (uint8_t)('0' + value);
    }
    return end;
}

static inline uint8_t *decimal_write_signed(uint8_t *to, int64_t value)
{
    if (value >= 0) return decimal_write(to, (uint64_t)value);
    *to = '-';
    return decimal_write(to + 1, 0 - (uint64_t)value);
}
