/* world_socket.c -- connections of io.h in a simulated world: see world_impl.h. */
#include <errno.h>
#include <stdlib.h>

#include "sim/world_impl.h"

/* --- what the network says ---------------------------------------------------------------------
 */

static bool listens_at(const struct io_slot *slot, const struct io_address *to)
{
    return slot->kind == SLOT_LISTENER && slot->address.port == to->port &&
           (strcmp(slot->address.text, to->text) == 0 ||
            strcmp(slot->address.text, "0.0.0.0") == 0);
}

bool io_find_listener(struct host *host, const struct io_address *to, uint64_t chance,
                      struct listener_place *listener)
{
    struct listener_place found[SIM_LANES_MAX];
    uint32_t count = 0;
    for (uint32_t lane = 0; lane < host->lanes_count; lane++) {
        struct io *io = host->lanes[lane].io;
        for (uint32_t i = 0; i < io->slots_count && count < SIM_LANES_MAX; i++) {
            if (!listens_at(&io->slots[i], to)) continue;
            found[count++] = (struct listener_place){io, slot_handle(io, &io->slots[i])};
        }
    }
    if (count > 0) *listener = found[chance % count];
    return count > 0;
}

bool io_offer(struct io *io, io_handle listener, uint64_t connection)
{
    struct io_slot *slot = slot_of(io, listener);
    if (slot->backlog_count == slot->backlog_max) return false;
    slot->backlog[slot->backlog_count++] = connection;
    if (!(slot->flags & SLOT_PAUSED)) slot_ready(io, slot);
    return true;
}

void io_connected(struct io *io, io_handle handle, enum err err, int error_number)
{
    struct io_slot *slot = slot_find(io, handle);
    if (slot == NULL) return;
    slot->flags |= SLOT_ANSWERED;
    slot->err = err;
    slot->error_number = error_number;
    slot_ready(io, slot);
}

static struct end *end_of(const struct io *io, const struct io_slot *slot)
{
    struct connection *connection = net_find(io->host->sim, slot->connection);
    ASSERT(connection != NULL);
    return &connection->ends[slot->end];
}

static bool has_work(const struct io *io, const struct io_slot *slot)
{
    const uint32_t silent = SLOT_PAUSED | SLOT_ENDED | SLOT_OVER;
    if (slot->kind == SLOT_CONNECTING) return slot->flags & SLOT_ANSWERED;
    if (slot->kind != SLOT_CONNECTION || (slot->flags & SLOT_OVER)) return false;
    const struct end *end = end_of(io, slot);
    if (end->reset && end->received_bytes == 0) return true;
    if (!end->wants_room && (slot->flags & SLOT_SEND_SHORT)) return true;
    if ((slot->flags & (silent | SLOT_RECEIVING)) != SLOT_RECEIVING) return end->reset;
    return end->received_bytes > 0 || end->ended;
}

void io_end_changed(struct io *io, io_handle handle)
{
    struct io_slot *slot = slot_find(io, handle);
    if (slot == NULL || slot->kind != SLOT_CONNECTION) return;
    struct end *end = end_of(io, slot);
    const struct connection *connection = net_find(io->host->sim, slot->connection);
    size_t under_way =
        connection->pipes[slot->end].bytes + connection->ends[1 - slot->end].received_bytes;
    if (under_way < io->host->sim->network.window_bytes) end->wants_room = false;
    if (has_work(io, slot)) slot_ready(io, slot);
}

/* --- what is to be done ------------------------------------------------------------------------
 */

static void accept_some(struct io *io, struct io_slot *slot, struct gather *gather)
{
    uint32_t taken = 0;
    io_tag tag = slot->tag;
    io_handle listener = slot_handle(io, slot);
    for (; taken < slot->backlog_count && gather->count < gather->max / 2; taken++) {
        struct connection *connection = net_find(io->host->sim, slot->backlog[taken]);
        if (connection == NULL || connection->ends[1].owner != END_WAITING) continue;
        io_handle handle;
        struct io_slot *accepted = slot_new(io, SLOT_CONNECTION, (io_tag){0}, &handle);
        accepted->connection = connection->id;
        accepted->end = 1;
        connection->ends[1].owner = END_NODE;
        connection->ends[1].io = io;
        connection->ends[1].handle = handle;
        (void)gather_add(gather, IO_ACCEPTED, tag, handle);
        slot = slot_of(io, listener); /* it may have moved */
    }
    slot->backlog_count -= taken;
    memmove(slot->backlog, slot->backlog + taken, slot->backlog_count * sizeof *slot->backlog);
    if (slot->backlog_count > 0) slot_ready(io, slot);
}

static void connected(struct io *io, struct io_slot *slot, struct gather *gather)
{
    slot->kind = SLOT_CONNECTION;
    struct io_completion *completion =
        gather_add(gather, IO_CONNECTED, slot->tag, slot_handle(io, slot));
    completion->err = slot->err;
    completion->error_number = slot->error_number;
    if (slot->err != ERR_OK) slot->flags |= SLOT_OVER;
}

static size_t take_received(struct end *end, uint8_t *to, size_t room)
{
    size_t taken = 0;
    while (end->received.first != NULL && taken < room) { /* ends: each is used up */
        struct segment *segment = end->received.first;
        size_t some = u64_min(segment->len - segment->used, room - taken);
        memcpy(to + taken, segment->bytes + segment->used, some);
        segment->used += some;
        taken += some;
        if (segment->used < segment->len) break;
        end->received.first = segment->next;
        free(segment);
    }
    return taken;
}

static void receive(struct io *io, struct io_slot *slot, struct end *end, struct gather *gather)
{
    uint8_t *to = io->receive + io->receive_used;
    size_t got = take_received(end, to, io->receive_bytes - io->receive_used);
    if (got == 0 && !end->ended) return;
    if (got == 0) slot->flags |= SLOT_ENDED;
    struct io_completion *completion =
        gather_add(gather, IO_RECEIVED, slot->tag, slot_handle(io, slot));
    completion->bytes = slice_of(to, got);
    io->receive_used += got;
    struct sim *sim = io->host->sim;
    if (got > 0) net_consumed(sim, net_find(sim, slot->connection), slot->end, got);
}

static void broken(struct io *io, struct io_slot *slot, struct gather *gather)
{
    slot->flags |= SLOT_OVER;
    struct io_completion *completion =
        gather_add(gather, IO_BROKEN, slot->tag, slot_handle(io, slot));
    completion->err = ERR_CLOSED;
    completion->error_number = ECONNRESET;
}

static void connection_step(struct io *io, struct io_slot *slot, struct gather *gather)
{
    struct end *end = end_of(io, slot);
    bool listens = (slot->flags & (SLOT_RECEIVING | SLOT_PAUSED | SLOT_ENDED)) == SLOT_RECEIVING;
    if (slot->flags & SLOT_OVER) return;
    if (end->reset && (end->received_bytes == 0 || !listens)) {
        broken(io, slot, gather);
        return;
    }
    if ((slot->flags & SLOT_SEND_SHORT) && !end->wants_room) {
        slot->flags &= ~(uint32_t)SLOT_SEND_SHORT;
        (void)gather_add(gather, IO_SENDABLE, slot->tag, slot_handle(io, slot));
    }
    if (listens) receive(io, slot, end, gather);
    if (has_work(io, slot)) slot_ready(io, slot);
}

void socket_step(struct io *io, struct io_slot *slot, struct gather *gather)
{
    switch (slot->kind) {
    case SLOT_LISTENER: accept_some(io, slot, gather); break;
    case SLOT_CONNECTING: connected(io, slot, gather); break;
    case SLOT_CONNECTION: connection_step(io, slot, gather); break;
    case SLOT_DATAGRAM: datagram_step(io, slot, gather); break;
    case SLOT_FILE:
    case SLOT_FREE: break; /* never in the list */
    }
}

/* --- io.h --------------------------------------------------------------------------------------
 */

bool io_address_is_local(const struct io_address *address)
{
    return strncmp(address->text, "127.", 4) == 0;
}

/* Here every host is named by its number. */
enum err io_address_resolve(const char *host, uint16_t port, struct io_address *address,
                            struct fault *fault)
{
    *address = (struct io_address){.port = port};
    if (strlen(host) >= sizeof address->text) {
        return fault_set(fault, ERR_NOT_FOUND, "'%s' is no host's address", host);
    }
    memcpy(address->text, host, strlen(host));
    return ERR_OK;
}

static bool is_taken(const struct host *host, const struct io_address *address, bool share)
{
    for (uint32_t lane = 0; lane <= host->lanes_count && !share; lane++) {
        const struct io *io = host->lanes[lane].io;
        for (uint32_t i = 0; io != NULL && i < io->slots_count; i++) {
            if (listens_at(&io->slots[i], address)) return true;
        }
    }
    return false;
}

enum err io_listen(struct io *io, struct io_address *address, uint32_t backlog, bool share,
                   io_tag tag, io_handle *listener, struct fault *fault)
{
    if (strcmp(address->text, io->host->address.text) != 0) {
        return fault_set(fault, ERR_NOT_FOUND, "%s is no address of this host", address->text);
    }
    if (is_taken(io->host, address, share)) {
        return fault_set(fault, ERR_EXISTS, "port %u of %s is busy", address->port, address->text);
    }
    struct io_slot *slot = slot_new(io, SLOT_LISTENER, tag, listener);
    slot->address = *address;
    slot->backlog_max = (uint32_t)u64_max(u64_min(backlog, BACKLOG_MAX), 1);
    slot->backlog = calloc(slot->backlog_max, sizeof *slot->backlog);
    ASSERT(slot->backlog != NULL);
    return ERR_OK;
}

void io_accept_pause(struct io *io, io_handle listener, bool paused)
{
    struct io_slot *slot = slot_of(io, listener);
    slot->flags = paused ? slot->flags | SLOT_PAUSED : slot->flags & ~(uint32_t)SLOT_PAUSED;
    if (!paused && slot->backlog_count > 0) slot_ready(io, slot);
}

void io_peer(const struct io *io, io_handle connection, struct io_address *peer,
             struct io_address *local)
{
    const struct io_slot *slot = slot_of(io, connection);
    const struct connection *between = net_find(io->host->sim, slot->connection);
    *peer = between->ends[1 - slot->end].address;
    *local = between->ends[slot->end].address;
}

void io_keepalive(struct io *io, io_handle connection, uint32_t seconds)
{
    ASSERT(slot_of(io, connection)->kind == SLOT_CONNECTION);
    (void)seconds; /* a half-open connection stays so: the worst that may be */
}

void io_receive_start(struct io *io, io_handle connection, io_tag tag)
{
    struct io_slot *slot = slot_of(io, connection);
    ASSERT(slot->kind == SLOT_CONNECTION);
    slot->tag = tag;
    slot->flags |= SLOT_RECEIVING;
    if (has_work(io, slot)) slot_ready(io, slot);
}

void io_receive_pause(struct io *io, io_handle connection, bool paused)
{
    struct io_slot *slot = slot_of(io, connection);
    ASSERT(slot->kind == SLOT_CONNECTION);
    slot->flags = paused ? slot->flags | SLOT_PAUSED : slot->flags & ~(uint32_t)SLOT_PAUSED;
    if (has_work(io, slot)) slot_ready(io, slot);
}

enum err io_send(struct io *io, io_handle handle, const struct slice *slices, uint32_t count,
                 size_t *sent)
{
    struct sim *sim = io->host->sim;
    struct io_slot *slot = slot_of(io, handle);
    struct connection *connection = net_find(sim, slot->connection);
    const struct end *end = &connection->ends[slot->end];
    struct buffer all = {0};
    *sent = 0;
    if (io->host->dying) return ERR_CLOSED;
    if (end->reset) return ERR_CLOSED;
    for (uint32_t i = 0; i < count; i++) buffer_append(&all, slices[i]);
    *sent = net_send(sim, connection, slot->end, buffer_slice(&all));
    if (*sent < all.len) slot->flags |= SLOT_SEND_SHORT;
    buffer_free(&all);
    return ERR_OK;
}

enum err io_connect(struct io *io, const struct io_address *to, const struct io_address *from,
                    io_tag tag, io_handle *handle, struct fault *fault)
{
    (void)fault;
    struct io_address own = from == NULL ? io->host->address : *from;
    struct connection *connection = net_connect(io->host->sim, io->host->number, &own, to);
    struct io_slot *slot = slot_new(io, SLOT_CONNECTING, tag, handle);
    slot->connection = connection->id;
    slot->end = 0;
    connection->ends[0].owner = END_NODE;
    connection->ends[0].io = io;
    connection->ends[0].handle = *handle;
    return ERR_OK;
}

void socket_close(struct io *io, struct io_slot *slot, bool gently)
{
    struct sim *sim = io->host->sim;
    for (uint32_t i = 0; i < slot->backlog_count; i++) {
        struct connection *waiting = net_find(sim, slot->backlog[i]);
        if (waiting == NULL || waiting->ends[1].owner != END_WAITING) continue;
        net_close(sim, waiting, 1, false);
    }
    free(slot->backlog);
    if (slot->kind == SLOT_DATAGRAM) datagram_close(slot);
    if (slot->kind == SLOT_LISTENER || slot->kind == SLOT_DATAGRAM) return;
    struct connection *connection = net_find(sim, slot->connection);
    if (connection == NULL || connection->ends[slot->end].owner != END_NODE) return;
    net_close(sim, connection, slot->end, gently);
}

void io_close_gently(struct io *io, io_handle connection)
{
    struct io_slot *slot = slot_of(io, connection);
    socket_close(io, slot, true);
    slot_free(io, slot);
}
