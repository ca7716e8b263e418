/* size.c -- see size.h. */
#include "base/size.h"

enum { FRACTION_DIGITS_MAX = 6 };

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Take the digits at the front of `rest`. False: none, or more than 64 bits hold. */
static bool take_digits(struct slice *rest, uint64_t *value)
{
    size_t at = 0;
    uint64_t sum = 0;
    for (; at < rest->len && is_digit(rest->data[at]); at++) {
        if (__builtin_mul_overflow(sum, 10, &sum)) return false;
        if (__builtin_add_overflow(sum, (uint64_t)(rest->data[at] - '0'), &sum)) return false;
    }
    if (at == 0) return false;
    *rest = slice_from(*rest, at);
    *value = sum;
    return true;
}

/* The bytes of one unit; 0: not a unit. */
static uint64_t unit_bytes(struct slice unit)
{
    if (unit.len == 0) return 1;
    if (unit.len == 1 && lower(unit.data[0]) == 'b') return 1;
    static const char letters[] = "kmgt";
    const char *letter = strchr(letters, lower(unit.data[0]));
    if (letter == NULL || *letter == '\0') return 0;
    bool decimal = unit.len == 2 && lower(unit.data[1]) == 'b';
    bool binary = unit.len == 3 && lower(unit.data[1]) == 'i' && lower(unit.data[2]) == 'b';
    if (unit.len != 1 && !decimal && !binary) return 0;
    uint64_t bytes = 1;
    for (const char *step = letters; step <= letter; step++) bytes *= decimal ? 1000 : 1024;
    return bytes;
}

/* ".5": what comes after the dot, as a fraction of `*scale`. */
static bool take_fraction(struct slice *rest, uint64_t *fraction, uint64_t *scale)
{
    *fraction = 0;
    *scale = 1;
    if (rest->len == 0 || rest->data[0] != '.') return true;
    *rest = slice_from(*rest, 1);
    size_t before = rest->len;
    if (!take_digits(rest, fraction)) return false;
    size_t digits = before - rest->len;
    if (digits > FRACTION_DIGITS_MAX) return false;
    for (size_t i = 0; i < digits; i++) *scale *= 10;
    return true;
}

bool size_parse(struct slice text, uint64_t *bytes)
{
    struct slice rest = text;
    uint64_t whole, fraction, scale, total;
    if (!take_digits(&rest, &whole) || !take_fraction(&rest, &fraction, &scale)) return false;
    if (rest.len > 1 && rest.data[0] == ' ') rest = slice_from(rest, 1);
    uint64_t unit = unit_bytes(rest);
    if (unit == 0 || __builtin_mul_overflow(whole, unit, &total)) return false;
    /* Less than 10^6 times at most 2^40: it fits. */
    if (__builtin_add_overflow(total, fraction * unit / scale, &total)) return false;
    if (total > INT64_MAX) return false;
    *bytes = total;
    return true;
}

bool count_parse(struct slice text, uint64_t *count)
{
    uint64_t value;
    if (!take_digits(&text, &value) || text.len != 0) return false;
    *count = value;
    return true;
}

/* Three digits that matter: "1.2", "12.3", "123". */
static void append_scaled(struct buffer *out, uint64_t amount, const char *const *units,
                          size_t units_count)
{
    double value = (double)amount;
    size_t unit = 0;
    /* 999.5 would be shown as 1000. */
    while (value >= 999.5 && unit + 1 < units_count) {
        value /= 1000;
        unit++;
    }
    if (unit == 0) {
        buffer_append_format(out, "%llu%s", (unsigned long long)amount, units[0]);
    } else {
        buffer_append_format(out, "%.*f%s", value < 99.95 ? 1 : 0, value, units[unit]);
    }
}

void size_append(struct buffer *out, uint64_t bytes)
{
    static const char *const units[] = {" bytes", " kB", " MB", " GB", " TB", " PB", " EB"};
    if (bytes == 1) {
        buffer_append(out, SLICE("1 byte"));
    } else {
        append_scaled(out, bytes, units, COUNT_OF(units));
    }
}

void count_append_short(struct buffer *out, uint64_t count)
{
    static const char *const units[] = {"", " k", " M", " G", " T", " P", " E"};
    append_scaled(out, count, units, COUNT_OF(units));
}

void count_append(struct buffer *out, uint64_t count)
{
    char digits[24];
    size_t at = sizeof digits;
    for (size_t shown = 0; count != 0 || shown == 0; shown++) {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    }
    for (; at < sizeof digits; at++) {
        buffer_append_byte(out, (uint8_t)digits[at]);
        size_t left = sizeof digits - at - 1;
        if (left != 0 && left % 3 == 0) buffer_append_byte(out, ',');
    }
}

void duration_append(struct buffer *out, duration time)
{
    enum { MS = 1000 * 1000 };
    uint64_t ms = time.ns <= 0 ? 0 : ((uint64_t)time.ns + MS / 2) / MS;
    uint64_t s = (ms + 500) / 1000;
    if (ms < 1000) {
        buffer_append_format(out, "%llu ms", (unsigned long long)ms);
    } else if (ms < 59950) {
        buffer_append_format(out, "%.1f s", (double)ms / 1000);
    } else if (s < 3600) {
        buffer_append_format(out, "%llu min %02llu s", (unsigned long long)(s / 60),
                             (unsigned long long)(s % 60));
    } else {
        buffer_append_format(out, "%llu h %02llu min", (unsigned long long)(s / 3600),
                             (unsigned long long)(s / 60 % 60));
    }
}
