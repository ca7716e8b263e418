/*
 * table.h -- rows and columns of text, as wide as what is in them; what is too wide for the window
 * is cut at its edge. Pure.
 *
 * Cells are filled in turn, row by row: table_cell, and what is appended to the buffer that it
 * returns belongs to that cell, until the next is asked for. Widths count characters, not bytes.
 */
#pragma once

#include "base/buffer.h"

enum { TABLE_COLUMNS_MAX = 16 };

enum table_column_flag {
    TABLE_RIGHT = 1 << 0,   /* numbers */
    TABLE_OPTIONAL = 1 << 1 /* left out where all cells of it are empty, or "-" */
};
struct table_column {
    const char *head;
    uint32_t flags;
};

struct table { /* begin with {.columns = …, .columns_count = …}; ends with table_free */
    const struct table_column *columns;
    uint32_t columns_count;
    struct buffer text;  /* of all cells, one behind the other */
    struct buffer cells; /* struct table_cell */
};

struct buffer *table_cell(struct table *table);
/* The cell that is being filled is shown in a color: an escape sequence, and only on terminals. */
void table_color(struct table *table, const char *color);
uint32_t table_rows_count(const struct table *table);

struct table_look {
    uint32_t columns; /* of the window; 0: as wide as it is */
    bool color;
};
#define TABLE_GREEN  "\x1b[32m"
#define TABLE_YELLOW "\x1b[33m"
#define TABLE_RED    "\x1b[31m"
#define TABLE_BOLD   "\x1b[1m"
#define TABLE_PLAIN  "\x1b[0m"

/* With a line of heads. Rows that are not whole are filled up. */
void table_write(struct table *table, struct table_look look, struct buffer *out);
void table_free(struct table *table);
