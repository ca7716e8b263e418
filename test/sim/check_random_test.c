/* check_random_test.c -- what a correct model did passes; what one with a bug did does not. */
#include <stdio.h>

#include "sim/check.h"
#include "test/rows.h"
#include "test/sim/made_fixture.h"

enum { RUN_OPS = 120, SEEDS = 60 };

/* What a mutation leaves in the history is told; the text of the verdict goes to `said`. */
static uint64_t wrongs_of(struct made *made, char said[512])
{
    struct check_options options = {.clock_slack_ns = 500000};
    struct check_verdict verdict;
    check_history(made->history, &options, &verdict);
    cr_expect_eq(verdict.undecided_count, 0);
    size_t len = verdict.text.len < 511 ? verdict.text.len : 511;
    if (len > 0) memcpy(said, verdict.text.data, len);
    said[len] = '\0';
    check_verdict_free(&verdict);
    return verdict.wrongs_count;
}

static const enum history_model models[] = {HISTORY_OF_REGISTER, HISTORY_OF_LIST, HISTORY_OF_QUEUE,
                                            HISTORY_OF_COUNTER, HISTORY_OF_EXPIRY};

Test(check_random, what_is_right_passes)
{
    char said[512];
    for (uint64_t seed = 1; seed <= SEEDS * 5; seed++) {
        struct made made = made_new(models[seed % COUNT_OF(models)], seed);
        made_run(&made, RUN_OPS * 2);
        made_finish(&made);
        uint64_t wrongs = wrongs_of(&made, said);
        cr_expect_eq(wrongs, 0, "seed %llu: %s", (unsigned long long)seed, said);
        made_free(&made);
    }
}

Test(check_random, each_bug_is_found)
{
    char said[512];
    for (const struct made_bug *bug = made_bugs; bug < made_bugs + made_bugs_count; bug++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct made made = made_new(bug->model, seed);
            made.no_unknown_pops = true;
            made_run(&made, RUN_OPS);
            made_calm(&made);
            bug->run(&made);
            made_calm(&made);
            made_run(&made, RUN_OPS);
            made_finish(&made);
            cr_expect(wrongs_of(&made, said) > 0, "%s, seed %llu", bug->why,
                      (unsigned long long)seed);
            made_free(&made);
        }
    }
}

Test(check_random, text_is_judged_alike)
{
    for (uint64_t seed = 1; seed <= COUNT_OF(models); seed++) {
        struct made made = made_new(models[seed - 1], seed);
        made_run(&made, RUN_OPS);
        made_finish(&made);
        struct buffer text = {0}, again = {0};
        struct fault fault;
        struct history *history = history_new();
        history_format(made.history, &text);
        cr_assert_eq(history_parse(history, buffer_slice(&text), &fault), ERR_OK);
        history_format(history, &again);
        cr_expect(slice_eq(buffer_slice(&text), buffer_slice(&again)));
        buffer_free(&text);
        buffer_free(&again);
        history_free(history);
        made_free(&made);
    }
}

/* A million operations on a few keys: if anything were quadratic, this would not end. */
static void add_call(struct history *history, enum history_kind kind, const char *key,
                     uint64_t value, int64_t result, int64_t *now_ns)
{
    char text[24];
    struct history_call call = {.kind = kind, .key = slice_text(key), .number = 1};
    size_t len = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    bool pops = kind == HISTORY_POP;
    if (!pops && kind != HISTORY_ADD) call.value = slice_of(text, len);
    size_t op = history_invoke(history, &call, *now_ns);
    if (pops) history_add_result(history, op, slice_of(text, len));
    if (!pops) history_set_result(history, op, result);
    history_return(history, op, HISTORY_OK, *now_ns + 50);
    *now_ns += 10;
}

Test(check_random, a_million_operations)
{
    enum { QUARTER = 250000 };
    struct history *history = history_new();
    int64_t now_ns = 0;
    for (uint64_t i = 1; i <= QUARTER; i++) {
        add_call(history, HISTORY_APPEND, "list", i, (int64_t)i, &now_ns);
        add_call(history, HISTORY_PUSH, "queue", i, 0, &now_ns);
        add_call(history, HISTORY_POP, "queue", i, 0, &now_ns);
        add_call(history, HISTORY_ADD, "counter", 0, (int64_t)i, &now_ns);
    }
    struct check_options options = {0};
    struct check_verdict verdict;
    check_history(history, &options, &verdict);
    cr_expect_eq(verdict.ops_count, 4 * QUARTER);
    cr_expect_eq(verdict.wrongs_count, 0);
    check_verdict_free(&verdict);
    history_free(history);
}
