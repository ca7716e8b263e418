/* glob.c -- one pass with one place to go back to: the last star. See glob.h. */
#include "base/glob.h"

struct place {
    size_t pattern, text;
};

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool same(uint8_t a, uint8_t b, bool no_case)
{
    return a == b || (no_case && lower(a) == lower(b));
}

/* Ends may be in either order, told before the case is dropped, and bytes are signed: as in Redis.
 */
static bool in_range(uint8_t byte, uint8_t low, uint8_t high, bool no_case)
{
    if ((int8_t)low > (int8_t)high) {
        uint8_t other = low;
        low = high;
        high = other;
    }
    if (no_case) {
        byte = lower(byte);
        low = lower(low);
        high = lower(high);
    }
    return (int8_t)byte >= (int8_t)low && (int8_t)byte <= (int8_t)high;
}

/* `at` is behind the '['. Leaves it behind the ']', or at the end of a class without one. */
static bool class_has(struct slice pattern, size_t *at, uint8_t byte, bool no_case)
{
    size_t i = *at;
    bool found = false, negated = i < pattern.len && pattern.data[i] == '^';
    for (i += negated; i < pattern.len && pattern.data[i] != ']'; i++) {
        const uint8_t *here = pattern.data + i;
        size_t left = pattern.len - i;
        if (here[0] == '\\' && left >= 2) {
            found |= here[1] == byte;
            i++;
        } else if (left >= 3 && here[1] == '-') {
            found |= in_range(byte, here[0], here[2], no_case);
            i += 2;
        } else {
            found |= same(here[0], byte, no_case);
        }
    }
    *at = i < pattern.len ? i + 1 : i;
    return found != negated;
}

/* Whether the element of the pattern at `*at`, which is no star, is this byte; moves past it. */
static bool element_is(struct slice pattern, size_t *at, uint8_t byte, bool no_case)
{
    uint8_t element = pattern.data[(*at)++];
    if (element == '?') return true;
    if (element == '[') return class_has(pattern, at, byte, no_case);
    if (element == '\\' && *at < pattern.len) element = pattern.data[(*at)++];
    return same(element, byte, no_case);
}

static bool is_star(struct slice pattern, size_t at)
{
    return at < pattern.len && pattern.data[at] == '*';
}

static bool match(struct slice pattern, struct slice text, bool no_case)
{
    if (text.len == 0) return pattern.len == 0; /* as in Redis: not even a star */
    struct place at = {0, 0}, star = {0, 0};
    bool starred = false;
    while (at.text < text.len) {
        if (is_star(pattern, at.pattern)) {
            while (is_star(pattern, at.pattern)) at.pattern++;
            if (at.pattern == pattern.len) return true;
            star = at;
            starred = true;
        } else if (at.pattern < pattern.len &&
                   element_is(pattern, &at.pattern, text.data[at.text], no_case)) {
            at.text++;
        } else {
            if (!starred) return false;
            star.text++; /* the star takes one byte more; earlier stars need not: this one can */
            at = star;
        }
    }
    while (is_star(pattern, at.pattern)) at.pattern++;
    return at.pattern == pattern.len;
}

bool glob_match(struct slice pattern, struct slice text)
{
    return match(pattern, text, false);
}

bool glob_match_no_case(struct slice pattern, struct slice text)
{
    return match(pattern, text, true);
}
