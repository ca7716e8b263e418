/* string_lcs_test.c -- the longest common subsequence against its plain definition. */
#include <stdio.h>

#include "test/cmd/call_fixture.h"
#include "test/random.h"
#include "test/rows.h"

enum { ROUNDS = 3000, TEXT_MAX = 8 };

static size_t plain_length(const char *a, const char *b)
{
    if (*a == '\0' || *b == '\0') return 0;
    if (*a == *b) return 1 + plain_length(a + 1, b + 1);
    size_t without_a = plain_length(a + 1, b), without_b = plain_length(a, b + 1);
    return without_a > without_b ? without_a : without_b;
}

static bool is_within(const char *part, const char *text)
{
    for (; *text != '\0'; text++) part += *part == *text;
    return *part == '\0';
}

static void draw(struct random *random, char text[TEXT_MAX + 1])
{
    size_t len = 1 + random_below(random, TEXT_MAX);
    for (size_t i = 0; i < len; i++) text[i] = "abc"[random_below(random, 3)];
    text[len] = '\0';
}

Test(string_lcs, is_common_and_longest)
{
    struct random random = {19};
    struct call_fixture *fixture = call_fixture_new();
    for (int round = 0; round < ROUNDS; round++) {
        char a[TEXT_MAX + 1], b[TEXT_MAX + 1], line[100];
        draw(&random, a);
        draw(&random, b);
        snprintf(line, sizeof line, "MSET a %s b %s | LCS a b", a, b);
        const char *reply = call_fixture_run(fixture, line), *text = strchr(reply, ' ') + 1;
        cr_assert_eq(strlen(text), plain_length(a, b), "%s: %s", line, reply);
        cr_assert(is_within(text, a) && is_within(text, b), "%s: %s", line, reply);
    }
    call_fixture_free(fixture);
}
