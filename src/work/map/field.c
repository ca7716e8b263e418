/* field.c -- the operators `line`, `field` and `csv`: whole records and columns. See columns.h. */
#include "work/map/map_impl.h"

enum { SHOWN_BYTES_MAX = 80 };

static enum map_verdict line_extract(struct map_operator *map, struct slice record,
                                     struct map_pair *pair)
{
    (void)map;
    pair->key = record;
    return MAP_PAIR;
}

const struct map_type map_line_type = {.extract = line_extract};

static enum map_verdict extract(struct map_operator *map, struct slice record,
                                struct map_pair *pair)
{
    return columns_extract(&map->columns, record, pair);
}

static bool gives_values(const struct map_operator *map)
{
    return map->columns.has_value;
}

static void free_columns(struct map_operator *map)
{
    columns_free(&map->columns);
}

/* Of records in CSV and TSV, fields are the columns; of others, what blanks part. */
static enum column_split split_of(enum record_format format)
{
    switch (format) {
    case FORMAT_CSV: return SPLIT_COMMAS;
    case FORMAT_TSV: return SPLIT_TABS;
    case FORMAT_LINES:
    case FORMAT_JSON:
    case FORMAT_FIXED: break;
    }
    return SPLIT_BLANKS;
}

static void finish_parse(struct map_operator *map, struct arena *arena)
{
    struct columns *columns = &map->columns;
    columns->split = split_of(map->rule.format);
    columns->missing_text =
        columns->key.name.len == 0
            ? arena_format(arena, "it has no column %u", columns->key.number)
            : arena_format(arena, "it has no column \"%.*s\"", (int)columns->key.name.len,
                           (const char *)columns->key.name.data);
}

static enum err field_parse(struct map_operator *map, struct arena *arena,
                            const struct job_spec *spec, struct slice argument, struct fault *fault)
{
    (void)spec;
    if (!columns_parse(argument, false, &map->columns)) {
        return fault_set(fault, ERR_USAGE,
                         "field: wants field:K or field:K,V with K and V column numbers from 0 "
                         "(the whole record) to %d, not \"%.*s\"",
                         COLUMN_NUMBER_MAX, (int)u64_min(argument.len, SHOWN_BYTES_MAX),
                         (const char *)argument.data);
    }
    finish_parse(map, arena);
    return ERR_OK;
}

const struct map_type map_field_type = {
    .parse = field_parse,
    .extract = extract,
    .gives_values = gives_values,
    .free = free_columns,
};

static enum err csv_parse(struct map_operator *map, struct arena *arena,
                          const struct job_spec *spec, struct slice argument, struct fault *fault)
{
    if (!columns_parse(argument, true, &map->columns)) {
        return fault_set(fault, ERR_USAGE,
                         "csv: wants csv:KEYCOL or csv:KEYCOL,VALCOL, each the name of a column or "
                         "its number from 1 to %d (0: the whole record; a name with a comma in "
                         "quotes), not \"%.*s\"",
                         COLUMN_NUMBER_MAX, (int)u64_min(argument.len, SHOWN_BYTES_MAX),
                         (const char *)argument.data);
    }
    if (map->rule.format != FORMAT_CSV && map->rule.format != FORMAT_TSV) {
        return fault_set(fault, ERR_USAGE, "csv: reads --format csv or --format tsv only");
    }
    if (columns_named(&map->columns) && spec->header == HEADER_NO) {
        return fault_set(fault, ERR_USAGE,
                         "csv: without a header, columns have no names; name them by number "
                         "(csv:1,2), or leave the header option out");
    }
    finish_parse(map, arena);
    return ERR_OK;
}

static enum err csv_prepare(struct map_operator *map, const struct block *block,
                            struct fault *fault)
{
    return columns_resolve(&map->columns, block->header, block->path, fault);
}

const struct map_type map_csv_type = {
    .parse = csv_parse,
    .prepare = csv_prepare,
    .extract = extract,
    .gives_values = gives_values,
    .free = free_columns,
};
