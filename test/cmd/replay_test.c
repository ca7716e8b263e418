/*
 * replay_test.c -- what is logged, run again at the same times, leaves the same data: any commands,
 * on one store as a client runs them, on another as the log does.
 */
#include <stdio.h>

#include "test/cmd/call_fixture.h"
#include "test/random.h"
#include "test/rows.h"

enum { ROUNDS = 4000, LINE_BYTES_MAX = 200, STEP_MS_MAX = 40 };

/* %K is a key, %N a number, %T a time in milliseconds. */
static const char *const templates[] = {
    "SET %K %N",
    "SET %K %N PX %T",
    "SET %K text KEEPTTL",
    "SET %K %N NX GET PX %T",
    "GETEX %K PX %T",
    "GETEX %K PXAT 1",
    "GETEX %K PERSIST",
    "GETDEL %K",
    "APPEND %K %N",
    "SETRANGE %K 3 %N",
    "INCRBY %K %N",
    "INCRBYFLOAT %K 0.%N",
    "MSET %K %N %K %N",
    "MSETNX %K %N %K %N",
    "SETBIT %K %N 1",
    "BITOP XOR %K %K %K",
    "BITFIELD %K SET u5 3 %N INCRBY i7 2 %N",
    "DEL %K %K",
    "RENAME %K %K",
    "RENAMENX %K %K",
    "COPY %K %K REPLACE",
    "COPY %K %K DB 1",
    "MOVE %K 1",
    "PEXPIRE %K %T",
    "PEXPIRE %K %T GT",
    "PEXPIRE %K -%T",
    "PEXPIREAT %K 1",
    "PERSIST %K",
    "SWAPDB 0 1",
    "RPUSH %K %N %N",
    "SADD %K %N %N %N",
    "SPOP %K",
    "SORT %K DESC STORE %K",
    "SORT %K BY nosort GET %K* GET # STORE %K",
};

static void fill(struct random *random, const char *template, char line[LINE_BYTES_MAX])
{
    size_t len = 0;
    for (const char *at = template; *at != '\0'; at++) {
        unsigned number = (unsigned)random_below(random, STEP_MS_MAX) + 1;
        char key = "abcdef"[random_below(random, 6)];
        if (*at != '%') {
            line[len++] = *at;
        } else if (*++at == 'K') {
            line[len++] = key;
        } else {
            len += (size_t)snprintf(line + len, LINE_BYTES_MAX - len, "%u",
                                    *at == 'T' ? number * 5 : number);
        }
    }
    line[len] = '\0';
}

static void expect_equal(struct call_fixture *a, struct call_fixture *b, const char *line)
{
    uint8_t digest_a[20], digest_b[20];
    store_digest(call_fixture_store(a), digest_a);
    store_digest(call_fixture_store(b), digest_b);
    cr_assert_arr_eq(digest_a, digest_b, sizeof digest_a, "%s", line);
}

Test(replay, leaves_the_same_data)
{
    struct random random = {23};
    struct call_fixture *client = call_fixture_new(), *log = call_fixture_new();
    int64_t now_ms = CALL_FIXTURE_NOW_MS;
    uint32_t logged_count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char line[LINE_BYTES_MAX];
        now_ms += (int64_t)random_below(&random, STEP_MS_MAX);
        call_fixture_set_time(client, now_ms);
        call_fixture_set_time(log, now_ms);
        fill(&random, templates[random_below(&random, COUNT_OF(templates))], line);
        (void)call_fixture_run(client, line);
        const char *logged = call_fixture_logged(client);
        if (logged[0] != '\0') logged_count++;
        (void)call_fixture_run(log, logged);
        expect_equal(client, log, line);
    }
    cr_expect(logged_count > ROUNDS / 4, "only %u were logged", logged_count);
    call_fixture_free(client);
    call_fixture_free(log);
}
