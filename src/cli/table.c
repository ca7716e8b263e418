/* table.c -- see table.h. */
#include "cli/table.h"

#include <string.h>

enum { GAP = 2 };

struct table_cell {
    size_t begin, end; /* in the text; the end is known when the next begins */
    const char *color; /* NULL: none */
};

static struct table_cell *cell_at(const struct table *table, size_t i)
{
    return (struct table_cell *)(void *)table->cells.data + i;
}

static size_t cells_count(const struct table *table)
{
    return table->cells.len / sizeof(struct table_cell);
}

static void end_last(struct table *table)
{
    size_t count = cells_count(table);
    if (count > 0) cell_at(table, count - 1)->end = table->text.len;
}

struct buffer *table_cell(struct table *table)
{
    ASSERT(table->columns_count > 0);
    ASSERT(table->columns_count <= TABLE_COLUMNS_MAX);
    struct table_cell cell = {.begin = table->text.len};
    end_last(table);
    buffer_append(&table->cells, slice_of(&cell, sizeof cell));
    return &table->text;
}

void table_color(struct table *table, const char *color)
{
    size_t count = cells_count(table);
    ASSERT(count > 0);
    cell_at(table, count - 1)->color = color;
}

uint32_t table_rows_count(const struct table *table)
{
    return (uint32_t)((cells_count(table) + table->columns_count - 1) / table->columns_count);
}

/* --- widths ---------------------------------------------------------------------------------- */

static bool begins_character(uint8_t byte)
{
    return (byte & 0xc0) != 0x80;
}

static uint32_t width_of(struct slice text)
{
    uint32_t width = 0;
    for (size_t i = 0; i < text.len; i++) width += begins_character(text.data[i]);
    return width;
}

static struct slice text_at(const struct table *table, uint32_t row, uint32_t column)
{
    if (row == 0) return slice_text(table->columns[column].head);
    size_t i = (size_t)(row - 1) * table->columns_count + column;
    if (i >= cells_count(table)) return (struct slice){0};
    const struct table_cell *cell = cell_at(table, i);
    return slice_of(table->text.data + cell->begin, cell->end - cell->begin);
}

/* 0: it is left out. */
static uint32_t column_width(const struct table *table, uint32_t column)
{
    uint32_t rows_count = table_rows_count(table), width = 0;
    bool says = !(table->columns[column].flags & TABLE_OPTIONAL);
    for (uint32_t row = 0; row <= rows_count; row++) {
        struct slice text = text_at(table, row, column);
        uint32_t own = width_of(text);
        if (own > width) width = own;
        says |= row > 0 && text.len > 0 && !slice_eq(text, SLICE("-"));
    }
    return says ? width : 0;
}

/* --- lines ----------------------------------------------------------------------------------- */

struct line {
    struct buffer *out;
    uint32_t width, width_max; /* 0: unbounded */
};

static void append_cut(struct line *line, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool new = begins_character(text.data[i]);
        if (new && line->width_max != 0 && line->width == line->width_max) return;
        line->width += new;
        buffer_append_byte(line->out, text.data[i]);
    }
}

static void append_blanks(struct line *line, uint32_t count)
{
    for (; count > 0; count--) append_cut(line, SLICE(" "));
}

static const char *color_of(const struct table *table, uint32_t row, uint32_t column)
{
    if (row == 0) return TABLE_BOLD;
    size_t i = (size_t)(row - 1) * table->columns_count + column;
    return i < cells_count(table) ? cell_at(table, i)->color : NULL;
}

static void write_row(const struct table *table, uint32_t row, const uint32_t *widths,
                      struct table_look look, struct buffer *out)
{
    struct line line = {.out = out, .width_max = look.columns};
    uint32_t owed = 0; /* blanks, if something comes behind them */
    for (uint32_t column = 0; column < table->columns_count; column++) {
        struct slice text = text_at(table, row, column);
        const char *color = look.color ? color_of(table, row, column) : NULL;
        if (widths[column] == 0) continue;
        uint32_t blanks = widths[column] - width_of(text);
        bool right = (table->columns[column].flags & TABLE_RIGHT) != 0;
        if (text.len > 0) append_blanks(&line, right ? owed + blanks : owed);
        if (color != NULL) buffer_append(out, slice_text(color));
        append_cut(&line, text);
        if (color != NULL) buffer_append(out, SLICE(TABLE_PLAIN));
        owed = GAP + (right && text.len > 0 ? 0 : blanks) + (text.len > 0 ? 0 : owed);
    }
    buffer_append_byte(out, '\n');
}

void table_write(struct table *table, struct table_look look, struct buffer *out)
{
    uint32_t widths[TABLE_COLUMNS_MAX], rows_count = table_rows_count(table);
    end_last(table);
    for (uint32_t column = 0; column < table->columns_count; column++)
        widths[column] = column_width(table, column);
    for (uint32_t row = 0; row <= rows_count; row++) write_row(table, row, widths, look, out);
}

void table_free(struct table *table)
{
    buffer_free(&table->text);
    buffer_free(&table->cells);
}
