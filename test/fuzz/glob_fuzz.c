/* glob_fuzz.c -- any pattern on any text: it ends soon, and means what its plain definition means.
 */
#include "base/glob.h"

enum { PLAIN_BYTES_MAX = 10 }; /* the plain definition takes time as powers of two */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without classes and escapes. */
static bool plain_match(struct slice pattern, struct slice text)
{
    if (pattern.len == 0) return text.len == 0;
    struct slice rest = slice_from(pattern, 1);
    if (pattern.data[0] == '*') {
        return plain_match(rest, text) ||
               (text.len != 0 && plain_match(pattern, slice_from(text, 1)));
    }
    if (text.len == 0) return false;
    if (pattern.data[0] != '?' && pattern.data[0] != text.data[0]) return false;
    return plain_match(rest, slice_from(text, 1));
}

/* The first byte says where the pattern ends and the text begins. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    size_t pattern_len = data[0] % size;
    struct slice pattern = slice_of(data + 1, pattern_len);
    struct slice text = slice_of(data + 1 + pattern_len, size - 1 - pattern_len);
    bool matches = glob_match(pattern, text);
    ASSERT(!matches || glob_match_no_case(pattern, text) || memchr(data, '[', size) != NULL);
    bool is_plain = memchr(data, '[', size) == NULL && memchr(data, '\\', size) == NULL;
    if (is_plain && size <= PLAIN_BYTES_MAX && text.len != 0) {
        ASSERT(matches == plain_match(pattern, text));
    }
    return 0;
}
