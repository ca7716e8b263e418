/*
 * number.h -- decimal numbers in text: read, compared, added exactly, printed, and put in order.
 *
 * A number is decimal text: an optional sign, digits with an optional point, an optional exponent
 * ("-12", "0.5", ".5", "5.", "1e-3"), with blanks (space, tab, CR, LF) around it. Anything else,
 * also hexadecimal, "inf" and "nan", is not a number.
 *
 * Values keep their first 38 significant digits. A struct here needs an alignment of 8 only.
 */
#pragma once

#include "base/cursor.h"

enum { NUMBER_DIGITS_MAX = 38 };

/* digits × 10^exponent, negated where `negative`. Zero is never negative. */
struct number {
    uint64_t digits_low, digits_high;
    int64_t exponent;
    uint64_t negative; /* 0 or 1 */
};

MUST_USE bool number_parse(struct slice text, struct number *number); /* false: not a number */
int number_compare(const struct number *a, const struct number *b);   /* < 0, 0, > 0 */

/* The shortest text of the value: "12", "-0.5"; with an exponent ("1.5e+40") only outside of
 * 10^-9 … 10^30. Equal numbers give the same text. */
void number_format(const struct number *number, struct buffer *out);

void number_encode(const struct number *number, struct buffer *out);
MUST_USE bool number_decode(struct cursor *cursor, struct number *number);

/*
 * A sum. Values under 10^18 with at most 9 digits behind the point are added exactly, in units of
 * 10^-9, so that their order does not matter; others go into a compensated pair of doubles. Zeroed
 * is a sum of nothing.
 */
struct number_sum {
    uint64_t exact_low, exact_high; /* the two halves of a signed 128-bit count of 10^-9 */
    double rough, rough_low;        /* their sum is the inexact part */
};

/* False: the value is beyond what a double can hold (1.8e308); the sum is as it was. */
MUST_USE bool number_sum_add(struct number_sum *sum, const struct number *number);
void number_sum_merge(struct number_sum *sum, const struct number_sum *other);
void number_sum_encode(const struct number_sum *sum, struct buffer *out);
MUST_USE bool number_sum_decode(struct cursor *cursor, struct number_sum *sum);

/* Exact where all that was added is; else the shortest text of the nearest double, and "inf" or
 * "-inf" past its range. */
void number_sum_format(const struct number_sum *sum, struct buffer *out);

/* sum / count with up to 15 significant digits, rounded half to even; count is 1 or more. */
void number_mean_format(const struct number_sum *sum, uint64_t count, struct buffer *out);

/*
 * A value as bytes whose byte order is the order of values: numbers by size, however long their
 * text, then everything that is no number by its bytes. Equal numbers ("1", "1.0") give the same
 * bytes. No key is the start of another, so more bytes may follow. Appends to `out`. Exponents
 * past ±10^15 count as that.
 */
void number_order_key(struct slice text, struct buffer *out);
void number_order_key_descending(struct slice text, struct buffer *out); /* the exact reverse */
