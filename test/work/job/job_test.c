/* job_test.c -- whole jobs: their output against a plain count, and stopped at any moment. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"
#include "test/rows.h"
#include "test/work/output/output_fixture.h"
#include "test/work/read/read_fixture.h"
#include "test/work/shuffle/shuffle_fixture.h"
#include "work/job/job.h"

enum { WORDS = 20000, VOCABULARY = 700, TURNS_MAX = 100000 };

static const duration turn_ns = {50 * 1000 * 1000};

struct town {
    struct arena *arena;
    const char *folder, *output;
    struct slice input;
    struct job_spec spec;
    struct job_options options;
    struct fixture_pairs want; /* word, count; in the order of words */
};

static struct town town_new(const char *map, const char *reduce)
{
    struct town town = {.arena = arena_new(), .spec = fixture_spec(FORMAT_LINES)};
    struct random random = {50};
    struct buffer text = {0};
    uint64_t counts[VOCABULARY] = {0};
    town.folder = fixture_folder(town.arena);
    town.output = arena_format(town.arena, "%s/out", town.folder);
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t word = random_below(&random, random_below(&random, VOCABULARY) + 1);
        counts[word]++;
        buffer_append_format(&text, "word%03u%c", (unsigned)word, i % 11 == 10 ? '\n' : ' ');
    }
    for (unsigned i = 0; i < VOCABULARY; i++) {
        char word[16];
        (void)snprintf(word, sizeof word, "word%03u", i);
        if (counts[i] > 0) {
            fixture_pairs_add(&town.want, 0, slice_text(word),
                              slice_text(arena_format(town.arena, "%u", (unsigned)counts[i])));
        }
    }
    const char *path = fixture_file(town.arena, town.folder, "input", buffer_slice(&text));
    buffer_free(&text);
    town.input = slice_text(path);
    town.spec.map = slice_text(map);
    town.spec.reduce = slice_text(reduce);
    town.spec.reducers = 3;
    town.spec.attempts_max = 2;
    town.spec.split_bytes = 20000;
    town.options = (struct job_options){
        .inputs_count = 1, .output = town.output, .tmp = town.folder, .workers = 3};
    return town;
}

static enum err town_run(struct town *town, int64_t cancel_after_turns, struct fault *fault)
{
    struct job *job;
    struct job_summary summary;
    town->options.spec = &town->spec;
    town->options.inputs = &town->input;
    enum err err = job_start(town->arena, &town->options, &job, fault);
    if (err != ERR_OK) return err;
    for (int64_t turn = 0; turn == cancel_after_turns || !job_turn(job, turn_ns); turn++) {
        struct job_progress progress;
        cr_assert(turn < TURNS_MAX, "the job never ends");
        job_progress_read(job, &progress);
        if (turn == cancel_after_turns) job_cancel(job);
    }
    cr_expect(job_turn(job, turn_ns), "over is over");
    job_cancel(job);
    err = job_result(job, &summary, fault);
    bool map_only = slice_eq(town->spec.reduce, SLICE("none"));
    cr_expect_eq(summary.parts, map_only ? summary.splits : town->spec.reducers);
    job_free(job);
    return err;
}

/* Nothing may be left but the input. */
static void town_free(struct town *town)
{
    folder_remove_tree(town->output);
    file_remove((const char *)town->input.data);
    cr_expect_eq(rmdir(town->folder), 0, "something is left in %s", town->folder);
    fixture_pairs_free(&town->want);
    arena_free(town->arena);
}

/* All parts as one list; a line is a pair. */
static struct fixture_pairs town_output(struct town *town, uint32_t parts)
{
    struct fixture_pairs pairs = {0};
    for (uint32_t p = 0; p < parts; p++) {
        struct buffer text = {0};
        const char *path = arena_format(town->arena, "%s/part-%05u", town->output, p);
        fixture_read_output(path, COMPRESSION_NONE, &text);
        for (struct slice rest = buffer_slice(&text); rest.len > 0;) {
            const uint8_t *end = memchr(rest.data, '\n', rest.len);
            cr_assert_not_null(end);
            struct slice line = slice_of(rest.data, (size_t)(end - rest.data));
            const uint8_t *tab = memchr(line.data, '\t', line.len);
            cr_assert_not_null(tab);
            size_t key_len = (size_t)(tab - line.data);
            fixture_pairs_add(&pairs, p, slice_of(line.data, key_len),
                              slice_from(line, key_len + 1));
            rest = slice_from(rest, line.len + 1);
        }
        buffer_free(&text);
    }
    return pairs;
}

/* clang-format off */
static const struct job_row {
    const char *why;
    uint32_t workers, reducers;
    uint64_t memory_bytes;
    bool total_order;
} rows[] = {
    {"one worker, one part",            1, 1,  64 << 20, false},
    {"several of both",                 3, 4,  64 << 20, false},
    {"hardly any memory",               2, 3,  1,        false},
    {"more parts than words",           2, 900, 8 << 20, false},
    {"ordered over all parts",          3, 5,  64 << 20, true},
    {"ordered, hardly any memory",      2, 3,  1,        true},
};
/* clang-format on */

Test(job, counts_words)
{
    FOR_ROWS (row, rows) {
        struct town town = town_new("words", "count");
        struct fault fault = {0};
        town.options.workers = row->workers;
        town.options.memory_bytes = row->memory_bytes;
        town.spec.reducers = row->reducers;
        town.spec.total_order = row->total_order;
        ROW_EQ(row, town_run(&town, -1, &fault), ERR_OK);
        struct fixture_pairs got = town_output(&town, row->reducers);
        ROW_EQ(row, got.count, town.want.count);
        for (size_t i = 1; i < got.count; i++) {
            const struct fixture_pair *before = &got.list[i - 1];
            bool one_list = row->total_order || before->partition == before[1].partition;
            if (one_list) cr_expect(slice_cmp(before->key, before[1].key) < 0, "%s", row->why);
        }
        for (size_t i = 0; i < got.count; i++) got.list[i].partition = 0;
        fixture_pairs_sort(&got);
        for (size_t i = 0; i < got.count && i < town.want.count; i++) {
            cr_expect(slice_eq(got.list[i].key, town.want.list[i].key), "%s", row->why);
            cr_expect(slice_eq(got.list[i].value, town.want.list[i].value), "%s", row->why);
        }
        fixture_pairs_free(&got);
        town_free(&town);
    }
}

Test(job, orders_by_value_through_several_passes)
{
    for (int descending = 0; descending < 2; descending++) {
        struct town town = town_new("words", "count");
        struct fault fault = {0};
        town.options.memory_bytes = 60000; /* merges and value order spill into one store */
        town.spec.reducers = 1;
        town.spec.split_bytes = 3000;
        town.spec.order = descending == 1 ? ORDER_VALUE_DESCENDING : ORDER_VALUE;
        cr_expect_eq(town_run(&town, -1, &fault), ERR_OK, "%s", fault.text);
        struct fixture_pairs got = town_output(&town, 1);
        cr_expect_eq(got.count, town.want.count);
        for (size_t i = 1; i < got.count; i++) {
            long before = strtol((const char *)got.list[i - 1].value.data, NULL, 10);
            long after = strtol((const char *)got.list[i].value.data, NULL, 10);
            bool equal = before == after;
            cr_expect(equal || (before < after) == (descending == 0), "%ld, %ld", before, after);
            if (equal) cr_expect(slice_cmp(got.list[i - 1].key, got.list[i].key) < 0);
        }
        fixture_pairs_free(&got);
        town_free(&town);
    }
}

/* clang-format off */
static const struct cancel_row {
    const char *why, *map, *reduce;
    enum job_order order;
} cancels[] = {
    {"native operators",   "words",        "count",                  ORDER_KEY},
    {"ordered by value",   "words",        "count",                  ORDER_VALUE},
    {"commands that wait", "cmd:sleep 60", "cmd:cat",                ORDER_KEY},
    {"map only",           "words",        "none",                   ORDER_KEY},
    {"a waiting reduce",   "words",        "cmd:sleep 60; cat",      ORDER_KEY},
};
/* clang-format on */

Test(job, stops_at_any_moment_and_leaves_nothing)
{
    static const int64_t second_ns = 1000 * 1000 * 1000;
    FOR_ROWS (row, cancels) {
        for (int64_t after = 0; after < 14; after += 1 + after / 3) {
            struct town town = town_new(row->map, row->reduce);
            struct fault fault = {0};
            town.spec.order = row->order;
            town.options.memory_bytes = 60000;
            instant start = clock_now();
            enum err err = town_run(&town, after, &fault);
            cr_expect(err == ERR_CANCELLED || err == ERR_OK, "%s: %s", row->why, fault.text);
            ROW_EQ(row, path_exists(town.output), err == ERR_OK);
            cr_expect(clock_now().ns - start.ns < 30 * second_ns, "%s: it hung", row->why);
            town_free(&town);
        }
    }
}

Test(job, given_up_without_a_word_leaves_nothing)
{
    for (size_t turns = 0; turns < 12; turns++) {
        struct town town = town_new("words", turns % 2 == 0 ? "count" : "cmd:sleep 60");
        struct fault fault;
        struct job *job;
        town.options.spec = &town.spec;
        town.options.inputs = &town.input;
        cr_assert_eq(job_start(town.arena, &town.options, &job, &fault), ERR_OK, "%s", fault.text);
        for (size_t turn = 0; turn < turns; turn++) (void)job_turn(job, (duration){1000});
        job_free(job);
        town_free(&town);
    }
    job_free(NULL);
}

/* clang-format off */
static const struct failing_row {
    const char *why, *map, *reduce, *says;
    enum err want;
} failures[] = {
    {"a map that fails",      "cmd:exit 3",  "count",       "exit",    ERR_CHILD_FAILED},
    {"a reduce that fails",   "words",       "cmd:exit 3",  "exit",    ERR_CHILD_FAILED},
    {"no such operator",      "wrods",       "count",       "words",   ERR_USAGE},
    {"values of no number",   "cmd:cat",     "sum",         "number",  ERR_BAD_RECORD},
};
/* clang-format on */

Test(job, that_fails_leaves_nothing)
{
    FOR_ROWS (row, failures) {
        struct town town = town_new(row->map, row->reduce);
        struct fault fault = {0};
        ROW_EQ(row, town_run(&town, -1, &fault), row->want);
        cr_expect_not_null(strstr(fault.text, row->says), "%s: %s", row->why, fault.text);
        ROW_EQ(row, path_exists(town.output), false);
        town_free(&town);
    }
    struct town town = town_new("words", "count");
    struct fault fault;
    struct slice input = town.input;
    town.input = SLICE("/no/such/input");
    cr_expect_eq(town_run(&town, -1, &fault), ERR_NOT_FOUND);
    town.input = input;
    town_free(&town);
}
