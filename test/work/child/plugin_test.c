/* plugin_test.c -- plug-ins in their host: good ones, one that crashes, and what is no plug-in. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "test/rows.h"
#include "test/work/child/child_fixture.h"
#include "work/child/frames.h"

static struct child_result run(const char *stage, const char *plugin, struct slice input)
{
    char *host = child_fixture_beside("test/fixtures/plugin_host");
    char *path = child_fixture_beside(plugin);
    const char *argv[] = {host, "plugin-host", stage, path, "1000000", NULL};
    struct child_result result = child_fixture_run(argv, input, 100);
    free(host);
    free(path);
    return result;
}

/* The pairs as "key=value;". */
static struct buffer pairs_of(const struct child_result *result)
{
    struct slice rest = buffer_slice(&result->output), key, value;
    struct buffer text = {0};
    struct fault fault;
    bool got = rest.len > 0;
    while (got && frame_take_pair(&rest, 1000000, &key, &value, &got, &fault) == ERR_OK && got) {
        buffer_append(&text, key);
        buffer_append_byte(&text, '=');
        buffer_append(&text, value);
        buffer_append_byte(&text, ';');
    }
    cr_expect_eq(rest.len, 0);
    return text;
}

static struct buffer records(const char *const *texts)
{
    struct buffer frames = {0};
    for (; *texts != NULL; texts++) frame_put_record(&frames, slice_text(*texts));
    return frames;
}

static const char *const three[] = {"to be or", "", "not to be", NULL};

Test(plugin, maps_records)
{
    struct buffer input = records(three);
    struct child_result result = run("map", "test/fixtures/words_plugin.so", buffer_slice(&input));
    struct buffer pairs = pairs_of(&result);
    uint32_t count;
    cr_assert_eq(result.err, ERR_OK, "%s", result.fault.text);
    cr_expect(slice_eq(buffer_slice(&pairs), SLICE("to=1;be=1;or=1;not=1;to=1;be=1;")));
    const struct child_counter *counters = child_counters(result.child, &count);
    cr_assert_eq(count, 1);
    cr_expect_eq(counters[0].amount, 3);
    cr_expect(slice_eq(child_status(result.child), SLICE("closing")));
    child_result_free(&result);
    buffer_free(&input);
    buffer_free(&pairs);
}

Test(plugin, reduces_groups_and_passes_over_what_is_not_asked_for)
{
    struct buffer input = {0}, large = {0};
    memset(buffer_reserve(&large, 700000), 'v', 700000);
    large.len = 700000;
    frame_put_pair(&input, SLICE(""), SLICE("12"));
    for (int i = 0; i < 1000; i++) frame_put_pair(&input, SLICE("-skip"), SLICE("some value"));
    for (int i = 0; i < 3; i++) frame_put_pair(&input, SLICE("a"), SLICE("x"));
    frame_put_pair(&input, SLICE("b"), buffer_slice(&large));
    frame_put_pair(&input, SLICE("b"), SLICE(""));
    struct child_result result =
        run("reduce", "test/fixtures/words_plugin.so", buffer_slice(&input));
    struct buffer pairs = pairs_of(&result);
    cr_assert_eq(result.err, ERR_OK, "%s", result.fault.text);
    cr_expect(slice_eq(buffer_slice(&pairs), SLICE("=1/2;a=3/3;b=2/700000;")));
    child_result_free(&result);
    buffer_free(&input);
    buffer_free(&large);
    buffer_free(&pairs);
}

Test(plugin, may_emit_much_for_little, .timeout = 30)
{
    struct buffer input = records(three);
    struct child_result result = run("map", "test/fixtures/flood_plugin.so", buffer_slice(&input));
    cr_assert_eq(result.err, ERR_OK, "%s", result.fault.text);
    cr_expect_eq(result.output.len, 100000 * (8 + 12 + 0 + 12 + 9 + 12));
    child_result_free(&result);
    buffer_free(&input);
}

/* clang-format off */
static const struct bad_row {
    const char *why, *mood, *stage, *plugin, *want;
} bad[] = {
    {"a crash is told as such",  "crash", "map", "test/fixtures/words_plugin.so",
     "was killed by signal 11 (Segmentation fault)"},
    {"a refusal has its number", "refuse", "map", "test/fixtures/words_plugin.so",
     "tutti_map returned 7"},
    {"a later version",          "", "map", "test/fixtures/future_plugin.so",
     "was built for version 2 of tutti_job.h, and this is version 1"},
    {"no version at all",        "", "map", "test/fixtures/no_plugin.so",
     "has no tutti_job_version"},
    {"no such function",         "", "reduce", "test/fixtures/flood_plugin.so",
     "exports no tutti_reduce"},
    {"no such file",             "", "map", "test/fixtures/missing_plugin.so",
     "cannot load the plug-in"},
};
/* clang-format on */

Test(plugin, that_is_bad_is_a_failed_task)
{
    struct buffer input = records(three);
    /* The crash is to be a crash under the sanitizers too. */
    (void)setenv("ASAN_OPTIONS", "handle_segv=0", 1);
    (void)setenv("TSAN_OPTIONS", "handle_segv=0", 1);
    FOR_ROWS (row, bad) {
        (void)setenv("WORDS_PLUGIN", row->mood, 1);
        struct child_result result = run(row->stage, row->plugin, buffer_slice(&input));
        ROW_EQ(row, result.err, ERR_CHILD_FAILED);
        cr_expect(strstr(result.fault.text, row->want) != NULL, "%s: %s", row->why,
                  result.fault.text);
        child_result_free(&result);
    }
    buffer_free(&input);
}

Test(plugin, host_refuses_a_torn_input)
{
    struct child_result result = run("map", "test/fixtures/flood_plugin.so", SLICE("\5abc"));
    cr_expect_eq(result.err, ERR_CHILD_FAILED);
    cr_expect(strstr(result.fault.text, "the input ends inside a frame") != NULL, "%s",
              result.fault.text);
    child_result_free(&result);
}
