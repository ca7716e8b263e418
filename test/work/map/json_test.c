/* json_test.c -- values at paths in a JSON text. See json.h. */
#include <stdio.h>
#include <stdlib.h>

#include "test/rows.h"
#include "work/map/json.h"

/* What is found at the paths; NULL: nothing is. */
static const struct find_row {
    const char *why, *paths, *text, *first, *second;
} find_rows[] = {
    {"a member", "a", "{\"a\":1}", "1", NULL},
    {"a member of a member", "a.b", "{\"a\":{\"c\":1,\"b\":2}}", "2", NULL},
    {"a point in front", ".a.b", "{\"a\":{\"b\":2}}", "2", NULL},
    {"an element", "a[1]", "{\"a\":[1,2,3]}", "2", NULL},
    {"an element of the text", "[0]", "[1,2]", "1", NULL},
    {"a point before it", ".[1]", "[1,2]", "2", NULL},
    {"a member of an element", "items[0].id", "{\"items\":[{\"id\":\"x\"}]}", "x", NULL},
    {"an element of an element", "[1][0]", "[[1],[2]]", "2", NULL},
    {"a name in quotes", "[\"a.b\"].c", "{\"a.b\":{\"c\":3}}", "3", NULL},
    {"an empty name", "[\"\"]", "{\"\":1}", "1", NULL},
    {"the whole text", ".", " [1, 2] ", "[1, 2]", NULL},
    {"a number as the text", ".", "-1.5e+3", "-1.5e+3", NULL},
    {"two paths", "b,a", "{\"a\":1,\"b\":2}", "2", "1"},
    {"the same path twice", "a,a", "{\"a\":\"\\n\"}", "\n", "\n"},
    {"one inside the other", "a,a.b", "{\"a\":{\"b\":2}}", "{\"b\":2}", "2"},
    {"the second is missing", "a,c", "{\"a\":1,\"b\":2}", "1", NULL},
    {"the first is missing", "c,a", "{\"a\":1,\"b\":2}", NULL, "1"},
    {"a member of no object", "a.b", "{\"a\":[1]}", NULL, NULL},
    {"an element of no array", "a[0]", "{\"a\":{\"0\":1}}", NULL, NULL},
    {"an element past the end", "[2]", "[1,2]", NULL, NULL},
    {"a name that only starts so", "ab", "{\"a\":1,\"abc\":2}", NULL, NULL},
    {"a name deeper down", "b", "{\"a\":{\"b\":1}}", NULL, NULL},
    {"true", "a", "{\"a\":true}", "true", NULL},
    {"false", "a", "{\"a\" : false }", "false", NULL},
    {"null", "a", "{\"a\":null}", "null", NULL},
    {"an empty string", "a", "{\"a\":\"\"}", "", NULL},
    {"an empty object", "a", "{\"a\":{ }}", "{ }", NULL},
    {"an empty array", "a", "{\"a\":[]}", "[]", NULL},
    {"the last of two counts", "a", "{\"a\":1,\"a\":2}", "2", NULL},
    {"space everywhere", "a[1]", " {\t\"a\" :\r\n[ 1 , 2 ] } ", "2", NULL},
    {"the short escapes", ".", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", NULL},
    {"an escape of one byte", ".", "\"\\u0041\"", "A", NULL},
    {"an escape of two bytes", ".", "\"\\u00e9\"", "\xc3\xa9", NULL},
    {"an escape of three bytes", ".", "\"\\u20AC\"", "\xe2\x82\xac", NULL},
    {"a pair of surrogates", ".", "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", NULL},
    {"a high surrogate alone", ".", "\"\\ud83dx\"", "\xef\xbf\xbdx", NULL},
    {"a low surrogate alone", ".", "\"\\ude00\"", "\xef\xbf\xbd", NULL},
    {"two high surrogates", ".", "\"\\ud83d\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd", NULL},
    {"a high surrogate and a letter", ".", "\"\\ud83d\\u0041\"",
     "\xef\xbf\xbd"
     "A",
     NULL},
    {"an escape in a name", "a", "{\"\\u0061\":1}", "1", NULL},
    {"a long string", ".", "\"0123456789abcdef\\u00410123456789\"", "0123456789abcdefA0123456789",
     NULL},
    {"bytes over 127", ".",
     "\"gr\xc3\xbc\xc3\x9f"
     "e\xff\"",
     "gr\xc3\xbc\xc3\x9f"
     "e\xff",
     NULL},
};

static bool find(const char *paths, struct slice text, struct json_query *query,
                 struct slice found[JSON_PATHS_MAX], const char **why)
{
    size_t at;
    cr_assert(json_query_parse(slice_text(paths), query, &at, why), "%s at %zu: %s", paths, at,
              *why);
    return json_find(query, text, found, why);
}

Test(json, find)
{
    FOR_ROWS (row, find_rows) {
        struct json_query query;
        struct slice found[JSON_PATHS_MAX];
        const char *why;
        ROW_EQ(row, find(row->paths, slice_text(row->text), &query, found, &why), true);
        const char *want[] = {row->first, row->second};
        for (size_t i = 0; i < COUNT_OF(want); i++) {
            ROW_EQ(row, found[i].data != NULL, want[i] != NULL);
            if (found[i].data != NULL && want[i] != NULL) ROW_BYTES_EQ(row, found[i], want[i]);
        }
        json_query_free(&query);
    }
}

static const struct broken_row {
    const char *why, *text, *says;
} broken_rows[] = {
    {"nothing", "", "broken JSON: a value is missing"},
    {"blanks", "  ", "broken JSON: a value is missing"},
    {"bytes behind", "{} x", "broken JSON: bytes behind its end"},
    {"two texts", "{}{}", "broken JSON: bytes behind its end"},
    {"an object without end", "{\"a\":1", "broken JSON: an object wants a , or }"},
    {"an object with nothing behind a comma", "{\"a\":1,}",
     "broken JSON: an object wants a name in quotes"},
    {"a name without quotes", "{a:1}", "broken JSON: an object wants a name in quotes"},
    {"no colon", "{\"a\" 1}", "broken JSON: a : is missing"},
    {"no value", "{\"a\":}", "broken JSON: a value is missing"},
    {"the wrong end", "[1}", "broken JSON: an array wants a , or ]"},
    {"an array with nothing behind a comma", "[1,]", "broken JSON: a value is missing"},
    {"an array without end", "[", "broken JSON: a value is missing"},
    {"a word that is none", "nil", "broken JSON: an unknown word"},
    {"a word cut short", "tru", "broken JSON: an unknown word"},
    {"a word that goes on", "truee", "broken JSON: bytes behind its end"},
    {"a zero in front", "01", "broken JSON: bytes behind its end"},
    {"a plus", "+1", "broken JSON: a value is missing"},
    {"a minus alone", "-", "broken JSON: a number wants a digit"},
    {"nothing behind the point", "1.", "broken JSON: a number wants a digit"},
    {"nothing in the exponent", "1e+", "broken JSON: a number wants a digit"},
    {"a string without end", "\"abc", "broken JSON: a string does not end"},
    {"a string that ends in an escape", "\"abc\\", "broken JSON: a string does not end"},
    {"a string whose quote is escaped", "\"abc\\\"", "broken JSON: a string does not end"},
    {"a line end in a string", "\"a\nb\"", "broken JSON: a control byte in a string"},
    {"one in a long string", "\"0123456789abcdef\x1f\"", "broken JSON: a control byte in a string"},
    {"an unknown escape", "\"\\x41\"", "broken JSON: an escape in a string is none"},
    {"an escape cut short", "\"\\u004\"", "broken JSON: an escape in a string is none"},
    {"an escape with no digit", "\"\\u00g0\"", "broken JSON: an escape in a string is none"},
};

Test(json, broken)
{
    FOR_ROWS (row, broken_rows) {
        struct json_query query;
        struct slice found[JSON_PATHS_MAX];
        const char *why = "";
        size_t len = strlen(row->text);
        char *text = malloc(len); /* without a byte to spare */
        memcpy(text, row->text, len);
        ROW_EQ(row, find("a,b[0]", slice_of(text, len), &query, found, &why), false);
        ROW_BYTES_EQ(row, slice_text(why), row->says);
        json_query_free(&query);
        free(text);
    }
}

Test(json, nesting_has_a_limit)
{
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct json_query query;
        struct slice found[JSON_PATHS_MAX];
        struct buffer text = {0};
        const char *why;
        for (int i = 0; i < depth; i++) buffer_append_byte(&text, '[');
        for (int i = 0; i < depth; i++) buffer_append_byte(&text, ']');
        cr_expect_eq(find(".", buffer_slice(&text), &query, found, &why), depth <= JSON_DEPTH_MAX);
        json_query_free(&query);
        buffer_free(&text);
    }
}

static const struct path_row {
    const char *why, *path;
    size_t at;
    const char *says;
} path_rows[] = {
    {"nothing", "", 0, "a path is missing"},
    {"no second path", "a,", 2, "a path is missing"},
    {"no first path", ",a", 0, "a path is missing"},
    {"a third path", "a,b,c", 3, "a third path"},
    {"a point at the end", "a.", 2, "a name is missing"},
    {"two points", "a..b", 2, "a name is missing"},
    {"a byte that no plain name has", "a b", 1,
     "a . or [ is missing, or the name needs [\"quotes\"]"},
    {"no index", "a[]", 2, "[ wants an index or a name in quotes"},
    {"a star", "a[*]", 2, "[ wants an index or a name in quotes"},
    {"no end of the index", "a[1", 3, "a ] is missing"},
    {"no end of the name", "a[\"b]", 5, "the closing quote is missing"},
    {"a large index", "a[99999999999]", 12, "the index is too large"},
};

Test(json, wrong_paths)
{
    FOR_ROWS (row, path_rows) {
        struct json_query query;
        size_t at;
        const char *why;
        ROW_EQ(row, json_query_parse(slice_text(row->path), &query, &at, &why), false);
        ROW_EQ(row, at, row->at);
        ROW_BYTES_EQ(row, slice_text(why), row->says);
    }
}

Test(json, a_path_has_a_limited_number_of_steps)
{
    struct json_query query;
    struct buffer path = {0};
    size_t at;
    const char *why;
    for (int i = 0; i < JSON_STEPS_MAX; i++) buffer_append(&path, SLICE(".a"));
    cr_expect(json_query_parse(buffer_slice(&path), &query, &at, &why));
    buffer_append(&path, SLICE(".a"));
    cr_expect(!json_query_parse(buffer_slice(&path), &query, &at, &why));
    cr_expect_str_eq(why, "the path has too many steps");
    buffer_free(&path);
}

/* A random text, written together with what lies at a random path into it. */
struct maker {
    uint64_t seed;
    struct buffer text, path, value;
};

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*seed >> 33);
}

static void make_value(struct maker *maker, int depth, bool target);

/* The member or element number `i`; `chosen`: the path goes through it. */
static void make_inner(struct maker *maker, int depth, uint32_t i, bool object, bool chosen)
{
    if (i != 0) buffer_append(&maker->text, SLICE(" , "));
    if (object) buffer_append_format(&maker->text, "\"k%u\": ", i);
    if (chosen) buffer_append_format(&maker->path, object ? ".k%u" : "[%u]", i);
    make_value(maker, depth + 1, chosen);
}

static void make_nested(struct maker *maker, int depth, bool target)
{
    bool object = next_random(&maker->seed) % 2 == 0;
    uint32_t count = 1 + next_random(&maker->seed) % 3, chosen = next_random(&maker->seed) % count;
    buffer_append(&maker->text, object ? SLICE("{ ") : SLICE("[ "));
    for (uint32_t i = 0; i < count; i++) make_inner(maker, depth, i, object, target && i == chosen);
    buffer_append(&maker->text, object ? SLICE("}") : SLICE("]"));
}

static void make_value(struct maker *maker, int depth, bool target)
{
    if (depth < 5 && (depth == 0 || next_random(&maker->seed) % 2 == 0)) {
        make_nested(maker, depth, target);
        return;
    }
    uint32_t number = next_random(&maker->seed);
    bool string = number % 2 == 0;
    const char *format = string ? "\"v\\t%u\"" : "%u";
    buffer_append_format(&maker->text, format, number);
    if (target) buffer_append_format(&maker->value, string ? "v\t%u" : "%u", number);
}

Test(json, random_values_are_found)
{
    struct maker maker = {.seed = 5};
    for (int round = 0; round < 5000; round++) {
        buffer_clear(&maker.text);
        buffer_clear(&maker.path);
        buffer_clear(&maker.value);
        make_value(&maker, 0, true);
        buffer_append_byte(&maker.path, '\0');
        struct json_query query;
        struct slice found[JSON_PATHS_MAX];
        const char *why;
        cr_assert(find((char *)maker.path.data, buffer_slice(&maker.text), &query, found, &why));
        cr_assert(slice_eq(found[0], buffer_slice(&maker.value)), "%s in %.*s",
                  (char *)maker.path.data, (int)maker.text.len, (char *)maker.text.data);
        /* Cut anywhere, it is broken. */
        size_t cut = next_random(&maker.seed) % maker.text.len;
        cr_assert(!json_find(&query, slice_of(maker.text.data, cut), found, &why));
        json_query_free(&query);
    }
    buffer_free(&maker.text);
    buffer_free(&maker.path);
    buffer_free(&maker.value);
}
