/*
 * csv_fields_fuzz.c -- strangers' records, column lists and headers. The input's first line is a
 * column list where it parses as one and the second a header; the rest is a record.
 */
#include "work/map/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take_line(struct slice *rest)
{
    const uint8_t *line_end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    size_t len = line_end == NULL ? rest->len : (size_t)(line_end - rest->data);
    struct slice line = slice_of(rest->data, len);
    *rest = slice_from(*rest, line_end == NULL ? len : len + 1);
    return line;
}

static void extract(struct slice list, struct slice header, struct slice record,
                    enum column_split split)
{
    struct columns columns;
    struct fault fault;
    struct map_pair pair = {0};
    if (!columns_parse(list, true, &columns)) return;
    columns.split = split;
    columns.missing_text = "it has no such column";
    if (columns_resolve(&columns, header, SLICE("fuzz"), &fault) == ERR_OK) {
        switch (columns_extract(&columns, record, &pair)) {
        case MAP_PAIR:
            ASSERT(pair.key.len <= record.len);
            ASSERT(pair.value.len <= record.len);
            break;
        case MAP_SKIP: break;
        case MAP_BAD: ASSERT(pair.why != NULL); break;
        }
    }
    columns_free(&columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    struct slice list = take_line(&rest), header = take_line(&rest);
    for (enum column_split split = SPLIT_BLANKS; split <= SPLIT_COMMAS; split++) {
        extract(list, header, rest, split);
        extract(SLICE("1,3"), header, slice_of(data, size), split);
    }
    return 0;
}
