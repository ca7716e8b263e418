/* world_datagram.c -- datagrams of io.h in a simulated world: see world_impl.h. */
#include <stdlib.h>

#include "sim/world_impl.h"

enum { ALIGN = 16, PORT_ANY_FIRST = 49152 };

static bool is_at(const struct io_slot *slot, const struct io_address *to)
{
    return slot->kind == SLOT_DATAGRAM && slot->address.port == to->port;
}

static struct io_slot *find(struct host *host, const struct io_address *to, struct io **owner)
{
    for (uint32_t lane = 0; lane <= host->lanes_count && lane < SIM_LANES_MAX; lane++) {
        struct io *io = host->lanes[lane].io;
        for (uint32_t i = 0; io != NULL && i < io->slots_count; i++) {
            *owner = io;
            if (is_at(&io->slots[i], to)) return &io->slots[i];
        }
    }
    return NULL;
}

enum err io_datagram_open(struct io *io, struct io_address *address, io_tag tag, io_handle *handle,
                          struct fault *fault)
{
    struct io *owner;
    if (strcmp(address->text, io->host->address.text) != 0) {
        return fault_set(fault, ERR_NOT_FOUND, "%s is no address of this host", address->text);
    }
    if (address->port == 0) address->port = PORT_ANY_FIRST;
    if (find(io->host, address, &owner) != NULL) {
        return fault_set(fault, ERR_EXISTS, "port %u of %s is busy", address->port, address->text);
    }
    struct io_slot *slot = slot_new(io, SLOT_DATAGRAM, tag, handle);
    slot->address = *address;
    return ERR_OK;
}

void io_datagram_send(struct io *io, io_handle handle, const struct io_address *to,
                      struct slice bytes)
{
    const struct io_slot *slot = slot_of(io, handle);
    ASSERT(slot->kind == SLOT_DATAGRAM);
    ASSERT(bytes.len <= IO_DATAGRAM_BYTES_MAX);
    if (!io->host->dying) net_post(io->host->sim, io->host->number, &slot->address, to, bytes);
}

/* The kernel keeps some for a process that stands still; the rest is lost. */
void io_letter(struct host *host, struct letter *letter)
{
    struct io *io;
    struct io_slot *slot = find(host, &letter->to, &io);
    if (slot == NULL || slot->letters_count == LETTERS_MAX) {
        free(letter);
        return;
    }
    struct letter **end = &slot->letters;
    while (*end != NULL) end = &(*end)->next; /* ends: LETTERS_MAX */
    *end = letter;
    slot->letters_count++;
    slot_ready(io, slot);
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static bool receive_one(struct io *io, struct io_slot *slot, struct gather *gather)
{
    struct letter *letter = slot->letters;
    size_t head = aligned(sizeof letter->from), used = aligned(io->receive_used);
    if (letter == NULL || gather->count == gather->max) return false;
    if (io->receive_bytes < used + head + letter->len) return false;
    struct io_address *from = (struct io_address *)(void *)(io->receive + used);
    *from = letter->from;
    memcpy(io->receive + used + head, letter->bytes, letter->len);
    struct io_completion *completion =
        gather_add(gather, IO_DATAGRAM, slot->tag, slot_handle(io, slot));
    completion->bytes = slice_of(io->receive + used + head, letter->len);
    completion->from = from;
    io->receive_used = used + head + letter->len;
    slot->letters = letter->next;
    slot->letters_count--;
    free(letter);
    return true;
}

void datagram_step(struct io *io, struct io_slot *slot, struct gather *gather)
{
    while (receive_one(io, slot, gather)) continue; /* ends: LETTERS_MAX */
    if (slot->letters != NULL) slot_ready(io, slot);
}

void datagram_close(struct io_slot *slot)
{
    while (slot->letters != NULL) { /* ends: each is taken off */
        struct letter *letter = slot->letters;
        slot->letters = letter->next;
        free(letter);
    }
    slot->letters_count = 0;
}
