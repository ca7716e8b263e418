/* reduce_child_test.c -- sorted pairs through commands and plug-ins, and what comes back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/rows.h"
#include "test/work/child/child_fixture.h"
#include "work/child/reduce_child.h"

/* A sink that writes "key=value;". */
struct text_sink {
    struct sink sink; /* first */
    struct buffer text;
};

static enum err text_begin(struct sink *sink, struct slice key, struct fault *fault)
{
    (void)fault;
    buffer_append(&((struct text_sink *)sink)->text, key);
    buffer_append_byte(&((struct text_sink *)sink)->text, '=');
    return ERR_OK;
}

static enum err text_append(struct sink *sink, struct slice bytes, struct fault *fault)
{
    (void)fault;
    buffer_append(&((struct text_sink *)sink)->text, bytes);
    return ERR_OK;
}

static enum err text_end(struct sink *sink, struct fault *fault)
{
    (void)fault;
    buffer_append_byte(&((struct text_sink *)sink)->text, ';');
    return ERR_OK;
}

/* Pairs "key=value;" through `command` into `out`. */
static enum err reduce(const char *command, const char *pairs, struct text_sink *out,
                       struct fault *fault)
{
    char *host = child_fixture_beside("test/fixtures/plugin_host");
    struct job_spec spec = {.record_bytes_max = 100};
    struct task_environment task = {.job_id = SLICE("job_1"), .partition = 4};
    struct reduce_child_config config = {.spec = &spec,
                                         .command = slice_text(command),
                                         .task = &task,
                                         .sink = &out->sink,
                                         .host = host};
    struct reduce_child *child = NULL;
    enum err err = reduce_child_start(&config, &child, fault);
    while (err == ERR_OK && *pairs != '\0') {
        const char *equal = strchr(pairs, '='), *end = strchr(pairs, ';');
        err = reduce_child_put(child, slice_of(pairs, (size_t)(equal - pairs)),
                               slice_of(equal + 1, (size_t)(end - equal) - 1), fault);
        pairs = end + 1;
    }
    if (err == ERR_OK) err = reduce_child_finish(child, fault);
    reduce_child_free(child);
    free(host);
    return err;
}

/* clang-format off */
static const struct reduce_row {
    const char *why, *command, *pairs, *want;
    enum err err;
    const char *want_fault;
} rows[] = {
    {"what goes in comes out",   "cmd:cat", "a=1;a=2;b=;", "a=1;a=2;b=;", ERR_OK, ""},
    {"groups are summed",
     "cmd:awk -F'\\t' '{s[$1]+=$2} END {for (k in s) print k\"\\t\"s[k]}'",
     "a=1;a=2;", "a=3;", ERR_OK, ""},
    {"no pairs at all",          "cmd:wc -l | tr -d ' '", "", "0=;", ERR_OK, ""},
    {"it knows its partition",   "cmd:cat > /dev/null; printf \"$mapreduce_task_partition\"",
     "a=1;", "4=;", ERR_OK, ""},
    {"a status fails it",        "cmd:cat > /dev/null; exit 2", "a=1;", "", ERR_CHILD_FAILED,
     "command `cat > /dev/null; exit 2` exited with status 2"},
    {"a line over the limit",    "cmd:head -c 300 /dev/zero | tr '\\0' x", "a=1;", "", ERR_TOO_LONG,
     "it wrote a line longer than 100 bytes"},
    {"an empty command",         "cmd:", "", "", ERR_USAGE, "names no command"},
};
/* clang-format on */

static void check(const struct reduce_row *row)
{
    struct text_sink out = {.sink = {text_begin, text_append, text_end}};
    struct fault fault = {0};
    ROW_EQ(row, reduce(row->command, row->pairs, &out, &fault), row->err);
    ROW_BYTES_EQ(row, buffer_slice(&out.text), row->want);
    cr_expect(strstr(fault.text, row->want_fault) != NULL, "%s: %s", row->why, fault.text);
    buffer_free(&out.text);
}

Test(reduce_child, rows, .timeout = 30)
{
    FOR_ROWS (row, rows) check(row);
    cr_expect_not(child_fixture_has_children());
}

Test(reduce_child, of_a_plugin)
{
    char *path = child_fixture_beside("test/fixtures/words_plugin.so"), *command = NULL;
    cr_assert_gt(asprintf(&command, "so:%s", path), 0);
    struct reduce_row row = {"a plug-in gets groups", command, "a=1;a=22;b=3;",
                             "a=2/3;b=1/1;",          ERR_OK,  ""};
    check(&row);
    free(path);
    free(command);
}

Test(reduce_child, gets_more_than_any_pipe_holds, .timeout = 60)
{
    enum { PAIRS = 200000 };
    struct buffer pairs = {0}, want = {0};
    for (int i = 0; i < PAIRS; i++) buffer_append_format(&pairs, "key%d=some value %d;", i / 3, i);
    buffer_append(&want, buffer_slice(&pairs));
    buffer_append_byte(&pairs, '\0');
    buffer_append_byte(&want, '\0');
    struct reduce_row row = {
        "many pairs", "cmd:cat", (const char *)pairs.data, (const char *)want.data, ERR_OK, ""};
    check(&row);
    buffer_free(&pairs);
    buffer_free(&want);
}
