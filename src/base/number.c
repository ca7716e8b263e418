/* number.c -- see number.h. */
#include "base/number_impl.h"

typedef unsigned __int128 u128;

enum { FAST_DIGITS_MAX = 18, U64_POWER_MAX = 19, DIGITS_TEXT_MAX = 40 };
enum { PLAIN_POINT_MIN = -8, PLAIN_POINT_MAX = 30 };

static const uint64_t powers[U64_POWER_MAX + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    10000000000000000000U,
};

static u128 digits_of(const struct number *number)
{
    return (u128)number->digits_high << 64 | number->digits_low;
}

static u128 power_of_ten(size_t exponent) /* up to 38 */
{
    if (exponent <= U64_POWER_MAX) return powers[exponent];
    return (u128)powers[U64_POWER_MAX] * powers[exponent - U64_POWER_MAX];
}

static int digit_count(u128 digits)
{
    int count = 0;
    while (count < NUMBER_DIGITS_MAX && digits >= power_of_ten((size_t)count)) count++;
    return count;
}

static bool parse_any(struct slice text, struct number *number)
{
    struct decimal decimal;
    if (!decimal_scan(text, &decimal)) return false;
    u128 digits = 0;
    int64_t taken = 0;
    for (size_t i = 0; i < decimal.first.len && taken < NUMBER_DIGITS_MAX; i++, taken++) {
        digits = digits * 10 + (uint8_t)(decimal.first.data[i] - '0');
    }
    for (size_t i = 0; i < decimal.second.len && taken < NUMBER_DIGITS_MAX; i++, taken++) {
        digits = digits * 10 + (uint8_t)(decimal.second.data[i] - '0');
    }
    *number = (struct number){
        .digits_low = (uint64_t)digits,
        .digits_high = (uint64_t)(digits >> 64),
        .exponent = taken == 0 ? 0 : decimal.point - taken,
        .negative = decimal.negative,
    };
    return true;
}

bool number_parse(struct slice text, struct number *number)
{
    if (text.len == 0) return false;
    size_t start = text.data[0] == '-';
    if (text.len - start - 1 >= FAST_DIGITS_MAX) return parse_any(text, number);
    uint64_t value = 0;
    for (size_t i = start; i < text.len; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9) return parse_any(text, number);
        value = value * 10 + digit;
    }
    *number = (struct number){.digits_low = value, .negative = start != 0 && value != 0};
    return true;
}

/* Of two that are not zero, without their signs. */
static int compare_size(const struct number *a, const struct number *b)
{
    u128 x = digits_of(a), y = digits_of(b);
    if (a->exponent != b->exponent) {
        int x_count = digit_count(x), y_count = digit_count(y);
        int64_t x_point = a->exponent + x_count, y_point = b->exponent + y_count;
        if (x_point != y_point) return x_point < y_point ? -1 : 1;
        if (x_count < y_count) x *= power_of_ten((size_t)(y_count - x_count));
        if (y_count < x_count) y *= power_of_ten((size_t)(x_count - y_count));
    }
    return (x > y) - (x < y);
}

static int sign_of(const struct number *number)
{
    if (digits_of(number) == 0) return 0;
    return number->negative ? -1 : 1;
}

int number_compare(const struct number *a, const struct number *b)
{
    int a_sign = sign_of(a), b_sign = sign_of(b);
    if (a_sign != b_sign) return a_sign < b_sign ? -1 : 1;
    return a_sign == 0 ? 0 : a_sign * compare_size(a, b);
}

/* All digits, without leading and trailing zeros; returns how many. `dropped`: trailing zeros. */
static int digits_text(u128 digits, char *text, int *dropped)
{
    char reversed[DIGITS_TEXT_MAX];
    int count = 0;
    *dropped = 0;
    while (digits != 0) {
        uint64_t part = (uint64_t)(digits % powers[U64_POWER_MAX]);
        digits /= powers[U64_POWER_MAX];
        for (int i = 0; digits != 0 ? i < U64_POWER_MAX : part != 0; i++, part /= 10) {
            reversed[count++] = (char)('0' + part % 10);
        }
    }
    while (*dropped < count && reversed[*dropped] == '0') ++*dropped;
    for (int i = count; i-- > *dropped;) *text++ = reversed[i];
    return count - *dropped;
}

static void append_zeros(struct buffer *out, int count)
{
    for (int i = 0; i < count; i++) buffer_append_byte(out, '0');
}

static void append_plain(struct buffer *out, const char *digits, int count, int point)
{
    int whole = point < 0 ? 0 : point < count ? point : count;
    if (whole == 0) buffer_append_byte(out, '0');
    buffer_append(out, slice_of(digits, (size_t)whole));
    append_zeros(out, point - count);
    if (whole == count) return;
    buffer_append_byte(out, '.');
    append_zeros(out, -point);
    buffer_append(out, slice_of(digits + whole, (size_t)(count - whole)));
}

static void append_scientific(struct buffer *out, const char *digits, int count, int64_t point)
{
    buffer_append(out, slice_of(digits, 1));
    if (count > 1) buffer_append_byte(out, '.');
    buffer_append(out, slice_of(digits + 1, (size_t)(count - 1)));
    buffer_append_format(out, "e%+lld", (long long)(point - 1));
}

void number_format(const struct number *number, struct buffer *out)
{
    char digits[DIGITS_TEXT_MAX];
    int dropped, count = digits_text(digits_of(number), digits, &dropped);
    if (count == 0) {
        buffer_append_byte(out, '0');
        return;
    }
    if (number->negative) buffer_append_byte(out, '-');
    int64_t point = number->exponent + dropped + count;
    if (point >= PLAIN_POINT_MIN && point <= PLAIN_POINT_MAX) {
        append_plain(out, digits, count, (int)point);
    } else {
        append_scientific(out, digits, count, point);
    }
}

/* A number's bytes: flags, the digits' low half, the high half where WIDE, the exponent where
 * SCALED (zigzag). */
enum { NUMBER_NEGATIVE = 1, NUMBER_WIDE = 2, NUMBER_SCALED = 4, NUMBER_FLAGS = 7 };

void number_encode(const struct number *number, struct buffer *out)
{
    bool wide = number->digits_high != 0, scaled = number->exponent != 0;
    put_u8(out, (uint8_t)((number->negative ? NUMBER_NEGATIVE : 0) | (wide ? NUMBER_WIDE : 0) |
                          (scaled ? NUMBER_SCALED : 0)));
    put_varint(out, number->digits_low);
    if (wide) put_varint(out, number->digits_high);
    uint64_t exponent = (uint64_t)number->exponent;
    if (scaled) put_varint(out, exponent << 1 ^ (uint64_t)(number->exponent >> 63));
}

bool number_decode(struct cursor *cursor, struct number *number)
{
    uint8_t flags = cursor_u8(cursor);
    number->negative = flags & NUMBER_NEGATIVE;
    number->digits_low = cursor_varint(cursor);
    number->digits_high = flags & NUMBER_WIDE ? cursor_varint(cursor) : 0;
    uint64_t zigzag = flags & NUMBER_SCALED ? cursor_varint(cursor) : 0;
    number->exponent = (int64_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
    u128 digits = digits_of(number);
    bool exponent_fits = number->exponent > INT64_MIN / 2 && number->exponent < INT64_MAX / 2;
    return !cursor->bad && flags <= NUMBER_FLAGS && digits < power_of_ten(NUMBER_DIGITS_MAX) &&
           exponent_fits && (digits != 0 || !number->negative);
}
