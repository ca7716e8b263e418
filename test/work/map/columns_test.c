/* columns_test.c -- columns of a record as key and value. See columns.h. */
#include <stdio.h>
#include <stdlib.h>

#include "test/rows.h"
#include "work/map/columns.h"

/* Key and value of a record; a key of NULL with a verdict. */
static const struct column_row {
    const char *why;
    enum column_split split;
    const char *columns, *record, *key, *value;
    enum map_verdict verdict;
} rows[] = {
    {"a field", SPLIT_BLANKS, "2", "a b c", "b", "", MAP_PAIR},
    {"two fields", SPLIT_BLANKS, "3,1", "a b c", "c", "a", MAP_PAIR},
    {"the same field twice", SPLIT_BLANKS, "2,2", "a b c", "b", "b", MAP_PAIR},
    {"runs of blanks part", SPLIT_BLANKS, "2,3", "a \t b\t\tc", "b", "c", MAP_PAIR},
    {"blanks at the ends", SPLIT_BLANKS, "1,2", "  a b  ", "a", "b", MAP_PAIR},
    {"the whole record", SPLIT_BLANKS, "0,1", " a b", " a b", "a", MAP_PAIR},
    {"the whole record as value", SPLIT_BLANKS, "1,0", "a b", "a", "a b", MAP_PAIR},
    {"no key is bad", SPLIT_BLANKS, "3", "a b", NULL, NULL, MAP_BAD},
    {"no key is bad, behind a blank", SPLIT_BLANKS, "3", "a b ", NULL, NULL, MAP_BAD},
    {"no value is an empty value", SPLIT_BLANKS, "1,9", "a b", "a", "", MAP_PAIR},
    {"an empty record is passed over", SPLIT_BLANKS, "1", "", NULL, NULL, MAP_SKIP},
    {"a blank record is passed over", SPLIT_BLANKS, "1", " \t ", NULL, NULL, MAP_SKIP},
    {"tabs part exactly", SPLIT_TABS, "2,3", "a\t\t c d", "", " c d", MAP_PAIR},
    {"the last column is empty", SPLIT_TABS, "3", "a\tb\t", "", "", MAP_PAIR},
    {"tabs: no key", SPLIT_TABS, "4", "a\tb\t", NULL, NULL, MAP_BAD},
    {"tabs: quotes are bytes", SPLIT_TABS, "1", "\"a\tb\"", "\"a", "", MAP_PAIR},
    {"tabs: an empty record", SPLIT_TABS, "1", "", NULL, NULL, MAP_SKIP},
    {"commas part", SPLIT_COMMAS, "1,3", "a,b,c", "a", "c", MAP_PAIR},
    {"blanks belong to a column", SPLIT_COMMAS, "2", "a, b ,c", " b ", "", MAP_PAIR},
    {"an empty column", SPLIT_COMMAS, "2", "a,,c", "", "", MAP_PAIR},
    {"empty at both ends", SPLIT_COMMAS, "1,2", ",", "", "", MAP_PAIR},
    {"one too few", SPLIT_COMMAS, "3", "a,b", NULL, NULL, MAP_BAD},
    {"a comma in quotes", SPLIT_COMMAS, "1,2", "\"a,b\",c", "a,b", "c", MAP_PAIR},
    {"a line end in quotes", SPLIT_COMMAS, "1,2", "\"a\nb\",c", "a\nb", "c", MAP_PAIR},
    {"quotes in quotes", SPLIT_COMMAS, "1", "\"a \"\"b\"\"\"", "a \"b\"", "", MAP_PAIR},
    {"quotes alone in quotes", SPLIT_COMMAS, "1", "\"\"\"\"", "\"", "", MAP_PAIR},
    {"nothing in quotes", SPLIT_COMMAS, "1,2", "\"\",b", "", "b", MAP_PAIR},
    {"both unquoted", SPLIT_COMMAS, "1,2", "\"a\"\"\",\"\"\"b\"", "a\"", "\"b", MAP_PAIR},
    {"unquoted twice", SPLIT_COMMAS, "1,1", "\"a\"\"b\"", "a\"b", "a\"b", MAP_PAIR},
    {"a quote inside is a byte", SPLIT_COMMAS, "1,2", "a\"b,c\"", "a\"b", "c\"", MAP_PAIR},
    {"a quote does not end", SPLIT_COMMAS, "1", "\"a,b", NULL, NULL, MAP_BAD},
    {"a doubled quote does not end", SPLIT_COMMAS, "1", "\"a\"\"", NULL, NULL, MAP_BAD},
    {"text behind a quote", SPLIT_COMMAS, "1", "\"a\"b,c", NULL, NULL, MAP_BAD},
    {"what is behind is not looked at", SPLIT_COMMAS, "1", "a,\"b", "a", "", MAP_PAIR},
    {"csv: the whole record", SPLIT_COMMAS, "0,2", "\"a\",b", "\"a\",b", "b", MAP_PAIR},
};

Test(columns, rows)
{
    FOR_ROWS (row, rows) {
        struct columns columns;
        struct map_pair pair = {0};
        cr_assert(columns_parse(slice_text(row->columns), false, &columns), "%s", row->why);
        columns.split = row->split;
        /* A copy without a byte to spare, so that reading too far is seen. */
        size_t len = strlen(row->record);
        char *record = malloc(len);
        memcpy(record, row->record, len);
        ROW_EQ(row, columns_extract(&columns, slice_of(record, len), &pair), row->verdict);
        if (row->key != NULL) ROW_BYTES_EQ(row, pair.key, row->key);
        if (row->value != NULL) ROW_BYTES_EQ(row, pair.value, row->value);
        free(record);
        columns_free(&columns);
    }
}

static const struct parse_row {
    const char *why, *text;
    bool names, good;
    const char *key, *value; /* names */
    uint32_t key_number, value_number;
} parse_rows[] = {
    {"a number", "1", false, true, "", "", 1, 0},
    {"two numbers", "12,0", false, true, "", "", 12, 0},
    {"the largest", "1000000", false, true, "", "", 1000000, 0},
    {"too large", "1000001", false, false, "", "", 0, 0},
    {"far too large", "99999999999999999999", true, false, "", "", 0, 0},
    {"nothing", "", true, false, "", "", 0, 0},
    {"nothing behind the comma", "1,", true, false, "", "", 0, 0},
    {"nothing before the comma", ",1", true, false, "", "", 0, 0},
    {"three", "1,2,3", true, false, "", "", 0, 0},
    {"a minus", "-1", false, false, "", "", 0, 0},
    {"a name where there are none", "x", false, false, "", "", 0, 0},
    {"a name", "status", true, true, "status", "", 0, 0},
    {"a number and a name", "2,bytes sent", true, true, "", "bytes sent", 2, 0},
    {"a name that starts as a number", "2nd,1", true, true, "2nd", "", 0, 1},
    {"a name with a comma", "\"a,b\",c", true, true, "a,b", "c", 0, 0},
    {"a name that is a number", "\"7\"", true, true, "7", "", 0, 0},
    {"a quote does not end", "\"a", true, false, "", "", 0, 0},
};

Test(columns, parse)
{
    FOR_ROWS (row, parse_rows) {
        struct columns columns;
        ROW_EQ(row, columns_parse(slice_text(row->text), row->names, &columns), row->good);
        if (!row->good) continue;
        ROW_BYTES_EQ(row, columns.key.name, row->key);
        ROW_BYTES_EQ(row, columns.value.name, row->value);
        ROW_EQ(row, columns.key.number, row->key_number);
        ROW_EQ(row, columns.value.number, row->value_number);
    }
}

static const struct name_row {
    const char *why;
    enum column_split split;
    const char *columns, *header;
    uint32_t key, value; /* 0: it is not there */
    const char *says;
} name_rows[] = {
    {"both are there", SPLIT_COMMAS, "b,a", "a,b", 2, 1, NULL},
    {"the first of two", SPLIT_COMMAS, "a", "x,a,a", 2, 0, NULL},
    {"quoted in the header", SPLIT_COMMAS, "\"a,b\"", "x,\"a,b\"", 2, 0, NULL},
    {"quotes in a name", SPLIT_COMMAS, "a \"b\"", "x,\"a \"\"b\"\"\"", 2, 0, NULL},
    {"a byte order mark in front", SPLIT_COMMAS, "a",
     "\xef\xbb\xbf"
     "a,b",
     1, 0, NULL},
    {"by tabs", SPLIT_TABS, "b c", "a\tb c", 2, 0, NULL},
    {"the key is not there", SPLIT_COMMAS, "c,a", "a,b", 0, 0,
     "csv: t.csv has no column \"c\"; its columns are: a, b"},
    {"the value is not there", SPLIT_COMMAS, "1,C", "\"a\"\"b\",c", 0, 0,
     "csv: t.csv has no column \"C\"; its columns are: a\"b, c"},
    {"no header", SPLIT_COMMAS, "a", "", 0, 0, "csv: t.csv has no column \"a\"; its columns are: "},
};

Test(columns, names)
{
    FOR_ROWS (row, name_rows) {
        struct columns columns;
        struct fault fault;
        cr_assert(columns_parse(slice_text(row->columns), true, &columns), "%s", row->why);
        columns.split = row->split;
        enum err err = columns_resolve(&columns, slice_text(row->header), SLICE("t.csv"), &fault);
        ROW_EQ(row, err, row->says == NULL ? ERR_OK : ERR_USAGE);
        if (row->says != NULL) {
            ROW_BYTES_EQ(row, slice_text(fault.text), row->says);
        } else {
            ROW_EQ(row, columns.key.number, row->key);
            ROW_EQ(row, columns.value.number, row->value);
        }
        columns_free(&columns);
    }
}

Test(columns, names_are_looked_up_again_in_another_header)
{
    struct columns columns;
    struct fault fault;
    cr_assert(columns_parse(SLICE("b"), true, &columns));
    columns.split = SPLIT_COMMAS;
    cr_expect_eq(columns_resolve(&columns, SLICE("a,b"), SLICE("1"), &fault), ERR_OK);
    cr_expect_eq(columns.key.number, 2);
    cr_expect_eq(columns_resolve(&columns, SLICE("b,a"), SLICE("2"), &fault), ERR_OK);
    cr_expect_eq(columns.key.number, 1);
    cr_expect_eq(columns_resolve(&columns, SLICE("c,a"), SLICE("3"), &fault), ERR_USAGE);
    cr_expect_eq(columns_resolve(&columns, SLICE("c,a"), SLICE("3"), &fault), ERR_USAGE);
    columns_free(&columns);
}

/* Random cells, written as RFC 4180 has it, come back. */
enum { CELLS_MAX = 6, CELL_BYTES_MAX = 6, ROUNDS = 5000 };

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*seed >> 33);
}

static void write_cell(struct buffer *out, const char *cell, bool quoted)
{
    if (quoted) buffer_append_byte(out, '"');
    for (const char *at = cell; *at != '\0'; at++) {
        if (*at == '"') buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)*at);
    }
    if (quoted) buffer_append_byte(out, '"');
}

Test(columns, what_was_quoted_comes_back)
{
    uint64_t seed = 4;
    for (int round = 0; round < ROUNDS; round++) {
        char cells[CELLS_MAX][CELL_BYTES_MAX + 1] = {{0}}, text[32];
        struct buffer record = {0};
        uint32_t count = 1 + next_random(&seed) % CELLS_MAX;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t len = next_random(&seed) % CELL_BYTES_MAX;
            for (uint32_t j = 0; j < len; j++) cells[i][j] = "ab,\"\n"[next_random(&seed) % 5];
            bool quoted = strpbrk(cells[i], ",\"\n") != NULL || next_random(&seed) % 4 == 0;
            if (i != 0) buffer_append_byte(&record, ',');
            write_cell(&record, cells[i], quoted);
        }
        uint32_t key = next_random(&seed) % count, value = next_random(&seed) % count;
        struct columns columns;
        struct map_pair pair = {0};
        (void)snprintf(text, sizeof text, "%u,%u", key + 1, value + 1);
        cr_assert(columns_parse(slice_text(text), false, &columns));
        columns.split = SPLIT_COMMAS;
        enum map_verdict verdict = columns_extract(&columns, buffer_slice(&record), &pair);
        cr_assert_eq(verdict, record.len == 0 ? MAP_SKIP : MAP_PAIR);
        cr_assert(slice_eq(pair.key, slice_text(cells[key])), "round %d", round);
        cr_assert(slice_eq(pair.value, slice_text(cells[value])), "round %d", round);
        columns_free(&columns);
        buffer_free(&record);
    }
}
