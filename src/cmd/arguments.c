/* arguments.c -- arguments to numbers, and back. See call.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cmd/call.h"

enum {
    FLOAT_TEXT_MAX = 5 * 1024, /* longer ones are refused */
    EXACT_DIGITS_MAX = 15,     /* of decimal digits, all are exact in a double */
    MS_PER_SECOND = 1000,
};

/* 2^63 as a long double: the first that an int64_t does not have. */
#define INTEGER_END 9223372036854775808.0L

/* A few digits and a point, "3.25": both halves are exact, so one division rounds once. */
static bool decimal_parse(struct slice text, double *value)
{
    static const double powers[EXACT_DIGITS_MAX + 1] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = text.len != 0 && text.data[0] == '-';
    if (negative) text = slice_from(text, 1);
    if (text.len < 1 || text.len > EXACT_DIGITS_MAX + 1) return false;
    uint64_t digits = 0;
    size_t point = text.len;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit <= 9) {
            digits = digits * 10 + digit;
        } else if (text.data[i] == '.' && point == text.len && text.len > 1) {
            point = i;
        } else {
            return false;
        }
    }
    size_t fraction = point == text.len ? 0 : text.len - point - 1;
    if (text.len - (point != text.len) > EXACT_DIGITS_MAX) return false;
    double size = (double)digits / powers[fraction];
    *value = negative ? -size : size;
    return true;
}

/* A NUL-terminated copy for the functions of libc; false: nothing they should see. */
static bool float_text(struct slice text, char copy[FLOAT_TEXT_MAX])
{
    if (text.len == 0 || text.len >= FLOAT_TEXT_MAX || isspace(text.data[0])) return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return true;
}

bool double_parse(struct slice text, double *value)
{
    if (LIKELY(decimal_parse(text, value))) return true;
    char copy[FLOAT_TEXT_MAX], *end;
    if (!float_text(text, copy)) return false;
    errno = 0;
    *value = strtod(copy, &end);
    bool lost = errno == ERANGE && (isinf(*value) || *value == 0);
    return end == copy + text.len && !lost && !isnan(*value);
}

bool long_double_parse(struct slice text, long double *value)
{
    char copy[FLOAT_TEXT_MAX], *end;
    if (!float_text(text, copy)) return false;
    errno = 0;
    *value = strtold(copy, &end);
    bool lost = errno == ERANGE && (isinf(*value) || *value == 0);
    return end == copy + text.len && !lost && !isnan(*value);
}

bool word_is(struct slice text, const char *word)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 'a' && byte <= 'z') byte = (uint8_t)(byte - ('a' - 'A'));
        if (byte != (uint8_t)word[i] || byte == '\0') return false;
    }
    return word[text.len] == '\0';
}

/* --- of a call ------------------------------------------------------------------------------- */

bool call_integer(struct call *call, uint32_t index, int64_t *value)
{
    if (LIKELY(integer_parse(call->argv[index], value))) return true;
    reply_error(&call->reply, "ERR value is not an integer or out of range");
    return false;
}

bool call_integer_in(struct call *call, uint32_t index, int64_t low, int64_t high, int64_t *value,
                     const char *error)
{
    bool parsed = integer_parse(call->argv[index], value);
    if (parsed && *value >= low && *value <= high) return true;
    if (error != NULL) {
        reply_error(&call->reply, "%s", error);
    } else if (!parsed) {
        reply_error(&call->reply, "ERR value is not an integer or out of range");
    } else if (low == 0) {
        reply_error(&call->reply, "ERR value is out of range, must be positive");
    } else {
        reply_error(&call->reply, "ERR value is out of range, value must between %lld and %lld",
                    (long long)low, (long long)high);
    }
    return false;
}

bool call_double(struct call *call, uint32_t index, double *value)
{
    if (LIKELY(double_parse(call->argv[index], value))) return true;
    reply_error(&call->reply, "ERR value is not a valid float");
    return false;
}

bool call_long_double(struct call *call, uint32_t index, long double *value)
{
    if (long_double_parse(call->argv[index], value)) return true;
    reply_error(&call->reply, "ERR value is not a valid float");
    return false;
}

bool call_timeout(struct call *call, uint32_t index, int64_t *timeout_ms)
{
    long double seconds;
    if (!long_double_parse(call->argv[index], &seconds)) {
        reply_error(&call->reply, "ERR timeout is not a float or out of range");
        return false;
    }
    long double ms = ceill(seconds * MS_PER_SECOND);
    if (ms < 0) {
        reply_error(&call->reply, "ERR timeout is negative");
        return false;
    }
    if (ms >= INTEGER_END || (int64_t)ms > INT64_MAX - store_now_ms(call->store)) {
        reply_error(&call->reply, "ERR timeout is out of range");
        return false;
    }
    *timeout_ms = (int64_t)ms;
    return true;
}
