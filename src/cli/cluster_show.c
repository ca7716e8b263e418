/* cluster_show.c -- see cluster_show.h. */
#include "cli/cluster_show.h"

#include "base/json_text.h"
#include "base/size.h"
#include "cli/tame.h"

enum { COLUMN_MAX = 48 }; /* a wider cell pushes what is behind it to the right */

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

static bool is_named(struct slice name, struct slice unit)
{
    return name.len > unit.len && slice_ends_with(name, unit);
}

void cluster_show_value(struct slice name, const struct answer *answer, struct buffer *out)
{
    uint64_t number;
    if (answer->kind != ANSWER_INTEGER || !count_parse(answer->text, &number)) {
        append_cell(out, answer);
    } else if (is_named(name, SLICE("bytes-per-second"))) {
        size_append(out, number);
        buffer_append(out, SLICE("/s"));
    } else if (slice_ends_with(name, SLICE("bytes"))) {
        size_append(out, number);
    } else if (is_named(name, SLICE("-ms"))) {
        duration_append(out, (duration){(int64_t)(u64_min(number, MS_MAX) * NS_PER_MS)});
    } else {
        append_cell(out, answer);
    }
}

static size_t value_len(struct slice name, const struct answer *answer)
{
    struct buffer text = {0};
    cluster_show_value(name, answer, &text);
    size_t len = text.len;
    buffer_free(&text);
    return len;
}

static void append_padded(struct buffer *out, struct slice name, const struct answer *answer,
                          size_t columns)
{
    size_t began = out->len;
    cluster_show_value(name, answer, out);
    while (out->len - began < columns) buffer_append_byte(out, ' ');
}

static bool is_table(const struct answer *answer)
{
    return answer->kind == ANSWER_LIST && answer->count != 0 && answer->items[0].kind == ANSWER_MAP;
}

static size_t column_width(const struct answer *rows, uint32_t pair)
{
    struct slice name = rows->items[0].items[pair].text;
    size_t width = name.len;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct answer *row = &rows->items[i];
        if (row->kind != ANSWER_MAP || pair + 1 >= row->count) continue;
        size_t len = value_len(name, &row->items[pair + 1]);
        if (len > width) width = len;
    }
    return width < COLUMN_MAX ? width : COLUMN_MAX;
}

static void append_table(struct buffer *out, const struct answer *rows)
{
    const struct answer *first = &rows->items[0];
    struct buffer widths = {0};
    for (uint32_t pair = 0; pair + 1 < first->count; pair += 2) {
        buffer_append_byte(&widths, (uint8_t)column_width(rows, pair));
    }
    for (uint32_t i = 0; i <= rows->count; i++) {
        const struct answer *row = i == 0 ? first : &rows->items[i - 1];
        if (row->kind != ANSWER_MAP) continue;
        for (uint32_t pair = 0; pair + 1 < first->count && pair + 1 < row->count; pair += 2) {
            bool last = pair + 3 >= first->count;
            append_padded(out, first->items[pair].text, &row->items[i == 0 ? pair : pair + 1],
                          last ? 0 : widths.data[pair / 2]);
            if (!last) buffer_append(out, SLICE("  "));
        }
        buffer_append_byte(out, '\n');
    }
    buffer_free(&widths);
}

static void append_pairs(struct buffer *out, const struct answer *map)
{
    size_t width = 0;
    for (uint32_t i = 0; i + 1 < map->count; i += 2) {
        size_t len = map->items[i].text.len;
        if (len > width) width = len;
    }
    for (uint32_t i = 0; i + 1 < map->count; i += 2) {
        const struct answer *value = &map->items[i + 1];
        append_padded(out, (struct slice){0}, &map->items[i], is_table(value) ? 0 : width);
        if (is_table(value)) {
            buffer_append_byte(out, '\n');
            append_table(out, value);
            continue;
        }
        buffer_append(out, SLICE("  "));
        cluster_show_value(map->items[i].text, value, out);
        buffer_append_byte(out, '\n');
    }
}

void cluster_show(const struct answer *answer, struct buffer *out)
{
    if (is_table(answer)) {
        append_table(out, answer);
    } else if (answer->kind == ANSWER_MAP) {
        append_pairs(out, answer);
    } else if (answer->kind == ANSWER_LIST) {
        for (uint32_t i = 0; i < answer->count; i++) {
            append_cell(out, &answer->items[i]);
            buffer_append_byte(out, '\n');
        }
    } else {
        append_cell(out, answer);
        buffer_append_byte(out, '\n');
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
