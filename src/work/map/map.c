/* map.c -- map operators by name, and the loop that drives them. See map.h. */
#include <stdio.h>

#include "work/map/map_impl.h"

static const struct operator_row rows[] = {
#define MAP_NATIVE(name, argument, help) {#name, argument, help},
#define MAP_CHILD(name, argument, help)  {#name, argument, help},
#include "work/map/map.def"
#undef MAP_NATIVE
#undef MAP_CHILD
};

static const struct map_type *const types[] = {
#define MAP_NATIVE(name, argument, help) &map_##name##_type,
#define MAP_CHILD(name, argument, help)  NULL,
#include "work/map/map.def"
#undef MAP_NATIVE
#undef MAP_CHILD
};

enum { WHY_BYTES_MAX = 256 };

enum err map_new(struct arena *arena, const struct job_spec *spec, struct map_operator **map,
                 struct fault *fault)
{
    size_t row;
    struct slice argument;
    *map = NULL;
    enum err err = operator_find(rows, COUNT_OF(rows), "map", spec->map, &row, &argument, fault);
    if (err != ERR_OK || types[row] == NULL) return err;

    struct map_operator *made = ARENA_NEW(arena, struct map_operator);
    made->type = types[row];
    made->rule = (struct record_rule){map_implied_format(spec), spec->fixed_bytes};
    if (made->type->parse != NULL) {
        err = made->type->parse(made, arena, spec, arena_copy(arena, argument), fault);
        if (err != ERR_OK) return err;
    }
    *map = made;
    return ERR_OK;
}

void map_free(struct map_operator *map)
{
    if (map != NULL && map->type->free != NULL) map->type->free(map);
}

bool map_gives_values(const struct map_operator *map)
{
    return map->type->gives_values != NULL && map->type->gives_values(map);
}

bool map_is_child(const struct job_spec *spec)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (types[i] == NULL && operator_is(spec->map, rows[i].name)) return true;
    }
    return false;
}

bool map_wants_header(const struct job_spec *spec)
{
    switch (spec->header) {
    case HEADER_YES: return true;
    case HEADER_NO: return false;
    case HEADER_AUTO: break;
    }
    struct columns columns;
    struct slice name = SLICE("csv:");
    return slice_starts_with(spec->map, name) &&
           columns_parse(slice_from(spec->map, name.len), true, &columns) &&
           columns_named(&columns);
}

enum record_format map_implied_format(const struct job_spec *spec)
{
    if (spec->format != FORMAT_LINES) return spec->format;
    if (operator_is(spec->map, "csv")) return FORMAT_CSV;
    if (operator_is(spec->map, "json")) return FORMAT_JSON;
    return FORMAT_LINES;
}

enum err map_bad(const struct map_run *run, const uint8_t *at, const char *why)
{
    char copy[WHY_BYTES_MAX]; /* `why` may be the text of the fault that is filled now */
    (void)snprintf(copy, sizeof copy, "%.255s", why);
    return bad_record(run->bad, run->block, at, run->fault, "%s", copy);
}

/* All pairs of one record. */
static enum err map_record(struct map_operator *map, const struct map_run *run, struct slice record)
{
    struct map_pair pair = {0};
    enum err err = ERR_OK;
    do {
        pair.more = false;
        switch (map->type->extract(map, record, &pair)) {
        case MAP_PAIR: err = map_emit(run, record.data, pair.key, pair.value); break;
        case MAP_SKIP: break;
        case MAP_BAD: err = map_bad(run, record.data, pair.why); break;
        }
    } while (pair.more && err == ERR_OK);
    return err;
}

enum err map_block(struct map_operator *map, const struct block *block, struct collector *out,
                   struct bad_records *bad, uint64_t *records, struct fault *fault)
{
    const struct map_run run = {block, out, bad, records, fault};
    enum err err = ERR_OK;
    if (map->type->prepare != NULL) err = map->type->prepare(map, block, fault);
    if (err != ERR_OK || map->type->block != NULL) {
        return err == ERR_OK ? map->type->block(map, &run) : err;
    }
    struct slice rest = block->bytes, record;
    while (err == ERR_OK && record_next(&map->rule, &rest, &record)) {
        ++*records;
        err = map_record(map, &run, record);
    }
    return err;
}
