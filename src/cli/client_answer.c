/* client_answer.c -- see client_answer.h. */
#include "cli/client_answer.h"

enum { DEPTH_MAX = 8, COUNT_MAX = 1 << 20 };

struct reading {
    struct arena *arena;
    struct slice bytes;
    size_t at;
};

/* The rest of a line, without its end. */
static enum answer_status take_line(struct reading *reading, struct slice *line)
{
    struct slice rest = slice_from(reading->bytes, reading->at);
    const uint8_t *end = rest.len == 0 ? NULL : memmem(rest.data, rest.len, "\r\n", 2);
    if (end == NULL) return ANSWER_PARTIAL;
    *line = slice_of(rest.data, (size_t)(end - rest.data));
    reading->at += line->len + 2;
    return ANSWER_WHOLE;
}

/* -1 is a null. */
static bool parse_count(struct slice text, int64_t *count)
{
    if (slice_eq(text, SLICE("-1"))) {
        *count = -1;
        return true;
    }
    enum { DIGITS_MAX = 9 };
    if (text.len == 0 || text.len > DIGITS_MAX) return false;
    int64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        sum = sum * 10 + (text.data[i] - '0');
    }
    *count = sum;
    return true;
}

static enum answer_status take_bulk(struct reading *reading, size_t len, struct answer *answer)
{
    struct slice rest = slice_from(reading->bytes, reading->at);
    if (rest.len < len + 2) return ANSWER_PARTIAL;
    answer->kind = ANSWER_TEXT;
    answer->text = arena_copy(reading->arena, slice_of(rest.data, len));
    reading->at += len + 2;
    return ANSWER_WHOLE;
}

static enum answer_status take(struct reading *reading, unsigned depth, struct answer *answer);

static enum answer_status take_list(struct reading *reading, unsigned depth, uint32_t count,
                                    struct answer *answer)
{
    if (count > COUNT_MAX || depth == DEPTH_MAX) return ANSWER_BAD;
    answer->kind = ANSWER_LIST;
    answer->count = count;
    answer->items = ARENA_ARRAY(reading->arena, struct answer, count);
    enum answer_status status = ANSWER_WHOLE;
    for (uint32_t i = 0; i < count && status == ANSWER_WHOLE; i++) {
        status = take(reading, depth + 1, &answer->items[i]);
    }
    return status;
}

static enum answer_status take_counted(struct reading *reading, unsigned depth, uint8_t mark,
                                       uint32_t count, struct answer *answer)
{
    enum { FORMAT_BYTES = 4 }; /* of what is marked as text: "txt:" */
    enum answer_status status;
    switch (mark) {
    case '$': return take_bulk(reading, count, answer);
    case '=':
        status = take_bulk(reading, count, answer);
        if (status == ANSWER_WHOLE && count < FORMAT_BYTES) return ANSWER_BAD;
        if (status == ANSWER_WHOLE) answer->text = slice_from(answer->text, FORMAT_BYTES);
        return status;
    case '%':
        if (count > COUNT_MAX / 2) return ANSWER_BAD;
        status = take_list(reading, depth, 2 * count, answer);
        answer->kind = ANSWER_MAP;
        return status;
    default: return take_list(reading, depth, count, answer);
    }
}

static enum answer_status take(struct reading *reading, unsigned depth, struct answer *answer)
{
    struct slice line;
    int64_t count;
    enum answer_status status = take_line(reading, &line);
    if (status != ANSWER_WHOLE) return status;
    if (line.len == 0) return ANSWER_BAD;
    struct slice rest = slice_from(line, 1);
    answer->text = arena_copy(reading->arena, rest);
    switch (line.data[0]) {
    case '+': answer->kind = ANSWER_TEXT; return ANSWER_WHOLE;
    case '-': answer->kind = ANSWER_ERROR; return ANSWER_WHOLE;
    case ':': answer->kind = ANSWER_INTEGER; return ANSWER_WHOLE;
    case '#': answer->kind = ANSWER_BOOL; return rest.len == 1 ? ANSWER_WHOLE : ANSWER_BAD;
    case ',': answer->kind = ANSWER_DOUBLE; return ANSWER_WHOLE;
    case '(': answer->kind = ANSWER_TEXT; return ANSWER_WHOLE;
    case '_': answer->kind = ANSWER_NULL; return ANSWER_WHOLE;
    case '$':
    case '=':
    case '*':
    case '~':
    case '%': break;
    default: return ANSWER_BAD;
    }
    if (!parse_count(rest, &count)) return ANSWER_BAD;
    answer->kind = ANSWER_NULL;
    if (count < 0) return ANSWER_WHOLE;
    return take_counted(reading, depth, line.data[0], (uint32_t)count, answer);
}

enum answer_status client_answer_read(struct arena *arena, struct slice bytes,
                                      struct answer *answer, size_t *used)
{
    struct reading reading = {arena, bytes, 0};
    *answer = (struct answer){0};
    enum answer_status status = take(&reading, 0, answer);
    *used = reading.at;
    return status;
}
