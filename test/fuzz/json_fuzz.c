/*
 * json_fuzz.c -- strangers' JSON and strangers' paths. The input up to its first line end is a
 * query where it parses as one, and the rest is the text; what is found is never longer than it.
 */
#include "work/map/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find_in(struct slice paths, struct slice text)
{
    struct json_query query;
    struct slice found[JSON_PATHS_MAX];
    size_t at;
    const char *why;
    bool good = json_query_parse(paths, &query, &at, &why);
    ASSERT(at <= paths.len);
    if (good && json_find(&query, text, found, &why)) {
        for (size_t i = 0; i < JSON_PATHS_MAX; i++) {
            ASSERT(found[i].len <= text.len);
            ASSERT(found[i].data == NULL || i < query.count);
        }
    }
    json_query_free(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    const uint8_t *line_end = size == 0 ? NULL : memchr(data, '\n', size);
    find_in(SLICE("a.b[1],[\"c\"]"), input);
    if (line_end == NULL) return 0;
    size_t len = (size_t)(line_end - data);
    find_in(slice_of(data, len), slice_from(input, len + 1));
    return 0;
}
