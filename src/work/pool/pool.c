/*
 * pool.c -- see pool.h.
 *
 * Invariants
 *   P1  a mailbox's ring, count and closed are touched under its lock alone.
 *   P2  a message's buffer belongs to the ring until it is taken out, then to the taker.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "work/pool/pool.h"

struct letter {
    uint32_t from;
    struct buffer bytes;
};

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct letter ring[POOL_MAILBOX_MAX]; /* [P2] */
    size_t first, count;
    bool closed;
};

struct pool_endpoint {
    struct pool *pool;
    uint32_t number;
    pthread_t thread;
    pool_body *body;
    void *context;
    struct mailbox inbox;
};

struct pool {
    struct mailbox inbox; /* what the workers say */
    struct pool_endpoint **endpoints;
    uint32_t count; /* whose threads run */
};

static void mailbox_open(struct mailbox *box)
{
    pthread_condattr_t attributes;
    int failed = pthread_mutex_init(&box->lock, NULL);
    failed |= pthread_condattr_init(&attributes);
    failed |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&box->changed, &attributes);
    failed |= pthread_condattr_destroy(&attributes);
    ASSERT(failed == 0);
}

static void mailbox_lock(struct mailbox *box)
{
    int failed = pthread_mutex_lock(&box->lock);
    ASSERT(failed == 0);
}

static void mailbox_unlock(struct mailbox *box)
{
    int failed = pthread_mutex_unlock(&box->lock);
    ASSERT(failed == 0);
}

static void mailbox_close(struct mailbox *box)
{
    mailbox_lock(box);
    box->closed = true;
    (void)pthread_cond_broadcast(&box->changed);
    mailbox_unlock(box);
}

static void mailbox_free(struct mailbox *box)
{
    for (size_t i = 0; i < box->count; i++) {
        buffer_free(&box->ring[(box->first + i) % POOL_MAILBOX_MAX].bytes);
    }
    (void)pthread_cond_destroy(&box->changed);
    (void)pthread_mutex_destroy(&box->lock);
}

static void mailbox_put(struct mailbox *box, uint32_t from, struct slice message)
{
    struct letter letter = {.from = from};
    buffer_append(&letter.bytes, message);
    mailbox_lock(box); /* [P1] */
    while (box->count == POOL_MAILBOX_MAX && !box->closed) {
        (void)pthread_cond_wait(&box->changed, &box->lock);
    }
    if (box->closed) {
        buffer_free(&letter.bytes);
    } else {
        box->ring[(box->first + box->count) % POOL_MAILBOX_MAX] = letter;
        box->count++;
        (void)pthread_cond_broadcast(&box->changed);
    }
    mailbox_unlock(box);
}

/* Take the first letter. `deadline` NULL: wait for ever, or until the box is closed. */
static bool mailbox_take(struct mailbox *box, const struct timespec *deadline, uint32_t *from,
                         struct buffer *message)
{
    int waited = 0;
    mailbox_lock(box); /* [P1] */
    while (box->count == 0 && !box->closed && waited != ETIMEDOUT) {
        waited = deadline == NULL ? pthread_cond_wait(&box->changed, &box->lock)
                                  : pthread_cond_timedwait(&box->changed, &box->lock, deadline);
    }
    bool got = box->count > 0 && !box->closed;
    if (got) {
        struct letter letter = box->ring[box->first];
        box->first = (box->first + 1) % POOL_MAILBOX_MAX;
        box->count--;
        buffer_free(message);
        *message = letter.bytes; /* [P2] */
        *from = letter.from;
        (void)pthread_cond_broadcast(&box->changed);
    }
    mailbox_unlock(box);
    return got;
}

static void *thread_main(void *argument)
{
    struct pool_endpoint *endpoint = argument;
    endpoint->body(endpoint->context, endpoint);
    return NULL;
}

static struct pool_endpoint *endpoint_new(struct pool *pool, uint32_t number, pool_body *body,
                                          void *context)
{
    struct pool_endpoint *endpoint = calloc(1, sizeof *endpoint);
    ASSERT(endpoint != NULL);
    endpoint->pool = pool;
    endpoint->number = number;
    endpoint->body = body;
    endpoint->context = context;
    mailbox_open(&endpoint->inbox);
    return endpoint;
}

static void endpoint_free(struct pool_endpoint *endpoint)
{
    mailbox_free(&endpoint->inbox);
    free(endpoint);
}

enum err pool_new(uint32_t workers, pool_body *body, void *const *contexts, struct pool **out,
                  struct fault *fault)
{
    struct pool *pool = calloc(1, sizeof *pool);
    ASSERT(pool != NULL);
    pool->endpoints = calloc(workers, sizeof(struct pool_endpoint *));
    ASSERT(pool->endpoints != NULL);
    mailbox_open(&pool->inbox);
    for (uint32_t i = 0; i < workers; i++) {
        struct pool_endpoint *endpoint = endpoint_new(pool, i, body, contexts[i]);
        int failed = pthread_create(&endpoint->thread, NULL, thread_main, endpoint);
        if (failed != 0) {
            endpoint_free(endpoint);
            pool_free(pool);
            *out = NULL;
            return fault_set_errno(
                fault, failed,
                "cannot start worker thread %u of %u (too little memory or too many threads: raise "
                "ulimit -v or ulimit -u, or lower --workers)",
                i + 1, workers);
        }
        pool->endpoints[pool->count++] = endpoint;
    }
    *out = pool;
    return ERR_OK;
}

void pool_send(struct pool *pool, uint32_t worker, struct slice message)
{
    ASSERT(worker < pool->count);
    mailbox_put(&pool->endpoints[worker]->inbox, UINT32_MAX, message);
}

bool pool_receive_any(struct pool *pool, duration timeout_max, uint32_t *worker,
                      struct buffer *message)
{
    enum { NS_PER_S = 1000000000 };
    struct timespec deadline;
    int failed = clock_gettime(CLOCK_MONOTONIC, &deadline);
    ASSERT(failed == 0);
    int64_t ns = deadline.tv_nsec + timeout_max.ns % NS_PER_S;
    deadline.tv_sec += timeout_max.ns / NS_PER_S + ns / NS_PER_S;
    deadline.tv_nsec = ns % NS_PER_S;
    return mailbox_take(&pool->inbox, &deadline, worker, message);
}

void pool_free(struct pool *pool)
{
    if (pool == NULL) return;
    mailbox_close(&pool->inbox);
    for (uint32_t i = 0; i < pool->count; i++) mailbox_close(&pool->endpoints[i]->inbox);
    for (uint32_t i = 0; i < pool->count; i++) {
        int failed = pthread_join(pool->endpoints[i]->thread, NULL);
        ASSERT(failed == 0);
        endpoint_free(pool->endpoints[i]);
    }
    mailbox_free(&pool->inbox);
    free(pool->endpoints);
    free(pool);
}

bool pool_receive(struct pool_endpoint *endpoint, struct buffer *message)
{
    uint32_t from;
    return mailbox_take(&endpoint->inbox, NULL, &from, message);
}

void pool_answer(struct pool_endpoint *endpoint, struct slice message)
{
    mailbox_put(&endpoint->pool->inbox, endpoint->number, message);
}
