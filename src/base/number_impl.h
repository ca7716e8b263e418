/*
 * number_impl.h -- decimal text taken apart, shared by number.c and number_order.c.
 */
#pragma once

#include "base/number.h"

/* The significant digits are `first` followed by `second`: they neither start nor end with a zero,
 * and both are empty for zero. The value is 0.DIGITS × 10^point. */
struct decimal {
    bool negative;
    struct slice first, second;
    int64_t point;
};

/* False: not a number. Slices borrow from `text`. */
MUST_USE bool decimal_scan(struct slice text, struct decimal *decimal);
