/* threads.c -- see threads.h. One mutex guards the counts and which io may be woken; the order to
 * stop is an atomic, which lanes read in every turn. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "node/threads.h"

struct thread {
    struct threads *all;
    uint32_t number;
    pthread_t id;
    struct io *io; /* NULL: not to be woken */
};

struct threads {
    pthread_mutex_t lock;
    int changed; /* an eventfd: a count has changed */
    atomic_bool stop;
    struct threads_state state;
    thread_run run;
    void *context;
    uint32_t count;
    struct thread each[];
};

static void lock(struct threads *threads)
{
    int failed = pthread_mutex_lock(&threads->lock);
    ASSERT(failed == 0);
}

static void unlock(struct threads *threads)
{
    int failed = pthread_mutex_unlock(&threads->lock);
    ASSERT(failed == 0);
}

static void tell(struct threads *threads)
{
    uint64_t one = 1;
    ssize_t written = write(threads->changed, &one, sizeof one);
    ASSERT(written == (ssize_t)sizeof one);
}

static void *thread_main(void *argument)
{
    struct thread *self = argument;
    struct threads *threads = self->all;
    threads->run(threads->context, self->number, self);
    lock(threads);
    ASSERT(self->io == NULL); /* thread_leave was called */
    threads->state.ended_count++;
    unlock(threads);
    tell(threads);
    return NULL;
}

static enum err start_one(struct threads *threads, uint32_t number, struct fault *fault)
{
    struct thread *thread = &threads->each[number];
    *thread = (struct thread){.all = threads, .number = number};
    int error = pthread_create(&thread->id, NULL, thread_main, thread);
    if (error == 0) {
        threads->count = number + 1;
        return ERR_OK;
    }
    return fault_set_errno(fault, error, "cannot start the thread of lane %u", number);
}

enum err threads_start(uint32_t count, thread_run run, void *context, struct threads **made,
                       struct fault *fault)
{
    struct threads *threads = calloc(1, sizeof *threads + count * sizeof threads->each[0]);
    ASSERT(threads != NULL);
    threads->run = run;
    threads->context = context;
    threads->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (threads->changed < 0) {
        free(threads);
        return fault_set_errno(fault, errno, "cannot watch threads");
    }
    int failed = pthread_mutex_init(&threads->lock, NULL);
    ASSERT(failed == 0);
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) err = start_one(threads, i, fault);
    if (err == ERR_OK) {
        *made = threads;
        return ERR_OK;
    }
    threads_stop(threads);
    threads_join(threads);
    return err;
}

void thread_ready(struct thread *self, struct io *io)
{
    lock(self->all);
    self->io = io;
    self->all->state.ready_count++;
    unlock(self->all);
    tell(self->all);
}

bool thread_stop_wanted(const struct thread *self)
{
    return atomic_load_explicit(&self->all->stop, memory_order_acquire);
}

void thread_leave(struct thread *self)
{
    lock(self->all);
    self->io = NULL;
    unlock(self->all);
}

void thread_ask(struct thread *self)
{
    lock(self->all);
    self->all->state.asks_count++;
    unlock(self->all);
    tell(self->all);
}

static struct threads_state read_state(struct threads *threads)
{
    lock(threads);
    struct threads_state state = threads->state;
    unlock(threads);
    return state;
}

struct threads_state threads_wait(struct threads *threads, struct threads_state known, int fd)
{
    struct pollfd waits[] = {{.fd = threads->changed, .events = POLLIN},
                             {.fd = fd, .events = POLLIN}};
    for (;;) { /* ends: a count changes when a thread is ready or ends */
        uint64_t count;
        ssize_t got = read(threads->changed, &count, sizeof count);
        struct threads_state now = read_state(threads);
        bool same = now.ready_count == known.ready_count && now.ended_count == known.ended_count &&
                    now.asks_count == known.asks_count;
        if (!same || (waits[1].revents & POLLIN) != 0) return now;
        if (got > 0) continue;
        if (poll(waits, COUNT_OF(waits), -1) < 0) ASSERT(errno == EINTR);
    }
}

void threads_stop(struct threads *threads)
{
    atomic_store_explicit(&threads->stop, true, memory_order_release);
    lock(threads);
    for (uint32_t i = 0; i < threads->count; i++) {
        if (threads->each[i].io != NULL) io_wake(threads->each[i].io);
    }
    unlock(threads);
}

void threads_join(struct threads *threads)
{
    for (uint32_t i = 0; i < threads->count; i++) {
        int failed = pthread_join(threads->each[i].id, NULL);
        ASSERT(failed == 0);
    }
    (void)pthread_mutex_destroy(&threads->lock);
    (void)close(threads->changed);
    free(threads);
}
