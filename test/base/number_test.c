/*
 * number_test.c -- decimal text: what is a number, how it prints, how numbers add up and in which
 * order they stand; rows first, then random numbers against a plain reference.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "test/rows.h"

/* What parses, and how its value prints. NULL: not a number. */
static const struct text_row {
    const char *why, *text, *want;
} text_rows[] = {
    {"a digit", "7", "7"},
    {"18 digits, the longest of the fast way", "123456789012345678", "123456789012345678"},
    {"19 digits, the first of the other", "1234567890123456789", "1234567890123456789"},
    {"more than 64 bits", "18446744073709551616", "18446744073709551616"},
    {"a minus", "-12", "-12"},
    {"a plus", "+12", "12"},
    {"zeros in front", "-0012", "-12"},
    {"no negative zero", "-0", "0"},
    {"no negative zero in a fraction", "-0.000", "0"},
    {"nothing before the point", ".5", "0.5"},
    {"nothing behind the point", "5.", "5"},
    {"zeros behind the fraction", "1.2500", "1.25"},
    {"blanks around", " \t12\r\n", "12"},
    {"an exponent", "1.5e3", "1500"},
    {"a negative exponent", "15E-1", "1.5"},
    {"a plus in the exponent", "1e+2", "100"},
    {"the smallest plain text", "1e-9", "0.000000001"},
    {"smaller needs an exponent", "12e-11", "1.2e-10"},
    {"the largest plain text", "1e29", "100000000000000000000000000000"},
    {"larger needs an exponent", "-25e29", "-2.5e+30"},
    {"a huge exponent stays a number", "1e99999999999999999999", "1e+1000000000000000"},
    {"a digit past the 38th is dropped", "1.00000000000000000000000000000000000009", "1"},
    {"38 digits are kept", "0.12345678901234567890123456789012345678",
     "0.12345678901234567890123456789012345678"},
    {"nothing", "", NULL},
    {"blanks", "  ", NULL},
    {"a sign alone", "-", NULL},
    {"two signs", "+-1", NULL},
    {"a point alone", ".", NULL},
    {"an exponent alone", "e5", NULL},
    {"an exponent without digits", "1e", NULL},
    {"an exponent with a sign alone", "1e-", NULL},
    {"a fraction in the exponent", "1e1.5", NULL},
    {"two points", "1.2.3", NULL},
    {"a letter behind", "12a", NULL},
    {"a blank inside", "1 2", NULL},
    {"a comma inside", "1,000", NULL},
    {"hexadecimal", "0x10", NULL},
    {"infinity", "inf", NULL},
    {"not a number", "nan", NULL},
    {"the byte behind 9", "1:", NULL},
    {"the byte before 0", "1/", NULL},
};

Test(number, text)
{
    FOR_ROWS (row, text_rows) {
        struct number number;
        struct buffer out = {0};
        bool parsed = number_parse(slice_text(row->text), &number);
        ROW_EQ(row, parsed, row->want != NULL);
        if (parsed && row->want != NULL) {
            number_format(&number, &out);
            ROW_BYTES_EQ(row, buffer_slice(&out), row->want);
        }
        buffer_free(&out);
    }
}

static struct number parsed(const char *text)
{
    struct number number;
    cr_assert(number_parse(slice_text(text), &number), "%s", text);
    return number;
}

/* Up to four addends, added, and in the other order, and merged out of their encodings. */
static const struct sum_row {
    const char *why, *addends[4], *sum, *mean;
} sum_rows[] = {
    {"integers", {"1", "2", "3"}, "6", "2"},
    {"tenths add up exactly", {"0.1", "0.2"}, "0.3", "0.15"},
    {"nine digits behind the point", {"0.000000001", "0.000000001"}, "0.000000002", "1e-09"},
    {"it may be nothing", {"5", "-5"}, "0", "0"},
    {"it may be negative", {"-5.5", "2"}, "-3.5", "-1.75"},
    {"past 64 bits",
     {"999999999999999999", "999999999999999999", "999999999999999999"},
     "2999999999999999997",
     "1000000000000000000"},
    {"an exponent is exact too", {"1e3", "15e-1"}, "1001.5", "500.75"},
    {"trailing zeros do not count", {"0.10000000000", "1"}, "1.1", "0.55"},
    {"27 digits in all",
     {"999999999999999999.999999999", "0.000000001"},
     "1000000000000000000",
     "500000000000000000"},
    {"ten digits behind the point are rough", {"0.0000000001", "1"}, "1.0000000001", NULL},
    {"large ones are rough", {"1e18", "1e18"}, "2000000000000000000", "1000000000000000000"},
    {"rough ones keep what cancels", {"1e30", "1", "-1e30"}, "1", NULL},
    {"a rough zero leaves the exact part", {"1e20", "0.1", "-1e20"}, "0.1", NULL},
    {"past a double", {"1.5e308", "1.5e308"}, "inf", "inf"},
    {"past a double, below", {"-1.5e308", "-1.5e308", "1"}, "-inf", "-inf"},
    {"a third", {"1", "0", "0"}, "1", "0.333333333333333"},
    {"two thirds round up", {"1", "1", "0"}, "2", "0.666666666666667"},
    {"a tie goes down to the even digit",
     {"100000000000000.2", "0.1"},
     "100000000000000.3",
     "50000000000000.2"},
    {"a tie goes up to the even digit",
     {"514925055803.127", "514925055803.128"},
     "1029850111606.255",
     "514925055803.128"},
    {"a tie goes down to the even digit, far behind the point",
     {"94359237589.1752", "94359237589.1753"},
     "188718475178.3505",
     "94359237589.1752"},
    {"more than a tie goes up",
     {"1000000000000000.5", "1000000000000000.5", "1000000000000000.500000001"},
     "3000000000000001.500000001",
     "1000000000000000"},
    {"a negative rounds as its opposite",
     {"-514925055803.127", "-514925055803.128"},
     "-1029850111606.255",
     "-514925055803.128"},
    {"rounding to a digit more",
     {"9999999999999999", "9999999999999999"},
     "19999999999999998",
     "10000000000000000"},
};

static void expect_sum(const struct sum_row *row, const struct number_sum *sum, uint64_t count)
{
    struct buffer out = {0};
    number_sum_format(sum, &out);
    ROW_BYTES_EQ(row, buffer_slice(&out), row->sum);
    buffer_clear(&out);
    number_mean_format(sum, count, &out);
    if (row->mean != NULL) {
        struct buffer want = {0};
        struct number number;
        if (number_parse(slice_text(row->mean), &number)) {
            number_format(&number, &want);
        } else {
            buffer_append(&want, slice_text(row->mean));
        }
        cr_expect(slice_eq(buffer_slice(&out), buffer_slice(&want)), "%s: mean %.*s, not %s",
                  row->why, (int)out.len, (char *)out.data, row->mean);
        buffer_free(&want);
    }
    buffer_free(&out);
}

static struct number_sum recoded(const struct number_sum *sum)
{
    struct buffer bytes = {0};
    struct number_sum back;
    number_sum_encode(sum, &bytes);
    struct cursor cursor = cursor_of(buffer_slice(&bytes));
    cr_assert(number_sum_decode(&cursor, &back));
    cr_expect_eq(cursor_left(&cursor), 0);
    buffer_free(&bytes);
    return back;
}

Test(number, sums)
{
    FOR_ROWS (row, sum_rows) {
        struct number_sum forward = {0}, backward = {0}, merged = {0};
        uint64_t count = 0;
        while (count < COUNT_OF(row->addends) && row->addends[count] != NULL) count++;
        for (uint64_t i = 0; i < count; i++) {
            struct number number = parsed(row->addends[i]),
                          last = parsed(row->addends[count - 1 - i]);
            struct number_sum one = {0};
            cr_expect(number_sum_add(&forward, &number), "%s", row->why);
            cr_expect(number_sum_add(&backward, &last), "%s", row->why);
            cr_expect(number_sum_add(&one, &number), "%s", row->why);
            one = recoded(&one);
            number_sum_merge(&merged, &one);
            merged = recoded(&merged);
        }
        expect_sum(row, &forward, count);
        expect_sum(row, &backward, count);
        expect_sum(row, &merged, count);
    }
}

Test(number, too_large_for_a_sum_leaves_it_as_it_was)
{
    struct number_sum sum = {0}, before;
    struct number five = parsed("5"), huge = parsed("-1e309");
    cr_assert(number_sum_add(&sum, &five));
    before = sum;
    cr_expect(!number_sum_add(&sum, &huge));
    cr_expect_eq(memcmp(&sum, &before, sizeof sum), 0);
}

Test(number, overflow_of_the_exact_part_goes_on_roughly)
{
    struct number_sum sum = {0}, copy;
    struct number value = parsed("999999999999999999");
    cr_assert(number_sum_add(&sum, &value));
    for (int i = 0; i < 60; i++) { /* times 2^60: 1.15e36, and in units of 10^-9 past 128 bits */
        copy = sum;
        number_sum_merge(&sum, &copy);
    }
    struct buffer out = {0};
    number_sum_format(&sum, &out);
    buffer_append_byte(&out, '\0');
    double ratio = strtod((char *)out.data, NULL) / (0x1p60 * 999999999999999999.0);
    cr_expect(fabs(ratio - 1) < 1e-14, "%s", (char *)out.data);
    buffer_free(&out);
}

Test(number, damaged_encodings_are_refused)
{
    static const struct {
        const char *why;
        struct slice bytes;
        bool sum_too;
    } rows[] = {
        {"nothing", {0}, true},
        {"flags alone", {(const uint8_t *)"\x00", 1}, true},
        {"unknown flags", {(const uint8_t *)"\x40\x01", 2}, true},
        {"a negative zero", {(const uint8_t *)"\x01\x00", 2}, false},
        {"a varint that does not end", {(const uint8_t *)"\x00\x80", 2}, true},
    };
    FOR_ROWS (row, rows) {
        struct number number;
        struct number_sum sum;
        struct cursor cursor = cursor_of(row->bytes), again = cursor;
        ROW_EQ(row, number_decode(&cursor, &number), false);
        if (row->sum_too) ROW_EQ(row, number_sum_decode(&again, &sum), false);
    }
}

/* Random numbers, and the reference: each as a fixed-point text of equal length, where comparing is
 * comparing bytes. */
enum { SIDE_DIGITS = 80, DIGITS_MAX = 36, ROUNDS = 20000 };

struct sample {
    char text[4 * SIDE_DIGITS];
    char fixed[2 * SIDE_DIGITS + 1]; /* the size */
    int sign;
};

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*seed >> 33);
}

static void sample_text(struct sample *sample, const char *digits, int count, int exponent,
                        uint64_t *seed)
{
    const char *sign = sample->sign < 0 ? "-" : next_random(seed) % 4 == 0 ? "+" : "";
    const char *zeros = next_random(seed) % 3 == 0 ? "00" : "";
    int dot = (int)(next_random(seed) % (uint32_t)(count + 1));
    int shown = exponent + count - dot;
    if (exponent == 0 && next_random(seed) % 2 == 0) {
        (void)snprintf(sample->text, sizeof sample->text, "%s%s%s", sign, zeros, digits);
    } else {
        (void)snprintf(sample->text, sizeof sample->text, "%s%s%.*s.%s%se%d", sign, zeros, dot,
                       digits, digits + dot, zeros, shown);
    }
}

static struct sample sample_new(uint64_t *seed)
{
    struct sample sample = {.sign = next_random(seed) % 2 == 0 ? 1 : -1};
    char digits[DIGITS_MAX + 1] = {0};
    int count = 1 + (int)(next_random(seed) % (next_random(seed) % 4 == 0 ? DIGITS_MAX : 3));
    int exponent = (int)(next_random(seed) % 9) - 4;
    if (next_random(seed) % 4 == 0) exponent = 0;
    for (int i = 0; i < count; i++) {
        digits[i] = (char)('0' + next_random(seed) % (next_random(seed) % 2 == 0 ? 2 : 10));
    }
    memset(sample.fixed, '0', sizeof sample.fixed - 1);
    memcpy(sample.fixed + SIDE_DIGITS - (count + exponent), digits, (size_t)count);
    if (strspn(sample.fixed, "0") == strlen(sample.fixed)) sample.sign = 0;
    sample_text(&sample, digits, count, exponent, seed);
    return sample;
}

static int sign_of(int value)
{
    return (value > 0) - (value < 0);
}

static int sample_compare(const struct sample *a, const struct sample *b)
{
    if (a->sign != b->sign) return sign_of(a->sign - b->sign);
    return sign_of(a->sign * strcmp(a->fixed, b->fixed));
}

static int key_compare(const char *a, const char *b, bool descending)
{
    struct buffer x = {0}, y = {0};
    (descending ? number_order_key_descending : number_order_key)(slice_text(a), &x);
    (descending ? number_order_key_descending : number_order_key)(slice_text(b), &y);
    int order = sign_of(slice_cmp(buffer_slice(&x), buffer_slice(&y)));
    bool prefix = order != 0 && (slice_starts_with(buffer_slice(&x), buffer_slice(&y)) ||
                                 slice_starts_with(buffer_slice(&y), buffer_slice(&x)));
    cr_expect(!prefix, "the key of %s or %s starts the other", a, b);
    buffer_free(&x);
    buffer_free(&y);
    return order;
}

Test(number, order_is_that_of_the_reference)
{
    uint64_t seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct sample a = sample_new(&seed), b = sample_new(&seed);
        struct number x = parsed(a.text), y = parsed(b.text);
        int want = sample_compare(&a, &b);
        cr_assert_eq(sign_of(number_compare(&x, &y)), want, "%s and %s", a.text, b.text);
        cr_assert_eq(key_compare(a.text, b.text, false), want, "%s and %s", a.text, b.text);
        cr_assert_eq(key_compare(a.text, b.text, true), -want, "%s and %s", a.text, b.text);
    }
}

Test(number, printed_and_encoded_numbers_come_back)
{
    uint64_t seed = 2;
    for (int round = 0; round < ROUNDS; round++) {
        struct sample sample = sample_new(&seed);
        struct number number = parsed(sample.text), back;
        struct buffer out = {0};
        number_format(&number, &out);
        cr_assert(number_parse(buffer_slice(&out), &back));
        cr_assert_eq(number_compare(&number, &back), 0, "%s", sample.text);
        buffer_clear(&out);
        number_encode(&number, &out);
        struct cursor cursor = cursor_of(buffer_slice(&out));
        cr_assert(number_decode(&cursor, &back));
        cr_assert_eq(memcmp(&number, &back, sizeof back), 0, "%s", sample.text);
        buffer_free(&out);
    }
}

/* In ascending order; neighbours differ. */
static const char *const ascending[] = {
    "-1e999999999",
    "-1e300",
    "-1000",
    "-999.9",
    "-1",
    "-0.5",
    "-1e-300",
    "0",
    "1e-999999999",
    "1e-127",
    "1e-126",
    "1e-125",
    "0.1",
    "0.12",
    "0.121",
    "0.13",
    "1",
    "9.99",
    "10",
    "1e124",
    "1e125",
    "1e126",
    "1e128",
    "1e999999999",
    "",
    " ",
    "-",
    "0x1",
    "1 2",
    "a",
    "a\x01",
    "aa",
    "b",
    "inf",
    "\xff",
    "\xff\xff",
};

Test(number, every_pair_of_keys_is_in_order)
{
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        for (size_t j = 0; j < COUNT_OF(ascending); j++) {
            int want = sign_of((int)i - (int)j);
            cr_expect_eq(key_compare(ascending[i], ascending[j], false), want, "\"%s\", \"%s\"",
                         ascending[i], ascending[j]);
            cr_expect_eq(key_compare(ascending[i], ascending[j], true), -want, "\"%s\", \"%s\"",
                         ascending[i], ascending[j]);
        }
    }
}

Test(number, keys_of_texts_with_zero_bytes)
{
    struct slice texts[] = {SLICE("a"),       SLICE("a\0"),     SLICE("a\0\0"),
                            SLICE("a\0\x01"), SLICE("a\0\xff"), SLICE("a\x01")};
    for (size_t i = 0; i + 1 < COUNT_OF(texts); i++) {
        struct buffer x = {0}, y = {0};
        number_order_key(texts[i], &x);
        number_order_key(texts[i + 1], &y);
        cr_expect(slice_cmp(buffer_slice(&x), buffer_slice(&y)) < 0, "row %zu", i);
        buffer_free(&x);
        buffer_free(&y);
    }
}

/* Random addends in units of 10^-9, whose sum is known, in any grouping. */
Test(number, exact_sums_do_not_depend_on_order_or_grouping)
{
    uint64_t seed = 3;
    for (int round = 0; round < 200; round++) {
        struct number_sum parts[4] = {{0}}, total = {0};
        __int128 want = 0;
        for (int i = 0; i < 100; i++) {
            int64_t whole = (int64_t)(next_random(&seed) % 2 == 0 ? next_random(&seed) : 3);
            uint32_t units = next_random(&seed) % 3 == 0 ? 0 : next_random(&seed) % 1000000000;
            bool minus = next_random(&seed) % 2 == 0;
            char text[64];
            (void)snprintf(text, sizeof text, "%s%lld.%09u", minus ? "-" : "", (long long)whole,
                           units);
            __int128 value = (__int128)whole * 1000000000 + units;
            want += minus ? -value : value;
            struct number number = parsed(text);
            cr_assert(number_sum_add(&parts[next_random(&seed) % 4], &number));
        }
        for (int i = 0; i < 4; i++) {
            struct number_sum part = recoded(&parts[i]);
            number_sum_merge(&total, &part);
        }
        unsigned __int128 bits = (unsigned __int128)want;
        cr_assert_eq(total.exact_low, (uint64_t)bits);
        cr_assert_eq(total.exact_high, (uint64_t)(bits >> 64));
        cr_assert_eq(total.rough, 0);
    }
}
