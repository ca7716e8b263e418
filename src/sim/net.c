/*
 * net.c -- simulated TCP: see sim_impl.h.
 *
 * What an end sends is a queue of segments that arrive in order, each not before its time. A
 * segment that cannot get through is sent again, later and later, as kernels do: a cut delays a
 * connection, and only whoever waits finds it broken. A connection's end whose process died is
 * closed behind what was sent; one whose machine went off says nothing, and answers what comes
 * later by a reset.
 *
 * Invariants
 *   N1  of each direction, an arrival is in the agenda if and only if `due`.
 *   N2  a direction takes nothing more once it is `over`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/crc.h"
#include "sim/sim_impl.h"

enum {
    RETRY_MS_FIRST = 200,
    RETRY_DOUBLINGS_MAX = 4,
    SYN_TRIES_MAX = 8,
    SLOT_BITS = 20,
    REFUSED_ERROR = 111 /* ECONNREFUSED */
};
enum { TIMED_OUT_ERROR = 110 /* ETIMEDOUT */, PORT_FIRST = 32768 };

/* --- the table ----------------------------------------------------------------------------------
 */

struct connection *net_find(struct sim *sim, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & ((1U << SLOT_BITS) - 1));
    if (id == 0 || slot >= sim->net.count) return NULL;
    struct connection *connection = sim->net.connections[slot];
    return connection != NULL && connection->id == id ? connection : NULL;
}

static uint32_t take_slot(struct net *net)
{
    if (net->free_count > 0) return net->free_slots[--net->free_count];
    if ((net->count & (net->count - 1)) == 0) { /* a power of two is full */
        uint32_t capacity = net->count == 0 ? 1 : net->count * 2;
        net->connections = reallocarray(net->connections, capacity, sizeof(void *));
        net->free_slots = reallocarray(net->free_slots, capacity, sizeof *net->free_slots);
        ASSERT(net->connections != NULL);
        ASSERT(net->free_slots != NULL);
    }
    ASSERT(net->count < 1U << SLOT_BITS);
    return net->count++;
}

static struct connection *connection_new(struct net *net)
{
    uint32_t slot = take_slot(net);
    struct connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection != NULL);
    connection->id = ++net->serial << SLOT_BITS | slot;
    net->connections[slot] = connection;
    return connection;
}

static void segments_free(struct segments *segments)
{
    struct segment *at = segments->first;
    while (at != NULL) {
        struct segment *next = at->next;
        free(at);
        at = next;
    }
    *segments = (struct segments){0};
}

static void connection_free(struct net *net, struct connection *connection)
{
    uint32_t slot = (uint32_t)(connection->id & ((1U << SLOT_BITS) - 1));
    for (uint32_t i = 0; i < 2; i++) {
        segments_free(&connection->ends[i].received);
        segments_free(&connection->pipes[i].segments);
    }
    free(connection);
    net->connections[slot] = NULL;
    net->free_slots[net->free_count++] = slot;
}

void net_free(struct sim *sim)
{
    struct net *net = &sim->net;
    for (uint32_t i = 0; i < net->count; i++) {
        if (net->connections[i] != NULL) connection_free(net, net->connections[i]);
    }
    while (net->letters != NULL) { /* ends: each is taken off */
        struct letter *letter = net->letters;
        net->letters = letter->next;
        free(letter);
    }
    free(net->connections);
    free(net->free_slots);
}

/* Nobody is at either end, and nothing is on its way to somebody. */
void net_sweep(struct sim *sim)
{
    struct net *net = &sim->net;
    for (uint32_t i = 0; i < net->count; i++) {
        struct connection *connection = net->connections[i];
        if (connection == NULL) continue;
        const struct end *ends = connection->ends;
        if (ends[0].owner == END_GONE && ends[1].owner == END_GONE)
            connection_free(net, connection);
    }
}

/* --- the way ------------------------------------------------------------------------------------
 */

static bool is_off(const struct sim *sim, uint32_t place)
{
    return place < SIM_HOSTS_MAX && !sim->hosts[place].has_power;
}

/* Between two hosts, or a host and a client: does nothing get through? */
static bool is_cut(const struct sim *sim, uint32_t from, uint32_t to)
{
    bool from_host = from < SIM_HOSTS_MAX, to_host = to < SIM_HOSTS_MAX;
    if (from == to) return false;
    if (from_host && to_host) {
        return (sim->hosts[from].cut_to >> to & 1) != 0 ||
               (sim->hosts[to].cut_from >> from & 1) != 0;
    }
    if (from_host) return sim->hosts[from].cut_clients_out;
    return to_host && sim->hosts[to].cut_clients_in;
}

static bool gets_through(const struct sim *sim, uint32_t from, uint32_t to)
{
    return !is_off(sim, to) && !is_cut(sim, from, to);
}

static int64_t slowness_ns(const struct sim *sim, uint32_t place)
{
    return place < SIM_HOSTS_MAX ? sim->hosts[place].slow_link_ns : 0;
}

static int64_t latency_ns(struct sim *sim, uint32_t from, uint32_t to)
{
    const struct sim_network *network = &sim->network;
    struct prng *prng = &sim->net_prng;
    int64_t ns = network->latency_ns + slowness_ns(sim, from) + slowness_ns(sim, to);
    ns += (int64_t)prng_below(prng, (uint64_t)network->jitter_ns + 1);
    if (prng_below(prng, 1000000) < network->loss_per_million) ns += RETRY_MS_FIRST * SIM_NS_PER_MS;
    return ns;
}

static int64_t retry_ns(uint32_t tries)
{
    uint32_t doublings = tries < RETRY_DOUBLINGS_MAX ? tries : RETRY_DOUBLINGS_MAX;
    return (RETRY_MS_FIRST * SIM_NS_PER_MS) << doublings;
}

/* --- sending ------------------------------------------------------------------------------------
 */

static void schedule(struct sim *sim, struct connection *connection, uint32_t from)
{
    struct pipe *pipe = &connection->pipes[from];
    if (pipe->due || pipe->segments.first == NULL || !connection->open) return; /* [N1] */
    pipe->due = true;
    int64_t at = pipe->segments.first->arrives_at_ns;
    sim_happen(sim, at > sim->now_ns ? at : sim->now_ns, SIM_ARRIVAL, from, connection->id);
}

static void append(struct segments *segments, struct segment *segment)
{
    segment->next = NULL;
    if (segments->first == NULL) {
        segments->first = segment;
    } else {
        segments->last->next = segment;
    }
    segments->last = segment;
}

static struct segment *take(struct segments *segments)
{
    struct segment *segment = segments->first;
    segments->first = segment->next;
    return segment;
}

static void put(struct sim *sim, struct connection *connection, uint32_t from,
                enum segment_kind kind, struct slice bytes)
{
    struct pipe *pipe = &connection->pipes[from];
    if (pipe->over) return; /* [N2] */
    struct segment *segment = malloc(sizeof *segment + bytes.len);
    ASSERT(segment != NULL);
    *segment = (struct segment){.len = bytes.len};
    segment->kind = kind;
    if (bytes.len > 0) memcpy(segment->bytes, bytes.data, bytes.len);
    const struct end *ends = connection->ends;
    int64_t spent = ends[from].owner == END_NODE ? io_host(ends[from].io)->spent_ns : 0;
    int64_t at = sim->now_ns + spent + latency_ns(sim, ends[from].place, ends[1 - from].place);
    if (at < pipe->last_arrival_ns) at = pipe->last_arrival_ns;
    pipe->last_arrival_ns = segment->arrives_at_ns = at;
    pipe->bytes += bytes.len;
    pipe->over = kind != SEGMENT_BYTES;
    append(&pipe->segments, segment);
    schedule(sim, connection, from);
}

size_t net_send(struct sim *sim, struct connection *connection, uint32_t from, struct slice bytes)
{
    struct end *own = &connection->ends[from];
    const struct pipe *pipe = &connection->pipes[from];
    size_t under_way = pipe->bytes + connection->ends[1 - from].received_bytes;
    size_t window = sim->network.window_bytes;
    size_t room = under_way < window ? window - under_way : 0;
    if (own->owner == END_CLIENT) room = SIZE_MAX;
    size_t len = u64_min(bytes.len, room);
    if (len > 0) put(sim, connection, from, SEGMENT_BYTES, slice_of(bytes.data, len));
    own->wants_room = len < bytes.len;
    return len;
}

/* --- arriving -----------------------------------------------------------------------------------
 */

static void tell_client(struct sim *sim, struct connection *connection, uint32_t end,
                        enum sim_event_kind kind, struct slice bytes)
{
    struct end *own = &connection->ends[end];
    struct sim_event event = {kind, own->client, {connection->id}, own->tag, bytes};
    if (kind == SIM_CLOSED) net_close(sim, connection, end, false);
    sim_tell(sim, &event);
}

static void answer_by_reset(struct sim *sim, struct connection *connection, uint32_t from)
{
    put(sim, connection, from, SEGMENT_RESET, (struct slice){0});
}

/* Whoever waits for room to send more to `end` hears of it. */
static void room_made(struct sim *sim, struct connection *connection, uint32_t end)
{
    const struct end *own = &connection->ends[end], *other = &connection->ends[1 - end];
    if (!other->wants_room) return;
    int64_t at = sim->now_ns + latency_ns(sim, own->place, other->place);
    sim_happen(sim, at, SIM_WINDOW, 1 - end, connection->id);
}

static void arrive_at_client(struct sim *sim, struct connection *connection, uint32_t to,
                             const struct segment *segment)
{
    switch (segment->kind) {
    case SEGMENT_BYTES:
        room_made(sim, connection, to); /* clients read at once; the program may end it */
        tell_client(sim, connection, to, SIM_RECEIVED, slice_of(segment->bytes, segment->len));
        break;
    case SEGMENT_END:
    case SEGMENT_RESET: tell_client(sim, connection, to, SIM_CLOSED, (struct slice){0}); break;
    }
}

/* True: the segment is kept. */
static bool arrive_at_node(struct connection *connection, uint32_t to, struct segment *segment)
{
    struct end *end = &connection->ends[to];
    switch (segment->kind) {
    case SEGMENT_BYTES: end->received_bytes += segment->len; break;
    case SEGMENT_END: end->ended = true; break;
    case SEGMENT_RESET: end->reset = true; break;
    }
    if (segment->kind == SEGMENT_BYTES) append(&end->received, segment);
    if (end->owner == END_NODE) io_end_changed(end->io, end->handle);
    return segment->kind == SEGMENT_BYTES;
}

static void arrive(struct sim *sim, struct connection *connection, uint32_t from,
                   struct segment *segment)
{
    uint32_t to = 1 - from;
    struct end *end = &connection->ends[to];
    bool kept = false;
    sim_note(sim, connection->id << 1 ^ from);
    sim_note(sim, crc32c(0, slice_of(segment->bytes, segment->len)) ^ segment->len << 32);
    switch (end->owner) {
    case END_GONE:
        if (segment->kind != SEGMENT_RESET && !end->lingers) answer_by_reset(sim, connection, to);
        break;
    case END_CLIENT: arrive_at_client(sim, connection, to, segment); break;
    case END_WAITING:
    case END_NODE: kept = arrive_at_node(connection, to, segment); break;
    }
    if (!kept) free(segment);
}

void net_arrival(struct sim *sim, uint64_t id, uint32_t from)
{
    struct connection *connection = net_find(sim, id);
    if (connection == NULL) return;
    struct pipe *pipe = &connection->pipes[from];
    pipe->due = false;
    if (pipe->segments.first == NULL) return; /* it broke meanwhile */
    if (!gets_through(sim, connection->ends[from].place, connection->ends[1 - from].place)) {
        pipe->due = true;
        sim_happen(sim, sim->now_ns + retry_ns(pipe->tries++), SIM_ARRIVAL, from, id);
        return;
    }
    pipe->tries = 0;
    if (pipe->segments.first->arrives_at_ns <= sim->now_ns) {
        struct segment *segment = take(&pipe->segments);
        pipe->bytes -= segment->len;
        arrive(sim, connection, from, segment);
    }
    connection = net_find(sim, id); /* it may be over by what the program did */
    if (connection != NULL) schedule(sim, connection, from);
}

void net_consumed(struct sim *sim, struct connection *connection, uint32_t end, size_t bytes)
{
    connection->ends[end].received_bytes -= bytes;
    room_made(sim, connection, end);
}

void net_window(struct sim *sim, uint64_t id, uint32_t to)
{
    struct connection *connection = net_find(sim, id);
    if (connection == NULL) return;
    struct end *end = &connection->ends[to];
    if (!end->wants_room || end->owner != END_NODE) return;
    if (!gets_through(sim, connection->ends[1 - to].place, end->place)) {
        sim_happen(sim, sim->now_ns + retry_ns(0), SIM_WINDOW, to, id);
        return;
    }
    io_end_changed(end->io, end->handle);
}

/* --- opening ------------------------------------------------------------------------------------
 */

static uint32_t place_of_address(const struct sim *sim, const struct io_address *address)
{
    for (uint32_t i = 0; i < sim->hosts_count; i++) {
        if (strcmp(sim->hosts[i].address.text, address->text) == 0) return i;
    }
    return UINT32_MAX;
}

struct connection *net_connect(struct sim *sim, uint32_t from_place, const struct io_address *from,
                               const struct io_address *to)
{
    struct connection *connection = connection_new(&sim->net);
    uint32_t place = place_of_address(sim, to);
    connection->to = *to;
    connection->ends[0].place = from_place;
    connection->ends[0].address = *from;
    if (from->port == 0) {
        connection->ends[0].address.port =
            (uint16_t)(PORT_FIRST + sim->net.next_port++ % PORT_FIRST);
    }
    connection->ends[1].place = place == UINT32_MAX ? from_place : place;
    connection->ends[1].address = *to;
    sim_happen(sim, sim->now_ns + latency_ns(sim, from_place, connection->ends[1].place), SIM_SYN,
               0, connection->id);
    return connection;
}

static void connect_failed(struct sim *sim, struct connection *connection, int error_number)
{
    struct end *end = &connection->ends[0];
    switch (end->owner) {
    case END_CLIENT: tell_client(sim, connection, 0, SIM_CLOSED, (struct slice){0}); break;
    case END_NODE:
        end->reset = true;
        io_connected(end->io, end->handle, error_number == TIMED_OUT_ERROR ? ERR_IO : ERR_CLOSED,
                     error_number);
        break;
    case END_GONE:
    case END_WAITING: break;
    }
}

static void try_again(struct sim *sim, struct connection *connection, enum sim_happening kind,
                      bool accepted)
{
    if (connection->tries++ == SYN_TRIES_MAX) {
        connect_failed(sim, connection, TIMED_OUT_ERROR);
        return;
    }
    sim_happen(sim, sim->now_ns + retry_ns(connection->tries), kind, accepted, connection->id);
}

void net_syn(struct sim *sim, uint64_t id)
{
    struct connection *connection = net_find(sim, id);
    if (connection == NULL || connection->ends[0].owner == END_GONE) return;
    struct end *end = &connection->ends[1];
    struct listener_place listener;
    bool is_host = place_of_address(sim, &connection->to) != UINT32_MAX;
    if (is_host && !gets_through(sim, connection->ends[0].place, end->place)) {
        try_again(sim, connection, SIM_SYN, false);
        return;
    }
    uint64_t chance = prng_next(&sim->net_prng);
    if (is_host && io_find_listener(&sim->hosts[end->place], &connection->to, chance, &listener)) {
        if (!io_offer(listener.io, listener.handle, id)) {
            try_again(sim, connection, SIM_SYN, false);
            return;
        }
        end->owner = END_WAITING;
        end->io = listener.io;
        end->handle = listener.handle;
    }
    sim_happen(sim, sim->now_ns + latency_ns(sim, end->place, connection->ends[0].place),
               SIM_SYN_ACK, end->owner == END_WAITING, id);
}

void net_syn_ack(struct sim *sim, uint64_t id, bool accepted)
{
    struct connection *connection = net_find(sim, id);
    if (connection == NULL) return;
    struct end *end = &connection->ends[0];
    if (!gets_through(sim, connection->ends[1].place, end->place)) {
        try_again(sim, connection, SIM_SYN_ACK, accepted);
        return;
    }
    if (!accepted) {
        connect_failed(sim, connection, REFUSED_ERROR);
        return;
    }
    connection->open = true;
    schedule(sim, connection, 0);
    schedule(sim, connection, 1);
    switch (end->owner) {
    case END_CLIENT: tell_client(sim, connection, 0, SIM_CONNECTED, (struct slice){0}); break;
    case END_NODE: io_connected(end->io, end->handle, ERR_OK, 0); break;
    case END_GONE:
    case END_WAITING: break;
    }
}

/* --- closing ------------------------------------------------------------------------------------
 */

void net_close(struct sim *sim, struct connection *connection, uint32_t end, bool gently)
{
    struct end *own = &connection->ends[end];
    bool unread = own->received.first != NULL;
    bool known = !own->reset; /* the other end knows of it still */
    own->owner = END_GONE;
    own->lingers = gently;
    own->wants_room = false;
    own->received_bytes = 0;
    segments_free(&own->received);
    if (known) {
        put(sim, connection, end, unread && !gently ? SEGMENT_RESET : SEGMENT_END,
            (struct slice){0});
    }
}

static void drop_under_way(struct pipe *pipe)
{
    segments_free(&pipe->segments);
    pipe->bytes = 0;
    pipe->over = false;
}

void net_break(struct sim *sim, struct connection *connection, uint32_t late_end, int64_t late_ns)
{
    for (uint32_t to = 0; to < 2; to++) {
        struct pipe *pipe = &connection->pipes[1 - to];
        if (to == late_end) {
            pipe->last_arrival_ns = sim->now_ns + late_ns;
            for (struct segment *at = pipe->segments.first; at != NULL; at = at->next) {
                at->arrives_at_ns += late_ns;
                if (at->arrives_at_ns > pipe->last_arrival_ns) {
                    pipe->last_arrival_ns = at->arrives_at_ns;
                }
            }
        } else {
            drop_under_way(pipe);
        }
        put(sim, connection, 1 - to, SEGMENT_RESET, (struct slice){0});
    }
}

/* What had left the machine may arrive still; the rest is gone, and so is the end. */
void net_power_lost(struct sim *sim, struct host *host)
{
    for (uint32_t i = 0; i < sim->net.count; i++) {
        struct connection *connection = sim->net.connections[i];
        for (uint32_t end = 0; connection != NULL && end < 2; end++) {
            struct end *own = &connection->ends[end];
            if (own->place != host->number) continue;
            own->owner = END_GONE;
            own->lingers = false;
            own->received_bytes = 0;
            segments_free(&own->received);
            if (prng_below(&sim->net_prng, 2) == 0) drop_under_way(&connection->pipes[end]);
        }
    }
}

/* --- datagrams ----------------------------------------------------------------------------------
 */

void net_post(struct sim *sim, uint32_t from_place, const struct io_address *from,
              const struct io_address *to, struct slice bytes)
{
    const struct sim_network *network = &sim->network;
    uint32_t to_place = place_of_address(sim, to);
    bool lost = prng_below(&sim->net_prng, 1000000) < network->loss_per_million;
    int64_t ns = network->latency_ns + slowness_ns(sim, from_place);
    ns += (int64_t)prng_below(&sim->net_prng, (uint64_t)network->jitter_ns + 1);
    if (lost || to_place == UINT32_MAX) return;
    struct letter *letter = malloc(sizeof *letter + bytes.len);
    ASSERT(letter != NULL);
    *letter = (struct letter){.next = sim->net.letters, .len = bytes.len};
    letter->from_place = from_place;
    letter->to_place = to_place;
    letter->from = *from;
    letter->to = *to;
    memcpy(letter->bytes, bytes.data, bytes.len);
    if (letter->next != NULL) letter->next->previous = letter;
    sim->net.letters = letter;
    int64_t spent = sim->hosts[from_place].spent_ns;
    sim_happen(sim, sim->now_ns + spent + ns + slowness_ns(sim, to_place), SIM_LETTER,
               from_place * SIM_HOSTS_MAX + to_place, (uint64_t)(uintptr_t)letter);
}

void net_letter(struct sim *sim, struct letter *letter)
{
    if (letter->previous == NULL) {
        sim->net.letters = letter->next;
    } else {
        letter->previous->next = letter->next;
    }
    if (letter->next != NULL) letter->next->previous = letter->previous;
    letter->next = letter->previous = NULL;
    sim_note(sim, crc32c(0, slice_of(letter->bytes, letter->len)) ^ letter->len << 32);
    if (gets_through(sim, letter->from_place, letter->to_place)) {
        io_letter(&sim->hosts[letter->to_place], letter);
    } else {
        free(letter);
    }
}
