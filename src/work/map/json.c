/*
 * json.c -- a checking walk over one JSON text that remembers what lies at the asked paths.
 *
 * At each value, `active` is the set of paths whose steps so far led here, a bit each. A path that
 * is active and has no steps left has found its value.
 */
#include "work/map/json.h"

enum { REPLACEMENT = 0xfffd, ESCAPE_BYTES = 6 };

struct walk {
    const uint8_t *at, *end;
    struct json_query *query;
    struct slice raw[JSON_PATHS_MAX]; /* the text of what was found; data NULL: nothing yet */
    uint32_t depth;
    const char *why;
};

static bool walk_value(struct walk *walk, uint32_t active);

static bool refuse(struct walk *walk, const char *why)
{
    walk->why = why;
    return false;
}

static void skip_space(struct walk *walk)
{
    const uint8_t *at = walk->at, *end = walk->end;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    walk->at = at;
}

static bool take(struct walk *walk, char byte)
{
    if (walk->at == walk->end || *walk->at != (uint8_t)byte) return false;
    walk->at++;
    return true;
}

static bool take_space_and(struct walk *walk, char byte)
{
    skip_space(walk);
    return take(walk, byte);
}

static int hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Is there a whole "\uXXXX" at `at`? Then its code unit, else -1. */
static int code_unit(const uint8_t *at, const uint8_t *end)
{
    if (end - at < ESCAPE_BYTES || at[0] != '\\' || at[1] != 'u') return -1;
    int unit = 0;
    for (int i = 2; i < ESCAPE_BYTES; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool skip_escape(struct walk *walk)
{
    if (walk->end - walk->at < 2) return refuse(walk, "broken JSON: a string does not end");
    switch (walk->at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': walk->at += 2; return true;
    case 'u':
        if (code_unit(walk->at, walk->end) < 0) break;
        walk->at += ESCAPE_BYTES;
        return true;
    }
    return refuse(walk, "broken JSON: an escape in a string is none");
}

/* Does one of eight bytes end the plain run of a string: a quote, a backslash, a control byte? */
static bool has_special(const uint8_t *at)
{
    const uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
    uint64_t special =
        ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((word - ones * 0x20) & ~word);
    return (special & tops) != 0;
}

/* At an opening quote: past the closing one. `content` is what is between, escapes and all. */
static bool walk_string(struct walk *walk, struct slice *content)
{
    const uint8_t *start = ++walk->at;
    for (;;) {
        const uint8_t *at = walk->at, *end = walk->end;
        while (end - at >= 8 && !has_special(at)) at += 8;
        while (at < end && *at != '"' && *at != '\\' && *at >= 0x20) at++;
        walk->at = at;
        if (at == end) return refuse(walk, "broken JSON: a string does not end");
        if (*at == '"') break;
        if (*at < 0x20) return refuse(walk, "broken JSON: a control byte in a string");
        if (!skip_escape(walk)) return false;
    }
    *content = slice_of(start, (size_t)(walk->at - start));
    walk->at++;
    return true;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
    } else if (code < 0x800) {
        *to++ = (uint8_t)(0xc0 | code >> 6);
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (uint8_t)(0xe0 | code >> 12);
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        *to++ = (uint8_t)(0xf0 | code >> 18);
        *to++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    }
    return to;
}

/* The code point of the \u escape at `*at`, which moves behind it, or behind both of a pair. */
static uint32_t take_code_point(const uint8_t **at, const uint8_t *end)
{
    uint32_t unit = (uint32_t)code_unit(*at, end);
    *at += ESCAPE_BYTES;
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    int low = unit < 0xdc00 ? code_unit(*at, end) : -1;
    if (low < 0xdc00 || low > 0xdfff) return REPLACEMENT;
    *at += ESCAPE_BYTES;
    return 0x10000 + ((unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

static uint8_t escaped_byte(uint8_t letter)
{
    switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    }
    return letter;
}

/* What a checked string stands for, behind what is in `scratch`, which has room for it: it is never
 * longer than its text. */
static struct slice unescape(struct slice content, struct buffer *scratch)
{
    ASSERT(scratch->capacity - scratch->len >= content.len);
    uint8_t *start = scratch->data + scratch->len, *to = start;
    const uint8_t *at = content.data, *end = at + content.len;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
        } else if (at[1] == 'u') {
            to = put_utf8(to, take_code_point(&at, end));
        } else {
            *to++ = escaped_byte(at[1]);
            at += 2;
        }
    }
    scratch->len += (size_t)(to - start);
    return slice_of(start, (size_t)(to - start));
}

static bool has_escape(struct slice content)
{
    return content.len != 0 && memchr(content.data, '\\', content.len) != NULL;
}

static bool name_is(struct walk *walk, struct slice content, struct slice name)
{
    if (!has_escape(content)) return slice_eq(content, name);
    buffer_clear(&walk->query->scratch);
    (void)buffer_reserve(&walk->query->scratch, content.len);
    return slice_eq(unescape(content, &walk->query->scratch), name);
}

/* Which of the active paths go on into the member `name`, or into the element `index`. */
static uint32_t active_in_member(struct walk *walk, uint32_t active, struct slice name)
{
    uint32_t inner = 0;
    for (uint32_t i = 0; i < walk->query->count; i++) {
        const struct json_path *path = &walk->query->paths[i];
        if (!(active >> i & 1) || path->count < walk->depth) continue;
        const struct json_step *step = &path->steps[walk->depth - 1];
        if (step->name.data != NULL && name_is(walk, name, step->name)) inner |= 1U << i;
    }
    return inner;
}

static uint32_t active_in_element(const struct walk *walk, uint32_t active, uint64_t index)
{
    uint32_t inner = 0;
    for (uint32_t i = 0; i < walk->query->count; i++) {
        const struct json_path *path = &walk->query->paths[i];
        if (!(active >> i & 1) || path->count < walk->depth) continue;
        const struct json_step *step = &path->steps[walk->depth - 1];
        if (step->name.data == NULL && step->index == index) inner |= 1U << i;
    }
    return inner;
}

static bool walk_object(struct walk *walk, uint32_t active)
{
    walk->at++;
    if (take_space_and(walk, '}')) return true;
    do {
        struct slice name;
        skip_space(walk);
        if (walk->at == walk->end || *walk->at != '"') {
            return refuse(walk, "broken JSON: an object wants a name in quotes");
        }
        if (!walk_string(walk, &name)) return false;
        if (!take_space_and(walk, ':')) return refuse(walk, "broken JSON: a : is missing");
        if (!walk_value(walk, active == 0 ? 0 : active_in_member(walk, active, name))) return false;
    } while (take_space_and(walk, ','));
    return take(walk, '}') || refuse(walk, "broken JSON: an object wants a , or }");
}

static bool walk_array(struct walk *walk, uint32_t active)
{
    walk->at++;
    if (take_space_and(walk, ']')) return true;
    uint64_t index = 0;
    do {
        uint32_t inner = active == 0 ? 0 : active_in_element(walk, active, index++);
        if (!walk_value(walk, inner)) return false;
    } while (take_space_and(walk, ','));
    return take(walk, ']') || refuse(walk, "broken JSON: an array wants a , or ]");
}

static bool walk_word(struct walk *walk, struct slice word)
{
    struct slice rest = slice_of(walk->at, (size_t)(walk->end - walk->at));
    if (!slice_starts_with(rest, word)) return refuse(walk, "broken JSON: an unknown word");
    walk->at += word.len;
    return true;
}

static bool walk_digits(struct walk *walk)
{
    const uint8_t *start = walk->at;
    while (walk->at < walk->end && *walk->at >= '0' && *walk->at <= '9') walk->at++;
    return walk->at > start || refuse(walk, "broken JSON: a number wants a digit");
}

static bool walk_number(struct walk *walk)
{
    (void)take(walk, '-');
    if (!take(walk, '0') && !walk_digits(walk)) return false;
    if (take(walk, '.') && !walk_digits(walk)) return false;
    if (!take(walk, 'e') && !take(walk, 'E')) return true;
    if (!take(walk, '+')) (void)take(walk, '-');
    return walk_digits(walk);
}

static bool walk_nested(struct walk *walk, uint32_t active)
{
    if (walk->depth == JSON_DEPTH_MAX) return refuse(walk, "JSON nested deeper than 256 levels");
    walk->depth++;
    bool good = *walk->at == '{' ? walk_object(walk, active) : walk_array(walk, active);
    walk->depth--;
    return good;
}

static bool walk_any(struct walk *walk, uint32_t active)
{
    struct slice content;
    switch (*walk->at) {
    case '{':
    case '[': return walk_nested(walk, active);
    case '"': return walk_string(walk, &content);
    case 't': return walk_word(walk, SLICE("true"));
    case 'f': return walk_word(walk, SLICE("false"));
    case 'n': return walk_word(walk, SLICE("null"));
    }
    if (*walk->at == '-' || (*walk->at >= '0' && *walk->at <= '9')) return walk_number(walk);
    return refuse(walk, "broken JSON: a value is missing");
}

static bool walk_value(struct walk *walk, uint32_t active)
{
    skip_space(walk);
    if (walk->at == walk->end) return refuse(walk, "broken JSON: a value is missing");
    const uint8_t *start = walk->at;
    if (!walk_any(walk, active)) return false;
    for (uint32_t i = 0; active >> i != 0; i++) {
        if (!(active >> i & 1) || walk->query->paths[i].count != walk->depth) continue;
        walk->raw[i] = slice_of(start, (size_t)(walk->at - start));
    }
    return true;
}

static struct slice found_text(struct slice raw, struct buffer *scratch)
{
    if (raw.data == NULL || raw.data[0] != '"') return raw;
    struct slice content = slice_of(raw.data + 1, raw.len - 2);
    return has_escape(content) ? unescape(content, scratch) : content;
}

bool json_find(struct json_query *query, struct slice text, struct slice found[JSON_PATHS_MAX],
               const char **why)
{
    if (text.len == 0) text = SLICE(" "); /* nothing lies nowhere; blanks are as broken */
    struct walk walk = {.at = text.data, .end = text.data + text.len, .query = query};
    bool good = walk_value(&walk, (1U << query->count) - 1);
    skip_space(&walk);
    if (good && walk.at != walk.end) good = refuse(&walk, "broken JSON: bytes behind its end");
    if (!good) {
        *why = walk.why;
        return false;
    }
    size_t room = walk.raw[0].len + walk.raw[1].len;
    buffer_clear(&query->scratch);
    if (room > query->scratch.capacity) (void)buffer_reserve(&query->scratch, room);
    for (uint32_t i = 0; i < JSON_PATHS_MAX; i++)
        found[i] = found_text(walk.raw[i], &query->scratch);
    return true;
}
