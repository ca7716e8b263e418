/* cluster_show.c -- see cluster_show.h. */
#include "cli/cluster_show.h"

#include "base/json_text.h"
#include "base/size.h"
#include "cli/tame.h"

#define NS_PER_MS UINT64_C(1000000)
#define MS_MAX    (UINT64_MAX / 2 / NS_PER_MS)

const struct answer *answer_field(const struct answer *map, const char *name)
{
    if (map->kind != ANSWER_MAP) return NULL;
    for (uint32_t i = 0; i + 1 < map->count; i += 2) {
        if (slice_eq(map->items[i].text, slice_text(name))) return &map->items[i + 1];
    }
    return NULL;
}

uint64_t answer_number(const struct answer *map, const char *name)
{
    const struct answer *field = answer_field(map, name);
    uint64_t number;
    return field != NULL && count_parse(field->text, &number) ? number : 0;
}

bool answer_is(const struct answer *map, const char *name, const char *text)
{
    const struct answer *field = answer_field(map, name);
    return field != NULL && slice_eq(field->text, slice_text(text));
}

/* --- for people ------------------------------------------------------------------------------ */

static void append_cell(struct buffer *out, const struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_NULL: buffer_append_byte(out, '-'); return;
    case ANSWER_BOOL:
        buffer_append(out, answer->text.data[0] == 't' ? SLICE("yes") : SLICE("no"));
        return;
    case ANSWER_LIST:
    case ANSWER_MAP:
        if (answer->count == 0) buffer_append_byte(out, '-');
        for (uint32_t i = 0; i < answer->count; i++) {
            bool value = answer->kind == ANSWER_MAP && i % 2 == 1;
            if (i != 0) buffer_append_byte(out, value ? '=' : ',');
            append_cell(out, &answer->items[i]);
        }
        return;
    case ANSWER_TEXT:
    case ANSWER_ERROR:
    case ANSWER_INTEGER:
    case ANSWER_DOUBLE: break;
    }
    if (answer->text.len == 0) {
        buffer_append_byte(out, '-');
    } else {
        tame_append(out, answer->text);
    }
}

void cluster_show_value(struct slice name, const struct answer *answer, struct buffer *out)
{
    uint64_t number;
    if (answer->kind != ANSWER_INTEGER || !count_parse(answer->text, &number)) {
        append_cell(out, answer);
    } else if (slice_ends_with(name, SLICE("bytes-per-second"))) {
        size_append(out, number);
        buffer_append(out, SLICE("/s"));
    } else if (slice_ends_with(name, SLICE("bytes"))) {
        size_append(out, number);
    } else if (slice_ends_with(name, SLICE("-ms"))) {
        duration_append(out, (duration){(int64_t)(u64_min(number, MS_MAX) * NS_PER_MS)});
    } else {
        append_cell(out, answer);
    }
}

/* --- for programs ---------------------------------------------------------------------------- */

static void append_json(struct buffer *out, const struct answer *answer)
{
    bool map = answer->kind == ANSWER_MAP;
    switch (answer->kind) {
    case ANSWER_NULL: buffer_append(out, SLICE("null")); return;
    case ANSWER_BOOL:
        buffer_append(out, answer->text.data[0] == 't' ? SLICE("true") : SLICE("false"));
        return;
    case ANSWER_INTEGER: buffer_append(out, answer->text); return;
    case ANSWER_DOUBLE: /* JSON knows neither inf nor nan */
        buffer_append(out, memchr(answer->text.data, 'n', answer->text.len) == NULL
                               ? answer->text
                               : SLICE("null"));
        return;
    case ANSWER_TEXT:
    case ANSWER_ERROR: json_append_string(out, answer->text); return;
    case ANSWER_LIST:
    case ANSWER_MAP: break;
    }
    buffer_append_byte(out, map ? '{' : '[');
    for (uint32_t i = 0; i < answer->count; i++) {
        bool value = map && i % 2 == 1;
        if (i != 0) buffer_append(out, value ? SLICE(": ") : SLICE(", "));
        if (map && !value) {
            json_append_string(out, answer->items[i].text);
        } else {
            append_json(out, &answer->items[i]);
        }
    }
    buffer_append_byte(out, map ? '}' : ']');
}

void cluster_show_json(const struct answer *answer, struct buffer *out)
{
    append_json(out, answer);
    buffer_append_byte(out, '\n');
}
