/*
 * io_uring.c -- disk steps in the kernel's hands: see disk_impl.h.
 *
 * Where the kernel can, completions are run when this thread asks for them, instead of by
 * interrupting it (DEFER_TASKRUN, Linux 6.1; COOP_TASKRUN, 5.19). Such a ring's own descriptor does
 * not wake an epoll; an eventfd registered with it does. What the ring cannot hold waits in a queue
 * of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "io/disk_impl.h"

enum {
    RING_ENTRIES = 64, /* under way at once */
    SUBMIT_TRIES_MAX = 10000,
    SUBMIT_PAUSE_NS = 1000000
};

struct uring {
    struct disk_runner runner; /* first */
    struct io_uring ring;
    uint32_t under_way;
    struct disk_list waiting;
};

static struct uring *uring_of(struct disk_runner *runner)
{
    return (struct uring *)runner;
}

static void prepare(struct io_uring_sqe *sqe, const struct disk_op *op)
{
    const struct disk_step *step = &op->step;
    switch (step->kind) {
    case STEP_WRITE:
        io_uring_prep_write(sqe, step->fd, step->memory, (unsigned)step->bytes, step->offset);
        break;
    case STEP_READ:
        io_uring_prep_read(sqe, step->fd, step->memory, (unsigned)step->bytes, step->offset);
        break;
    case STEP_SYNC_DATA: io_uring_prep_fsync(sqe, step->fd, IORING_FSYNC_DATASYNC); break;
    case STEP_SYNC: io_uring_prep_fsync(sqe, step->fd, 0); break;
    case STEP_RESERVE:
        io_uring_prep_fallocate(sqe, step->fd, 0, (off_t)step->offset, (off_t)step->bytes);
        break;
    case STEP_RENAME: io_uring_prep_renameat(sqe, AT_FDCWD, op->from, AT_FDCWD, op->to, 0); break;
    case STEP_REMOVE: io_uring_prep_unlinkat(sqe, AT_FDCWD, op->from, 0); break;
    }
}

static void push(struct uring *uring, struct disk_op *op)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
    ASSERT(sqe != NULL); /* no more than RING_ENTRIES are under way */
    prepare(sqe, op);
    io_uring_sqe_set_data(sqe, op);
}

/* The kernel refuses for a moment when it has no memory for more. */
static void submit(struct uring *uring)
{
    const struct timespec pause = {0, SUBMIT_PAUSE_NS};
    for (uint32_t tries = 0; io_uring_sq_ready(&uring->ring) > 0; tries++) {
        int submitted = io_uring_submit(&uring->ring);
        if (submitted >= 0 || submitted == -EINTR) continue;
        ASSERT(submitted == -EAGAIN || submitted == -EBUSY || submitted == -ENOMEM);
        ASSERT(tries < SUBMIT_TRIES_MAX);
        (void)nanosleep(&pause, NULL);
    }
}

static void uring_start(struct disk_runner *runner, struct disk_op *op)
{
    struct uring *uring = uring_of(runner);
    if (uring->under_way == RING_ENTRIES) {
        disk_list_add(&uring->waiting, op);
        return;
    }
    uring->under_way++;
    push(uring, op);
    submit(uring);
}

static void reap_one(struct uring *uring, struct disk_op *op, int result, struct disk_list *done)
{
    if (disk_op_advance(op, result)) {
        push(uring, op);
        return;
    }
    disk_list_add(done, op);
    struct disk_op *next = disk_list_take(&uring->waiting);
    if (next != NULL) {
        push(uring, next);
    } else {
        uring->under_way--;
    }
}

/* Until nothing is there: with DEFER_TASKRUN the kernel keeps back what was not yet asked for while
 * there is anything else to take, and says so only once. */
static void reap_all(struct uring *uring, struct disk_list *done)
{
    struct io_uring_cqe *cqes[RING_ENTRIES];
    unsigned count;
    while ((count = io_uring_peek_batch_cqe(&uring->ring, cqes, RING_ENTRIES)) > 0) {
        for (unsigned i = 0; i < count; i++) {
            reap_one(uring, io_uring_cqe_get_data(cqes[i]), cqes[i]->res, done);
        }
        io_uring_cq_advance(&uring->ring, count);
        submit(uring);
    }
}

static void uring_reap(struct disk_runner *runner, struct disk_list *done, bool wait)
{
    struct uring *uring = uring_of(runner);
    struct io_uring_cqe *first;
    do {
        if (wait) {
            int failed = io_uring_wait_cqe(&uring->ring, &first);
            ASSERT(failed == 0 || failed == -EINTR);
        }
        reap_all(uring, done);
    } while (wait && done->first == NULL);
}

static void uring_free(struct disk_runner *runner)
{
    struct uring *uring = uring_of(runner);
    ASSERT(uring->under_way == 0);
    io_uring_queue_exit(&uring->ring);
    (void)close(runner->descriptor);
    free(uring);
}

static bool supports_all(struct io_uring *ring)
{
    static const int needed[] = {IORING_OP_WRITE,     IORING_OP_READ,     IORING_OP_FSYNC,
                                 IORING_OP_FALLOCATE, IORING_OP_RENAMEAT, IORING_OP_UNLINKAT};
    struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
    bool all = probe != NULL;
    for (size_t i = 0; all && i < COUNT_OF(needed); i++) {
        all = io_uring_opcode_supported(probe, needed[i]) != 0;
    }
    io_uring_free_probe(probe);
    return all;
}

/* The best set of flags that this kernel knows; 0, or -errno. */
static int init_ring(struct io_uring *ring)
{
    static const unsigned flags[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                         IORING_SETUP_TASKRUN_FLAG,
                                     IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, 0};
    int failed = -EINVAL;
    for (size_t i = 0; i < COUNT_OF(flags) && failed == -EINVAL; i++) {
        failed = io_uring_queue_init(RING_ENTRIES, ring, flags[i]);
    }
    return failed;
}

static int open_ring(struct io_uring *ring, int descriptor)
{
    int failed = init_ring(ring);
    if (failed != 0) return failed;
    failed = supports_all(ring) ? io_uring_register_eventfd(ring, descriptor) : -ENOSYS;
    if (failed != 0) io_uring_queue_exit(ring);
    return failed;
}

enum err uring_new(struct disk_runner **runner, struct fault *fault)
{
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return fault_set_errno(fault, errno, "cannot make an eventfd");
    struct uring *uring = calloc(1, sizeof *uring);
    ASSERT(uring != NULL);
    int failed = open_ring(&uring->ring, descriptor);
    if (failed != 0) {
        (void)close(descriptor);
        free(uring);
        (void)fault_set_errno(fault, -failed,
                              "io_uring cannot be had here (threads for the disk need nothing)");
        return fault->code = ERR_PERMISSION;
    }
    uring->runner = (struct disk_runner){.name = "io_uring",
                                         .descriptor = descriptor,
                                         .start = uring_start,
                                         .reap = uring_reap,
                                         .free = uring_free};
    *runner = &uring->runner;
    return ERR_OK;
}
