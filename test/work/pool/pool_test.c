/* pool_test.c -- messages both ways between threads, full mailboxes, and an end while all wait. */
#include <stdlib.h>

#include "io/clock.h"
#include "test/rows.h"
#include "work/pool/pool.h"

enum { WORKERS = 4, NS_PER_MS = 1000000 };

static const duration a_long_time = {60LL * 1000 * NS_PER_MS};

struct work {
    uint64_t answers;  /* for each message */
    uint64_t received; /* read when the pool is gone */
    uint64_t sum;
};

/* Each message is a number; its answers are that number. */
static void echo(void *context, struct pool_endpoint *endpoint)
{
    struct work *work = context;
    struct buffer message = {0};
    while (pool_receive(endpoint, &message)) {
        uint64_t number;
        ASSERT(message.len == sizeof number);
        memcpy(&number, message.data, sizeof number);
        work->received++;
        work->sum += number;
        for (uint64_t i = 0; i < work->answers; i++) pool_answer(endpoint, buffer_slice(&message));
    }
    buffer_free(&message);
}

static struct pool *pool_of(struct work *works, uint32_t count, pool_body *body)
{
    void *contexts[WORKERS];
    struct pool *pool;
    struct fault fault;
    for (uint32_t i = 0; i < count; i++) contexts[i] = &works[i];
    cr_assert_eq(pool_new(count, body, contexts, &pool, &fault), ERR_OK, "%s", fault.text);
    return pool;
}

static void send_number(struct pool *pool, uint32_t worker, uint64_t number)
{
    pool_send(pool, worker, slice_of(&number, sizeof number));
}

Test(pool, messages_go_both_ways_in_order)
{
    enum { MESSAGES = 5000, IN_FLIGHT = 100 };
    struct work works[WORKERS] = {{.answers = 1}, {.answers = 1}, {.answers = 1}, {.answers = 1}};
    struct pool *pool = pool_of(works, WORKERS, echo);
    struct buffer message = {0};
    uint64_t sent[WORKERS] = {0}, answered[WORKERS] = {0}, total = 0;
    for (uint32_t i = 0; i < IN_FLIGHT; i++) send_number(pool, i % WORKERS, sent[i % WORKERS]++);
    while (total < MESSAGES) {
        uint32_t worker = WORKERS;
        uint64_t number;
        cr_assert(pool_receive_any(pool, a_long_time, &worker, &message));
        cr_assert(worker < WORKERS);
        cr_assert_eq(message.len, sizeof number);
        memcpy(&number, message.data, sizeof number);
        cr_assert_eq(number, answered[worker]++, "in the order they were sent");
        if (total++ < MESSAGES - IN_FLIGHT) send_number(pool, worker, sent[worker]++);
    }
    cr_expect(!pool_receive_any(pool, (duration){NS_PER_MS}, &(uint32_t){0}, &message));
    pool_free(pool);
    for (uint32_t i = 0; i < WORKERS; i++) cr_expect_eq(works[i].received, answered[i]);
    buffer_free(&message);
}

Test(pool, ends_while_workers_wait_for_messages)
{
    struct work works[WORKERS] = {0};
    for (size_t round = 0; round < 100; round++) {
        struct pool *pool = pool_of(works, WORKERS, echo);
        if (round % 2 == 0) send_number(pool, round % WORKERS, round);
        pool_free(pool);
    }
    pool_free(NULL);
}

/* Answers fill our mailbox, which nobody empties: the workers wait for room, and are let go. */
Test(pool, ends_while_workers_wait_for_room)
{
    for (size_t round = 0; round < 10; round++) {
        struct work works[WORKERS] = {{.answers = POOL_MAILBOX_MAX},
                                      {.answers = POOL_MAILBOX_MAX},
                                      {.answers = POOL_MAILBOX_MAX},
                                      {.answers = 0}};
        struct pool *pool = pool_of(works, WORKERS, echo);
        struct buffer message = {0};
        for (uint32_t i = 0; i < WORKERS; i++) send_number(pool, i, i);
        uint32_t worker;
        cr_assert(pool_receive_any(pool, a_long_time, &worker, &message));
        pool_free(pool);
        buffer_free(&message);
    }
}

/* The worker reads nothing until it is let: the sender fills the mailbox and more. */
static void read_late(void *context, struct pool_endpoint *endpoint)
{
    instant start = clock_now();
    while (clock_now().ns - start.ns < 20 * NS_PER_MS) continue;
    echo(context, endpoint);
}

Test(pool, a_full_mailbox_holds_the_sender_and_loses_nothing)
{
    enum { MESSAGES = 3 * POOL_MAILBOX_MAX };
    struct work work = {.answers = 0};
    struct pool *pool = pool_of(&work, 1, read_late);
    for (uint64_t i = 0; i < MESSAGES; i++) send_number(pool, 0, i);
    struct buffer message = {0};
    cr_expect(!pool_receive_any(pool, (duration){0}, &(uint32_t){0}, &message));
    pool_free(pool); /* at most a mailbox full is not read any more */
    cr_expect(work.received >= MESSAGES - POOL_MAILBOX_MAX);
    cr_expect_eq(work.sum, work.received * (work.received - 1) / 2, "in order, and none twice");
}

Test(pool, waits_no_longer_than_told)
{
    struct work works[1] = {{.answers = 1}};
    struct pool *pool = pool_of(works, 1, echo);
    struct buffer message = {0};
    static const int64_t waits_ns[] = {0, 1, NS_PER_MS, 999 * 1000};
    for (size_t i = 0; i < COUNT_OF(waits_ns); i++) {
        uint32_t worker;
        instant start = clock_now();
        cr_expect(!pool_receive_any(pool, (duration){waits_ns[i]}, &worker, &message));
        cr_expect(clock_now().ns - start.ns >= waits_ns[i]);
    }
    pool_free(pool);
}
