/*
 * set_algebra_test.c -- unions, intersections and differences of random sets and sorted sets, small
 * and large, against plain arrays.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/store/set.h"
#include "core/store/zset.h"
#include "test/cmd/call_fixture.h"
#include "test/random.h"

enum { OPERANDS = 4, UNIVERSE = 300, MEMBER_MAX = 16 };

struct model {
    bool there[OPERANDS][UNIVERSE];
    double scores[OPERANDS][UNIVERSE];
    bool is_set[OPERANDS]; /* scores are 1 */
    double weights[OPERANDS];
};

struct expected {
    bool there;
    double score;
};

static struct slice member_of(char text[MEMBER_MAX], unsigned number, bool texts)
{
    return slice_of(text, (size_t)snprintf(text, MEMBER_MAX, texts ? "m%u" : "%u", number));
}

static void fill(struct call_fixture *fixture, struct model *model, unsigned operand, bool texts,
                 struct random *random)
{
    unsigned density = (unsigned)random_below(random, 10);
    for (unsigned i = 0; i < UNIVERSE; i++) {
        model->there[operand][i] = random_below(random, 10) < density;
        model->scores[operand][i] =
            model->is_set[operand] ? 1 : (double)random_below(random, 100) - 50;
        if (!model->there[operand][i]) continue;
        char line[64], text[MEMBER_MAX];
        struct slice member = member_of(text, i, texts);
        if (model->is_set[operand])
            snprintf(line, sizeof line, "SADD k%u %.*s", operand, (int)member.len, text);
        else
            snprintf(line, sizeof line, "ZADD k%u %g %.*s", operand, model->scores[operand][i],
                     (int)member.len, text);
        call_fixture_run(fixture, line);
    }
}

static struct expected united(const struct model *model, unsigned i)
{
    struct expected expected = {0};
    for (unsigned k = 0; k < OPERANDS; k++) {
        if (!model->there[k][i]) continue;
        expected.there = true;
        expected.score += model->weights[k] * model->scores[k][i];
    }
    return expected;
}

static struct expected intersected(const struct model *model, unsigned i)
{
    struct expected expected = united(model, i);
    for (unsigned k = 0; k < OPERANDS; k++) expected.there &= model->there[k][i];
    return expected;
}

static struct expected subtracted(const struct model *model, unsigned i)
{
    struct expected expected = {model->there[0][i], model->scores[0][i]};
    for (unsigned k = 1; k < OPERANDS; k++) expected.there &= !model->there[k][i];
    return expected;
}

static const struct operation {
    const char *set_command, *zset_command;
    struct expected (*expected)(const struct model *model, unsigned i);
} operations[] = {
    {"SUNIONSTORE d k0 k1 k2 k3", "ZUNIONSTORE d 4 k0 k1 k2 k3 WEIGHTS 1 2 3 4", united},
    {"SINTERSTORE d k0 k1 k2 k3", "ZINTERSTORE d 4 k0 k1 k2 k3 WEIGHTS 1 2 3 4", intersected},
    {"SDIFFSTORE d k0 k1 k2 k3", "ZDIFFSTORE d 4 k0 k1 k2 k3", subtracted},
};

static void expect_result(struct call_fixture *fixture, const struct model *model,
                          const struct operation *operation, bool texts, bool scored)
{
    call_fixture_run(fixture, scored ? operation->zset_command : operation->set_command);
    struct entry *entry = store_peek(call_fixture_store(fixture), 0, SLICE("d"));
    void *result = entry == NULL ? NULL : entry_object(entry);
    uint64_t count = 0;
    for (unsigned i = 0; i < UNIVERSE; i++) {
        char text[MEMBER_MAX];
        struct slice member = member_of(text, i, texts);
        struct expected expected = operation->expected(model, i);
        double score = 0;
        bool there = result != NULL &&
                     (scored ? zset_score(result, member, &score) : set_has(result, member));
        cr_assert_eq(there, expected.there, "%s: %s", operation->set_command, text);
        if (there && scored) cr_assert_eq(score, expected.score);
        count += there;
    }
    uint64_t have = 0;
    if (result != NULL) have = scored ? zset_count(result) : set_count(result);
    cr_assert_eq(have, count);
}

static void live(unsigned world, bool scored)
{
    struct random random = {world};
    struct call_fixture *fixture = call_fixture_new();
    struct model model = {.weights = {1, 2, 3, 4}};
    bool texts = world % 2;
    for (unsigned k = 0; k < OPERANDS; k++) {
        model.is_set[k] = !scored || random_below(&random, 3) == 0;
        fill(fixture, &model, k, texts, &random);
    }
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        expect_result(fixture, &model, &operations[i], texts, scored);
    call_fixture_free(fixture);
}

Test(cmd_set, algebra_is_that_of_arrays)
{
    for (unsigned world = 0; world < 60; world++) live(world, false);
}

Test(cmd_sorted_set, algebra_is_that_of_arrays)
{
    for (unsigned world = 0; world < 60; world++) live(world, true);
}
