/*
 * io_threads.c -- disk steps by a few threads, where io_uring is not allowed: see disk_impl.h.
 *
 * Invariants
 *   T1  both lists, `under_way` and `ending` are touched under the lock alone.
 *   T2  a submission belongs to the list that has it, or to the thread that runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/disk_impl.h"

enum { THREADS = 4 };

struct threads {
    struct disk_runner runner; /* first */
    pthread_t threads[THREADS];
    uint32_t count; /* that run */
    pthread_mutex_t lock;
    pthread_cond_t to_do, is_done;
    struct disk_list waiting, done; /* [T1] */
    bool ending;
};

static struct threads *threads_of(struct disk_runner *runner)
{
    return (struct threads *)runner;
}

static void take_lock(struct threads *pool)
{
    int failed = pthread_mutex_lock(&pool->lock);
    ASSERT(failed == 0);
}

static void give_lock(struct threads *pool)
{
    int failed = pthread_mutex_unlock(&pool->lock);
    ASSERT(failed == 0);
}

/* --- in the threads -------------------------------------------------------------------------- */

static int64_t step_run(const struct disk_op *op)
{
    const struct disk_step *step = &op->step;
    int64_t result = -1;
    switch (step->kind) {
    case STEP_WRITE:
        result = pwrite(step->fd, step->memory, step->bytes, (off_t)step->offset);
        break;
    case STEP_READ: result = pread(step->fd, step->memory, step->bytes, (off_t)step->offset); break;
    case STEP_SYNC_DATA: result = fdatasync(step->fd); break;
    case STEP_SYNC: result = fsync(step->fd); break;
    case STEP_RESERVE:
        result = fallocate(step->fd, 0, (off_t)step->offset, (off_t)step->bytes);
        break;
    case STEP_RENAME: result = rename(op->from, op->to); break;
    case STEP_REMOVE: result = unlink(op->from); break;
    }
    return result < 0 ? -errno : result;
}

static void op_run(struct disk_op *op)
{
    while (disk_op_advance(op, step_run(op))) {}
}

static void say_done(struct threads *pool, struct disk_op *op)
{
    bool first = pool->done.first == NULL;
    disk_list_add(&pool->done, op);
    (void)pthread_cond_signal(&pool->is_done);
    if (!first) return; /* said already, and not yet reaped */
    uint64_t one = 1;
    ssize_t written = write(pool->runner.descriptor, &one, sizeof one);
    ASSERT(written == sizeof one);
}

static void *thread_main(void *context)
{
    struct threads *pool = context;
    take_lock(pool);
    while (!pool->ending) {
        struct disk_op *op = disk_list_take(&pool->waiting); /* [T2] */
        if (op == NULL) {
            (void)pthread_cond_wait(&pool->to_do, &pool->lock);
            continue;
        }
        give_lock(pool);
        op_run(op);
        take_lock(pool);
        say_done(pool, op);
    }
    give_lock(pool);
    return NULL;
}

/* --- in the owner's thread ------------------------------------------------------------------- */

static void threads_start(struct disk_runner *runner, struct disk_op *op)
{
    struct threads *pool = threads_of(runner);
    take_lock(pool);
    disk_list_add(&pool->waiting, op);
    (void)pthread_cond_signal(&pool->to_do);
    give_lock(pool);
}

static void threads_reap(struct disk_runner *runner, struct disk_list *done, bool wait)
{
    struct threads *pool = threads_of(runner);
    take_lock(pool);
    while (wait && pool->done.first == NULL) (void)pthread_cond_wait(&pool->is_done, &pool->lock);
    for (struct disk_op *op; (op = disk_list_take(&pool->done)) != NULL;) disk_list_add(done, op);
    give_lock(pool);
}

static void threads_free(struct disk_runner *runner)
{
    struct threads *pool = threads_of(runner);
    take_lock(pool);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->to_do);
    give_lock(pool);
    for (uint32_t i = 0; i < pool->count; i++) (void)pthread_join(pool->threads[i], NULL);
    (void)pthread_cond_destroy(&pool->to_do);
    (void)pthread_cond_destroy(&pool->is_done);
    (void)pthread_mutex_destroy(&pool->lock);
    (void)close(runner->descriptor);
    free(pool);
}

/* Signals are for the threads that expect them. */
static int start_threads(struct threads *pool)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    int failed = pthread_sigmask(SIG_SETMASK, &all, &before);
    ASSERT(failed == 0);
    while (pool->count < THREADS && failed == 0) {
        failed = pthread_create(&pool->threads[pool->count], NULL, thread_main, pool);
        pool->count += failed == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pool->count > 0 ? 0 : failed;
}

enum err threads_new(struct disk_runner **runner, struct fault *fault)
{
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return fault_set_errno(fault, errno, "cannot make an eventfd");
    struct threads *pool = calloc(1, sizeof *pool);
    ASSERT(pool != NULL);
    pool->runner = (struct disk_runner){.name = "threads",
                                        .descriptor = descriptor,
                                        .start = threads_start,
                                        .reap = threads_reap,
                                        .free = threads_free};
    int failed = pthread_mutex_init(&pool->lock, NULL);
    failed |= pthread_cond_init(&pool->to_do, NULL);
    failed |= pthread_cond_init(&pool->is_done, NULL);
    ASSERT(failed == 0);
    failed = start_threads(pool);
    if (failed == 0) {
        *runner = &pool->runner;
        return ERR_OK;
    }
    threads_free(&pool->runner);
    return fault_set_errno(fault, failed, "cannot start threads for the disk");
}
