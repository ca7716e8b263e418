/* columns.c -- see columns.h. */
#include "work/map/columns.h"

enum { SHOWN_BYTES_MAX = 64, LISTED_MAX = 50 };

/* A walk over the columns of one record. */
struct walk {
    enum column_split split;
    const uint8_t *at, *end; /* at is NULL behind the last column */
};

struct cell {
    struct slice bytes;
    bool doubled; /* holds quotes written twice */
};

enum step { STEP_CELL, STEP_END, STEP_BROKEN };

static struct walk walk_of(enum column_split split, struct slice record)
{
    if (record.len == 0) return (struct walk){split, NULL, NULL};
    return (struct walk){split, record.data, record.data + record.len};
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static enum step step_blanks(struct walk *walk, struct cell *cell)
{
    const uint8_t *at = walk->at, *end = walk->end;
    while (at < end && is_blank(*at)) at++;
    const uint8_t *start = at;
    while (at < end && !is_blank(*at)) at++;
    walk->at = at;
    *cell = (struct cell){slice_of(start, (size_t)(at - start)), false};
    return at == start ? STEP_END : STEP_CELL;
}

static enum step step_to(struct walk *walk, uint8_t separator, struct cell *cell)
{
    const uint8_t *start = walk->at, *end = walk->end;
    const uint8_t *stop = start == end ? NULL : memchr(start, separator, (size_t)(end - start));
    walk->at = stop == NULL ? NULL : stop + 1;
    *cell = (struct cell){slice_of(start, (size_t)((stop == NULL ? end : stop) - start)), false};
    return STEP_CELL;
}

static enum step step_quoted(struct walk *walk, struct cell *cell)
{
    const uint8_t *start = walk->at + 1, *at = start, *end = walk->end;
    bool doubled = false;
    for (;; at += 2, doubled = true) {
        at = at == end ? NULL : memchr(at, '"', (size_t)(end - at));
        if (at == NULL) return STEP_BROKEN;
        if (at + 1 == end || at[1] != '"') break;
    }
    *cell = (struct cell){slice_of(start, (size_t)(at - start)), doubled};
    if (at + 1 != end && at[1] != ',') return STEP_BROKEN;
    walk->at = at + 1 == end ? NULL : at + 2;
    return STEP_CELL;
}

static enum step walk_step(struct walk *walk, struct cell *cell)
{
    if (walk->at == NULL) return STEP_END;
    switch (walk->split) {
    case SPLIT_BLANKS: return step_blanks(walk, cell);
    case SPLIT_TABS: return step_to(walk, '\t', cell);
    case SPLIT_COMMAS: break;
    }
    if (walk->at < walk->end && *walk->at == '"') return step_quoted(walk, cell);
    return step_to(walk, ',', cell);
}

/* The text of a cell; `scratch` has room for it already, so that earlier slices stay valid. */
static struct slice cell_text(const struct cell *cell, struct buffer *scratch)
{
    if (!cell->doubled) return cell->bytes;
    ASSERT(scratch->capacity - scratch->len >= cell->bytes.len);
    uint8_t *start = scratch->data + scratch->len, *to = start;
    for (size_t i = 0; i < cell->bytes.len; i++) {
        *to++ = cell->bytes.data[i];
        if (cell->bytes.data[i] == '"') i++;
    }
    scratch->len += (size_t)(to - start);
    return slice_of(start, (size_t)(to - start));
}

enum map_verdict columns_extract(struct columns *columns, struct slice record,
                                 struct map_pair *pair)
{
    uint32_t key = columns->key.number, value = columns->has_value ? columns->value.number : key;
    uint32_t last = key > value ? key : value;
    struct cell cells[2] = {{record, false}, {{0}, false}}, cell;
    struct walk walk = walk_of(columns->split, record);
    if (columns->has_value && value == 0) cells[1].bytes = record;
    if (record.len == 0) return MAP_SKIP;

    uint32_t number = 0;
    while (number < last) {
        enum step step = walk_step(&walk, &cell);
        if (UNLIKELY(step == STEP_BROKEN)) {
            pair->why = "a quoted column does not end with a quote";
            return MAP_BAD;
        }
        if (step == STEP_END) break;
        number++;
        if (number == key) cells[0] = cell;
        if (number == value && columns->has_value) cells[1] = cell;
    }
    if (number < key) {
        pair->why = columns->missing_text;
        return number == 0 ? MAP_SKIP : MAP_BAD; /* nothing but blanks */
    }
    buffer_clear(&columns->scratch);
    if (cells[0].doubled || cells[1].doubled) {
        (void)buffer_reserve(&columns->scratch, cells[0].bytes.len + cells[1].bytes.len);
    }
    pair->key = cell_text(&cells[0], &columns->scratch);
    pair->value = cell_text(&cells[1], &columns->scratch);
    return MAP_PAIR;
}

/* One column off the front of "K,V": a number, a name, or a name in quotes. */
static bool take_column(struct walk *walk, bool names, struct column *column)
{
    bool quoted = walk->at != NULL && walk->at < walk->end && *walk->at == '"';
    struct cell cell;
    if (walk_step(walk, &cell) != STEP_CELL || cell.bytes.len == 0 || cell.doubled) return false;
    uint32_t number = 0;
    size_t i = 0;
    while (!quoted && i < cell.bytes.len && number <= COLUMN_NUMBER_MAX) {
        unsigned digit = (unsigned)cell.bytes.data[i] - '0';
        if (digit > 9) break;
        number = number * 10 + digit;
        i++;
    }
    if (i == cell.bytes.len) {
        column->number = number;
        return number <= COLUMN_NUMBER_MAX;
    }
    column->name = cell.bytes;
    return names && number <= COLUMN_NUMBER_MAX;
}

bool columns_parse(struct slice text, bool names, struct columns *columns)
{
    *columns = (struct columns){0};
    struct walk walk = walk_of(SPLIT_COMMAS, text);
    if (!take_column(&walk, names, &columns->key)) return false;
    columns->has_value = walk.at != NULL;
    if (columns->has_value && !take_column(&walk, names, &columns->value)) return false;
    return walk.at == NULL;
}

bool columns_named(const struct columns *columns)
{
    return columns->key.name.len != 0 || columns->value.name.len != 0;
}

void columns_free(struct columns *columns)
{
    buffer_free(&columns->header);
    buffer_free(&columns->scratch);
}

static struct slice header_bytes(const struct columns *columns)
{
    struct slice header = buffer_slice(&columns->header);
    struct slice mark = SLICE("\xef\xbb\xbf"); /* some write UTF-8 with a byte order mark */
    return slice_starts_with(header, mark) ? slice_from(header, mark.len) : header;
}

/* The header's next name, unquoted. False: none is left, or the rest is broken. */
static bool next_name(struct columns *columns, struct walk *walk, struct slice *name)
{
    struct cell cell;
    if (walk_step(walk, &cell) != STEP_CELL) return false;
    buffer_clear(&columns->scratch);
    if (cell.doubled) (void)buffer_reserve(&columns->scratch, cell.bytes.len);
    *name = cell_text(&cell, &columns->scratch);
    return true;
}

static bool find_name(struct columns *columns, struct column *column)
{
    struct walk walk = walk_of(columns->split, header_bytes(columns));
    struct slice name;
    for (uint32_t number = 1; next_name(columns, &walk, &name); number++) {
        if (!slice_eq(name, column->name)) continue;
        column->number = number;
        return true;
    }
    return false;
}

static enum err refuse_name(struct columns *columns, struct slice wrong, struct slice path,
                            struct fault *fault)
{
    struct walk walk = walk_of(columns->split, header_bytes(columns));
    struct buffer list = {0};
    struct slice name;
    for (int i = 0; i < LISTED_MAX && next_name(columns, &walk, &name); i++) {
        buffer_append_format(&list, "%s%.*s", i == 0 ? "" : ", ",
                             (int)u64_min(name.len, SHOWN_BYTES_MAX), (const char *)name.data);
    }
    (void)fault_set(fault, ERR_USAGE, "csv: %.*s has no column \"%.*s\"; its columns are: %.*s",
                    (int)path.len, (const char *)path.data,
                    (int)u64_min(wrong.len, SHOWN_BYTES_MAX), (const char *)wrong.data,
                    (int)list.len, (const char *)list.data);
    buffer_free(&list);
    return fault->code;
}

enum err columns_resolve(struct columns *columns, struct slice header, struct slice path,
                         struct fault *fault)
{
    if (!columns_named(columns)) return ERR_OK;
    if (columns->header.len != 0 && slice_eq(header, buffer_slice(&columns->header))) return ERR_OK;
    buffer_clear(&columns->header);
    buffer_append(&columns->header, header);
    struct column *both[] = {&columns->key, &columns->value};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        if (both[i]->name.len == 0 || find_name(columns, both[i])) continue;
        struct slice wrong = both[i]->name;
        enum err err = refuse_name(columns, wrong, path, fault);
        buffer_clear(&columns->header);
        return err;
    }
    return ERR_OK;
}
