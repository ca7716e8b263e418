/* json_path.c -- paths into JSON, and the operator `json`. See json.h. */
#include "work/map/map_impl.h"

enum { INDEX_MAX = 1000000000, SHOWN_BYTES_MAX = 200 };

struct path_text {
    struct slice text;
    size_t at;
    const char *why;
};

static bool next_is(const struct path_text *path, char byte)
{
    return path->at < path->text.len && path->text.data[path->at] == (uint8_t)byte;
}

static bool take(struct path_text *path, char byte)
{
    if (!next_is(path, byte)) return false;
    path->at++;
    return true;
}

static bool refuse(struct path_text *path, const char *why)
{
    path->why = why;
    return false;
}

static bool is_name_byte(uint8_t byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    return letter || (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte >= 0x80;
}

static bool take_name(struct path_text *path, struct json_step *step)
{
    size_t start = path->at;
    while (path->at < path->text.len && is_name_byte(path->text.data[path->at])) path->at++;
    step->name = slice_of(path->text.data + start, path->at - start);
    return path->at > start || refuse(path, "a name is missing");
}

/* Behind a "[": an index or a name in quotes, and "]". */
static bool take_brackets(struct path_text *path, struct json_step *step)
{
    if (take(path, '"')) {
        size_t start = path->at;
        while (path->at < path->text.len && !next_is(path, '"')) path->at++;
        step->name = slice_of(path->text.data + start, path->at - start);
        if (!take(path, '"')) return refuse(path, "the closing quote is missing");
    } else {
        size_t start = path->at;
        while (path->at < path->text.len && path->text.data[path->at] >= '0' &&
               path->text.data[path->at] <= '9' && step->index <= INDEX_MAX) {
            step->index = step->index * 10 + (path->text.data[path->at++] - '0');
        }
        if (path->at == start) return refuse(path, "[ wants an index or a name in quotes");
        if (step->index > INDEX_MAX) return refuse(path, "the index is too large");
    }
    return take(path, ']') || refuse(path, "a ] is missing");
}

static bool take_path(struct path_text *text, struct json_path *path)
{
    bool dotted = take(text, '.');
    bool ended = text->at == text->text.len || next_is(text, ',');
    if (ended) return dotted || refuse(text, "a path is missing");
    for (; !ended; ended = text->at == text->text.len || next_is(text, ',')) {
        if (path->count == JSON_STEPS_MAX) return refuse(text, "the path has too many steps");
        struct json_step *step = &path->steps[path->count];
        bool brackets = take(text, '[');
        if (!brackets && path->count != 0 && !take(text, '.')) {
            return refuse(text, "a . or [ is missing, or the name needs [\"quotes\"]");
        }
        if (!(brackets ? take_brackets(text, step) : take_name(text, step))) return false;
        path->count++;
    }
    return true;
}

bool json_query_parse(struct slice text, struct json_query *query, size_t *at, const char **why)
{
    struct path_text path = {text, 0, ""};
    *query = (struct json_query){0};
    bool good;
    do {
        good = take_path(&path, &query->paths[query->count++]);
    } while (good && query->count < JSON_PATHS_MAX && take(&path, ','));
    if (good && path.at < text.len) good = refuse(&path, "a third path");
    *at = path.at;
    *why = path.why;
    return good;
}

void json_query_free(struct json_query *query)
{
    buffer_free(&query->scratch);
}

static enum err json_parse(struct map_operator *map, struct arena *arena,
                           const struct job_spec *spec, struct slice argument, struct fault *fault)
{
    (void)arena;
    (void)spec;
    size_t at;
    const char *why;
    if (map->rule.format == FORMAT_CSV || map->rule.format == FORMAT_TSV) {
        return fault_set(fault, ERR_USAGE, "json: reads --format json or lines, not csv or tsv");
    }
    if (json_query_parse(argument, &map->json, &at, &why)) return ERR_OK;
    return fault_set(fault, ERR_USAGE,
                     "json: wants json:PATH or json:PATH,PATH such as json:user.name or "
                     "json:items[0].id,price\n  %.*s\n  %*s^ %s",
                     (int)u64_min(argument.len, SHOWN_BYTES_MAX), (const char *)argument.data,
                     (int)u64_min(at, SHOWN_BYTES_MAX), "", why);
}

static enum map_verdict json_extract(struct map_operator *map, struct slice record,
                                     struct map_pair *pair)
{
    struct slice found[JSON_PATHS_MAX];
    if (!json_find(&map->json, record, found, &pair->why)) return MAP_BAD;
    if (found[0].data == NULL) return MAP_SKIP;
    pair->key = found[0];
    if (map->json.count > 1 && found[1].data != NULL) pair->value = found[1];
    return MAP_PAIR;
}

static bool json_gives_values(const struct map_operator *map)
{
    return map->json.count > 1;
}

static void json_free(struct map_operator *map)
{
    json_query_free(&map->json);
}

const struct map_type map_json_type = {
    .parse = json_parse,
    .extract = json_extract,
    .gives_values = json_gives_values,
    .free = json_free,
};
