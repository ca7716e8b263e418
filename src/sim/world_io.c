/*
 * world_io.c -- io.h in a simulated world: the wait, which never waits, and the slots.
 *
 * Invariants
 *   I1  a slot in the list of the ready ones is not free, and is in it once.
 *   I2  whoever becomes ready asks for a turn of the lane.
 */
#include <stdlib.h>

#include "io/memory.h"
#include "sim/world_impl.h"

enum { RECEIVE_BYTES_USUAL = 256 << 10, RECEIVE_LEAST = 512, SLOTS_FIRST = 32 };

/* --- slots -------------------------------------------------------------------------------------
 */

static struct io_slot *slot_take(struct io *io)
{
    if (io->free_first != IO_SLOT_END) {
        struct io_slot *slot = &io->slots[io->free_first];
        io->free_first = slot->next;
        return slot;
    }
    if (io->slots_count == io->slots_capacity) {
        io->slots_capacity = io->slots_capacity == 0 ? SLOTS_FIRST : io->slots_capacity * 2;
        io->slots = reallocarray(io->slots, io->slots_capacity, sizeof *io->slots);
        ASSERT(io->slots != NULL);
    }
    struct io_slot *slot = &io->slots[io->slots_count++];
    slot->generation = 0;
    return slot;
}

struct io_slot *slot_new(struct io *io, enum slot_kind kind, io_tag tag, io_handle *handle)
{
    struct io_slot *slot = slot_take(io);
    uint32_t generation = slot->generation;
    *slot = (struct io_slot){.kind = kind,
                             .generation = generation,
                             .next = IO_SLOT_END,
                             .previous = IO_SLOT_END,
                             .tag = tag};
    *handle = slot_handle(io, slot);
    return slot;
}

io_handle slot_handle(const struct io *io, const struct io_slot *slot)
{
    uint32_t index = (uint32_t)(slot - io->slots);
    return (io_handle){(int32_t)(index | slot->generation << IO_GENERATION_SHIFT)};
}

struct io_slot *slot_find(const struct io *io, io_handle handle)
{
    if (handle.n < 0) return NULL;
    uint32_t index = (uint32_t)handle.n & ((1U << IO_GENERATION_SHIFT) - 1);
    if (index >= io->slots_count) return NULL;
    struct io_slot *slot = &io->slots[index];
    bool same = slot->generation == (uint32_t)handle.n >> IO_GENERATION_SHIFT;
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
    host_want_turn(io->host, io->lane, io->host->sim->now_ns); /* [I2] */
    if (slot->flags & SLOT_READY) return;                      /* [I1] */
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
}

/* --- making and freeing ------------------------------------------------------------------------
 */

static void tick(struct io *io)
{
    io->now.ns = host_monotonic_ns(io->host);
    io->unix_ms = host_wall_us(io->host) / 1000;
}

enum err io_new(const struct io_config *config, struct io **made, struct fault *fault)
{
    (void)fault;
    struct host *host = sim_current_host;
    struct io *io = calloc(1, sizeof *io);
    ASSERT(io != NULL);
    io->host = host;
    io->lane = host->lanes_count;
    io->free_first = io->ready_first = io->ready_last = IO_SLOT_END;
    io->receive_bytes = config->receive_bytes == 0 ? RECEIVE_BYTES_USUAL : config->receive_bytes;
    io->receive = memory_map(io->receive_bytes);
    host->lanes[io->lane].io = io;
    tick(io);
    *made = io;
    return ERR_OK;
}

void io_free(struct io *io)
{
    if (io == NULL) return;
    for (uint32_t i = 0; i < io->slots_count; i++) {
        if (io->slots[i].kind != SLOT_FREE) io_close(io, slot_handle(io, &io->slots[i]));
    }
    disk_drop_all(io);
    io->host->lanes[io->lane].io = NULL;
    memory_unmap(io->receive, io->receive_bytes);
    free(io->slots);
    free(io);
}

const char *io_disk_name(const struct io *io)
{
    (void)io;
    return "simulated";
}

struct host *io_host(const struct io *io)
{
    return io->host;
}

/* --- waiting -----------------------------------------------------------------------------------
 */

static void serve_ready(struct io *io, struct gather *gather)
{
    int32_t last = io->ready_last;           /* who comes back is for the next turn */
    while (io->ready_first != IO_SLOT_END) { /* ends: at the last one there was */
        bool has_room = io->receive_bytes - io->receive_used >= RECEIVE_LEAST;
        if (gather->max - gather->count < 2 || !has_room) break;
        int32_t index = io->ready_first;
        slot_unready(io, &io->slots[index]);
        socket_step(io, &io->slots[index], gather);
        if (index == last) break;
    }
}

uint32_t io_wait(struct io *io, instant deadline, struct io_completion *completions, uint32_t max)
{
    ASSERT(max >= 2);
    (void)deadline; /* whoever turns the lane knows it */
    struct gather gather = {completions, 0, max};
    tick(io);
    io->receive_used = 0;
    if (io->woken) (void)gather_add(&gather, IO_WOKEN, (io_tag){0}, IO_NONE);
    io->woken = false;
    disk_gather(io, &gather);
    serve_ready(io, &gather);
    bool more = io->ready_first != IO_SLOT_END || io->finished.first != NULL;
    if (more) host_want_turn(io->host, io->lane, io->host->sim->now_ns);
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
    io->woken = true;
    host_want_turn(io->host, io->lane, io->host->sim->now_ns);
}

void io_close(struct io *io, io_handle handle)
{
    struct io_slot *slot = slot_of(io, handle);
    if (slot->kind == SLOT_FILE) {
        disk_close_file(io, handle);
    } else {
        socket_close(io, slot, false);
    }
    slot_free(io, slot);
}
