/*
 * io.c -- see io.h. The wait, and the slots behind the handles.
 *
 * Invariants
 *   I1  a slot in the list of the ready ones is not free, and is in it once.
 *   I2  an event of epoll carries a handle; one that is closed by now is dropped.
 *   I3  ready slots are served first come, first served, over as many calls as it takes: one whose
 *       bytes never end cannot keep others waiting.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/io_impl.h"
#include "io/memory.h"

enum { RECEIVE_BYTES_USUAL = 256 << 10, NS_PER_MS = 1000000 };

/* What epoll brings back for the two descriptors that are no handles. */
enum { EVENT_WAKER = -2, EVENT_DISK = -3 };

/* --- slots ----------------------------------------------------------------------------------- */

static bool slots_grow(struct io *io)
{
    if (io->slots_count < io->slots_capacity) return true;
    if (io->slots_capacity == IO_SLOTS_MAX) return false;
    uint32_t capacity = io->slots_capacity == 0 ? 64 : io->slots_capacity * 2;
    struct io_slot *slots = realloc(io->slots, capacity * sizeof *slots);
    if (slots == NULL) return false;
    io->slots = slots;
    io->slots_capacity = capacity;
    return true;
}

static struct io_slot *slot_take(struct io *io)
{
    if (io->free_first != IO_SLOT_END) {
        struct io_slot *slot = &io->slots[io->free_first];
        io->free_first = slot->next;
        return slot;
    }
    if (!slots_grow(io)) return NULL;
    struct io_slot *slot = &io->slots[io->slots_count++];
    slot->generation = 0;
    return slot;
}

bool slot_new(struct io *io, enum slot_kind kind, int fd, io_tag tag, io_handle *handle)
{
    struct io_slot *slot = slot_take(io);
    if (slot == NULL) {
        (void)close(fd);
        return false;
    }
    uint32_t generation = slot->generation;
    *slot = (struct io_slot){.fd = fd,
                             .kind = kind,
                             .generation = generation,
                             .next = IO_SLOT_END,
                             .previous = IO_SLOT_END,
                             .tag = tag};
    *handle = slot_handle(io, slot);
    return true;
}

io_handle slot_handle(const struct io *io, const struct io_slot *slot)
{
    uint32_t index = (uint32_t)(slot - io->slots);
    return (io_handle){(int32_t)(index | slot->generation << IO_GENERATION_SHIFT)};
}

struct io_slot *slot_find(const struct io *io, io_handle handle)
{
    if (handle.n < 0) return NULL;
    uint32_t index = (uint32_t)handle.n & (IO_SLOTS_MAX - 1);
    if (index >= io->slots_count) return NULL;
    struct io_slot *slot = &io->slots[index];
    bool same = slot->generation == (uint32_t)handle.n >> IO_GENERATION_SHIFT; /* [I2] */
    return same && slot->kind != SLOT_FREE ? slot : NULL;
}

struct io_slot *slot_of(const struct io *io, io_handle handle)
{
    struct io_slot *slot = slot_find(io, handle);
    ASSERT(slot != NULL);
    return slot;
}

static void slot_unready(struct io *io, struct io_slot *slot)
{
    if (!(slot->flags & SLOT_READY)) return;
    slot->flags &= ~(uint32_t)SLOT_READY;
    if (slot->previous == IO_SLOT_END) {
        io->ready_first = slot->next;
    } else {
        io->slots[slot->previous].next = slot->next;
    }
    if (slot->next == IO_SLOT_END) {
        io->ready_last = slot->previous;
    } else {
        io->slots[slot->next].previous = slot->previous;
    }
    io->ready_count--;
}

void slot_free(struct io *io, struct io_slot *slot)
{
    slot_unready(io, slot);
    slot->kind = SLOT_FREE;
    slot->generation = (slot->generation + 1) % IO_GENERATIONS;
    slot->next = io->free_first;
    io->free_first = (int32_t)(slot - io->slots);
}

void slot_ready(struct io *io, struct io_slot *slot)
{
    if (slot->flags & SLOT_READY) return; /* [I1] */
    int32_t index = (int32_t)(slot - io->slots);
    slot->flags |= SLOT_READY;
    slot->next = IO_SLOT_END;
    slot->previous = io->ready_last;
    if (io->ready_last == IO_SLOT_END) {
        io->ready_first = index;
    } else {
        io->slots[io->ready_last].next = index;
    }
    io->ready_last = index;
    io->ready_count++;
}

/* --- making and freeing ---------------------------------------------------------------------- */

/* Eventfds, watched for edges: each write is one, and nobody has to read them empty. */
static bool watch_own(const struct io *io, int fd, int32_t number)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)(int64_t)number};
    return epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void tick(struct io *io)
{
    io->now = clock_now();
    io->unix_ms = clock_unix_us() / 1000;
}

static enum err open_descriptors(struct io *io, struct fault *fault)
{
    io->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (io->epoll < 0) return fault_set_errno(fault, errno, "cannot make an epoll");
    io->waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (io->waker < 0) return fault_set_errno(fault, errno, "cannot make an eventfd");
    if (!watch_own(io, io->waker, EVENT_WAKER) ||
        !watch_own(io, disk_descriptor(io->disk), EVENT_DISK)) {
        return fault_set_errno(fault, errno, "cannot watch for wakes and the disk");
    }
    return ERR_OK;
}

enum err io_new(const struct io_config *config, struct io **made, struct fault *fault)
{
    ASSERT(config->receive_bytes == 0 || config->receive_bytes >= IO_RECEIVE_LEAST);
    struct disk *disk;
    enum err err = disk_new(config->disk, &disk, fault);
    if (err != ERR_OK) return err;
    struct io *io = calloc(1, sizeof *io);
    ASSERT(io != NULL);
    *io = (struct io){.epoll = -1, .waker = -1, .disk = disk};
    io->free_first = io->ready_first = io->ready_last = IO_SLOT_END;
    io->receive_bytes = config->receive_bytes == 0 ? RECEIVE_BYTES_USUAL : config->receive_bytes;
    io->receive = memory_map(io->receive_bytes);
    tick(io);
    err = open_descriptors(io, fault);
    if (err != ERR_OK) {
        io_free(io);
        return err;
    }
    *made = io;
    return ERR_OK;
}

void io_free(struct io *io)
{
    if (io == NULL) return;
    for (uint32_t i = 0; i < io->slots_count; i++) {
        if (io->slots[i].kind != SLOT_FREE) io_close(io, slot_handle(io, &io->slots[i]));
    }
    disk_free(io);
    if (io->waker >= 0) (void)close(io->waker);
    if (io->epoll >= 0) (void)close(io->epoll);
    memory_unmap(io->receive, io->receive_bytes);
    free(io->lingerings.ring);
    free(io->slots);
    free(io);
}

/* --- waiting --------------------------------------------------------------------------------- */

static instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

/* Milliseconds, rounded up, until something is due; 0 where something is there already. */
static int wait_ms(const struct io *io, instant deadline)
{
    if (io->ready_count > 0 || io->woken || deadline.ns <= io->now.ns) return 0;
    instant until = disk_deadline(io, deadline);
    if (io->lingerings.count > 0) {
        until = earlier(until, io->lingerings.ring[io->lingerings.first].until);
    }
    if (io->accept_again.ns != 0) until = earlier(until, io->accept_again);
    int64_t ns = until.ns - clock_now().ns;
    if (ns <= 0) return 0;
    int64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static void on_event(struct io *io, const struct epoll_event *event, struct gather *gather)
{
    int64_t number = (int64_t)event->data.u64;
    if (number == EVENT_WAKER) {
        io->woken = true;
        return;
    }
    if (number == EVENT_DISK) {
        disk_reap(io);
        return;
    }
    io_handle handle = {(int32_t)number};
    struct io_slot *slot = slot_find(io, handle);
    if (slot == NULL) return; /* [I2] */
    if (slot->kind == SLOT_LISTENER) {
        listener_event(io, handle, gather);
    } else {
        socket_event(io, slot, event->events);
    }
}

/* What was there before the system was asked is served; then what the system said. [I3] */
static void serve_ready(struct io *io, struct gather *gather)
{
    /* A slot may give two completions, and one that has more goes to the end of the list; so each
     * is served at most twice. */
    for (uint32_t left = io->ready_count * 2; left > 0 && io->ready_count > 0; left--) {
        bool has_room = io->receive_bytes - io->receive_used >= IO_RECEIVE_LEAST;
        if (gather->max - gather->count < 2 || !has_room) return;
        struct io_slot *slot = &io->slots[io->ready_first];
        slot_unready(io, slot);
        socket_step(io, slot, gather);
    }
}

static void turn(struct io *io, instant deadline, struct gather *gather)
{
    struct epoll_event events[IO_EVENTS_MAX];
    int count = epoll_wait(io->epoll, events, IO_EVENTS_MAX, wait_ms(io, deadline));
    tick(io);
    for (int i = 0; i < count; i++) on_event(io, &events[i], gather);
    socket_lingering_expire(io);
    listeners_feed(io);
    if (io->woken && gather->count < gather->max) {
        (void)gather_add(gather, IO_WOKEN, (io_tag){0}, IO_NONE);
        io->woken = false;
    }
    disk_gather(io, gather);
    serve_ready(io, gather);
}

uint32_t io_wait(struct io *io, instant deadline, struct io_completion *completions, uint32_t max)
{
    ASSERT(max >= 2);
    struct gather gather = {.completions = completions, .max = max};
    io->receive_used = 0;
    do {
        turn(io, deadline, &gather);
    } while (gather.count == 0 && io->now.ns < deadline.ns);
    /* Once more, behind what was received: the process may have slept since the first look, and who
     * acts on these bytes must not believe that it is still then (a lease may have run out). */
    tick(io);
    return gather.count;
}

instant io_now(const struct io *io)
{
    return io->now;
}

int64_t io_unix_ms(const struct io *io)
{
    return io->unix_ms;
}

void io_wake(struct io *io)
{
    uint64_t one = 1;
    ssize_t written = write(io->waker, &one, sizeof one);
    ASSERT(written == sizeof one);
}
