/* table_test.c -- tables as texts. */
#include "cli/table.h"
#include "test/rows.h"

static const struct table_column columns[] = {
    {"name", 0}, {"size", TABLE_RIGHT}, {"zone", TABLE_OPTIONAL}, {"why", 0}};

static void fill(struct table *table, const char *const *cells, size_t count)
{
    *table = (struct table){.columns = columns, .columns_count = COUNT_OF(columns)};
    for (size_t i = 0; i < count; i++) buffer_append(table_cell(table), slice_text(cells[i]));
}

static void expect(struct table *table, struct table_look look, const char *want, const char *why)
{
    struct buffer out = {0};
    table_write(table, look, &out);
    cr_expect(slice_eq(buffer_slice(&out), slice_text(want)), "%s:\n%.*s", why, (int)out.len,
              (const char *)out.data);
    buffer_free(&out);
    table_free(table);
}

Test(table, texts)
{
    static const struct {
        const char *why;
        uint32_t columns;
        const char *cells[8];
        size_t cells_count;
        const char *want;
    } rows[] = {
        {"numbers end, and texts begin, below each other; an empty column is left out",
         0,
         {"a", "1", "-", "x", "long one", "123456", "", "y"},
         8,
         "name        size  why\na              1  x\nlong one  123456  y\n"},
        {"a column that may be left out, and says something once",
         0,
         {"a", "1", "-", "x", "b", "2", "west", "y"},
         8,
         "name  size  zone  why\na        1  -     x\nb        2  west  y\n"},
        {"cut at the edge of the window",
         12,
         {"a", "1", "-", "because of much"},
         4,
         "name  size  \na        1  \n"},
        {"characters are counted, not bytes",
         0,
         {"\xc3\xa4\xc3\xa4", "1", "-", "x", "abcd", "2", "-", "y"},
         8,
         "name  size  why\n\xc3\xa4\xc3\xa4       1  x\nabcd     2  y\n"},
        {"a row that is not whole, and nothing behind what is there",
         0,
         {"a"},
         1,
         "name  size  why\na\n"},
    };
    FOR_ROWS (row, rows) {
        struct table table;
        fill(&table, row->cells, row->cells_count);
        cr_expect_eq(table_rows_count(&table), (row->cells_count + 3) / 4);
        expect(&table, (struct table_look){.columns = row->columns}, row->want, row->why);
    }
}

Test(table, colors)
{
    static const char *const cells[] = {"a", "1", "-", "x"};
    struct table table;
    fill(&table, cells, 1);
    table_color(&table, TABLE_RED);
    expect(&table, (struct table_look){.color = true},
           "\x1b[1mname\x1b[0m  \x1b[1msize\x1b[0m  \x1b[1mwhy\x1b[0m\n\x1b[31ma\x1b[0m\n",
           "where they are wanted");
    fill(&table, cells, 1);
    table_color(&table, TABLE_RED);
    expect(&table, (struct table_look){0}, "name  size  why\na\n", "and nowhere else");
}
