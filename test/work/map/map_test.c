/* map_test.c -- map operators by name: what a person may write, and what is said otherwise. */
#include "test/rows.h"
#include "work/map/map.h"

static const struct name_row {
    const char *why, *map;
    enum record_format format;
    enum header_mode header;
    enum err err;
    const char *says; /* the start of the fault's text */
} rows[] = {
    {"words", "words", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"line", "line", FORMAT_FIXED, HEADER_AUTO, ERR_OK, ""},
    {"field", "field:1,2", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"csv by lines", "csv:1,2", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"csv by name", "csv:a,b", FORMAT_TSV, HEADER_AUTO, ERR_OK, ""},
    {"json", "json:a.b,c[0]", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"a regex with a colon", "regex:(\\d+):", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"a command", "cmd:cat", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"a plug-in", "so:./a.so", FORMAT_LINES, HEADER_AUTO, ERR_OK, ""},
    {"a command without a command", "cmd:", FORMAT_LINES, HEADER_AUTO, ERR_USAGE,
     "--map cmd: wants cmd:COMMAND ("},
    {"a plug-in without a file", "so", FORMAT_LINES, HEADER_AUTO, ERR_USAGE,
     "--map so: wants so:FILE ("},
    {"an argument too many", "words:3", FORMAT_LINES, HEADER_AUTO, ERR_USAGE,
     "--map words: takes nothing behind a colon, not \"3\""},
    {"a misspelt name", "wrods", FORMAT_LINES, HEADER_AUTO, ERR_USAGE,
     "--map: there is no operator \"wrods\"; did you mean words?\n  the operators are: words, "
     "line, "
     "field:K[,V], csv:KEYCOL[,VALCOL], json:PATH[,PATH], regex:RE, cmd:COMMAND, so:FILE\n"},
    {"nothing", "", FORMAT_LINES, HEADER_AUTO, ERR_USAGE, "--map: there is no operator \"\"\n"},
    {"a field that is no number", "field:x", FORMAT_LINES, HEADER_AUTO, ERR_USAGE,
     "field: wants field:K or field:K,V with K and V column numbers from 0 (the whole record) to "
     "1000000, not \"x\""},
    {"three columns", "csv:a,b,c", FORMAT_CSV, HEADER_AUTO, ERR_USAGE, "csv: wants csv:KEYCOL or"},
    {"csv of json", "csv:1", FORMAT_JSON, HEADER_AUTO, ERR_USAGE, "csv: reads --format csv or"},
    {"names without a header", "csv:a", FORMAT_CSV, HEADER_NO, ERR_USAGE,
     "csv: without a header, columns have no names"},
    {"json of csv", "json:a", FORMAT_CSV, HEADER_AUTO, ERR_USAGE, "json: reads --format json"},
    {"a broken path", "json:a..b", FORMAT_LINES, HEADER_AUTO, ERR_USAGE,
     "json: wants json:PATH or json:PATH,PATH such as json:user.name or json:items[0].id,price\n"
     "  a..b\n    ^ a name is missing"},
    {"a broken regex", "regex:(", FORMAT_LINES, HEADER_AUTO, ERR_USAGE, "regex: missing closing"},
};

Test(map, names)
{
    FOR_ROWS (row, rows) {
        struct arena *arena = arena_new();
        struct job_spec spec = {
            .map = slice_text(row->map), .format = row->format, .header = row->header};
        struct map_operator *map;
        struct fault fault = {0};
        ROW_EQ(row, map_new(arena, &spec, &map, &fault), row->err);
        bool native = row->err == ERR_OK && !map_is_child(&spec);
        ROW_EQ(row, map != NULL, native);
        cr_expect(slice_starts_with(slice_text(fault.text), slice_text(row->says)),
                  "%s: says \"%s\"", row->why, fault.text);
        map_free(map);
        arena_free(arena);
    }
}

static const struct spec_row {
    const char *why, *map;
    enum record_format format;
    enum header_mode header;
    enum record_format implied;
    bool wants_header, child;
} spec_rows[] = {
    {"words", "words", FORMAT_LINES, HEADER_AUTO, FORMAT_LINES, false, false},
    {"words with a header", "words", FORMAT_CSV, HEADER_YES, FORMAT_CSV, true, false},
    {"csv by number", "csv:1,2", FORMAT_LINES, HEADER_AUTO, FORMAT_CSV, false, false},
    {"csv by number, with a header", "csv:1,2", FORMAT_LINES, HEADER_YES, FORMAT_CSV, true, false},
    {"csv, the key by name", "csv:a,2", FORMAT_LINES, HEADER_AUTO, FORMAT_CSV, true, false},
    {"csv, the value by name", "csv:1,b", FORMAT_LINES, HEADER_AUTO, FORMAT_CSV, true, false},
    {"csv of tabs", "csv:a", FORMAT_TSV, HEADER_AUTO, FORMAT_TSV, true, false},
    {"json", "json:a", FORMAT_LINES, HEADER_AUTO, FORMAT_JSON, false, false},
    {"a command", "cmd:csv:a", FORMAT_LINES, HEADER_AUTO, FORMAT_LINES, false, true},
    {"a plug-in", "so:x", FORMAT_LINES, HEADER_AUTO, FORMAT_LINES, false, true},
    {"a name that starts so", "cmdx:a", FORMAT_LINES, HEADER_AUTO, FORMAT_LINES, false, false},
};

Test(map, specs)
{
    FOR_ROWS (row, spec_rows) {
        struct job_spec spec = {
            .map = slice_text(row->map), .format = row->format, .header = row->header};
        ROW_EQ(row, map_implied_format(&spec), row->implied);
        ROW_EQ(row, map_wants_header(&spec), row->wants_header);
        ROW_EQ(row, map_is_child(&spec), row->child);
    }
}
