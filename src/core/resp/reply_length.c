/* reply_length.c -- see reply_length.h. */
#include "core/resp/reply_length.h"

#include "base/integer.h"

/* How many replies are still to come at each depth. */
struct depths {
    uint64_t left[REPLY_DEPTH_MAX];
    uint32_t count;
};

/* The number of a line such as "*3\r\n", at most as large as what could follow. */
static bool count_of(struct slice line, size_t most, int64_t *count)
{
    return integer_parse(slice_from(line, 1), count) && *count >= -1 && *count <= (int64_t)most;
}

/* Past one line and, of a string, its bytes. 0: it is not whole, or wrong. `*inner`: how many
 * replies are within it; `*is_attribute`: another follows in its place. */
static size_t one(struct slice bytes, uint64_t *inner, bool *is_attribute)
{
    *inner = 0;
    *is_attribute = false;
    const uint8_t *end = bytes.len == 0 ? NULL : memchr(bytes.data, '\r', bytes.len);
    if (end == NULL) return 0;
    size_t len = (size_t)(end - bytes.data), after = len + 2;
    if (after > bytes.len || end[1] != '\n') return 0;
    struct slice line = slice_of(bytes.data, len);
    size_t rest = bytes.len - after;
    int64_t count;
    switch (bytes.data[0]) {
    case '+':
    case '-':
    case ':':
    case '_':
    case ',':
    case '#':
    case '(': return after;
    case '$':
    case '=':
    case '!':
        if (!count_of(line, rest, &count)) return 0;
        if (count < 0) return after;
        if (rest < (size_t)count + 2) return 0;
        return after + (size_t)count + 2;
    case '*':
    case '~':
    case '>':
        if (!count_of(line, rest, &count)) return 0;
        *inner = count < 0 ? 0 : (uint64_t)count;
        return after;
    case '|':
    case '%':
        if (!count_of(line, rest, &count)) return 0;
        *is_attribute = bytes.data[0] == '|';
        *inner = count < 0 ? 0 : 2 * (uint64_t)count;
        return after;
    default: return 0;
    }
}

size_t reply_length(struct slice bytes)
{
    struct depths depths = {.left = {1}, .count = 1};
    size_t at = 0;
    while (depths.count > 0) { /* ends: each round is past some bytes, or a depth less */
        uint64_t inner;
        bool is_attribute;
        size_t len = one(slice_from(bytes, at), &inner, &is_attribute);
        if (len == 0) return 0;
        at += len;
        if (!is_attribute) depths.left[depths.count - 1]--;
        if (inner > 0) {
            if (depths.count == REPLY_DEPTH_MAX) return 0;
            depths.left[depths.count++] = inner;
        }
        while (depths.count > 0 && depths.left[depths.count - 1] == 0) depths.count--;
    }
    return at;
}
