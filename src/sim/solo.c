/*
 * solo.c -- see solo.h.
 *
 * A client has one request under way. A request that got no answer may happen at any later time:
 * so its value may be read from then on, until the client takes a new register. Otherwise a read
 * gives what was written or read last. A counter is over the last count told, and at most the
 * number of increments sent.
 */
#include "sim/solo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/integer.h"

#define MS INT64_C(1000000)

enum {
    CLIENTS = 6,
    UNKNOWN_MAX = 4,   /* then it takes a new register */
    PAUSE_MS_MAX = 20, /* between two requests */
    PATIENCE_MS = 3000,
    AGAIN_MS = 200,
    ANSWER_MS_MAX = 12000 /* of a well node, the start and the clients' patience included */
};

enum request_kind { REQUEST_NONE, REQUEST_SET, REQUEST_GET, REQUEST_INCR };
enum { TAG_NEXT = 1, TAG_PATIENCE_FIRST = 16 };

struct client {
    uint32_t number;
    sim_connection connection;
    struct buffer input;
    enum request_kind request;
    uint64_t requests_count; /* a patience timer belongs to one */
    uint64_t value;          /* of the SET under way */
    uint64_t next_value;
    uint64_t register_number;
    uint64_t known; /* its value; 0: it is not there */
    uint64_t unknown[UNKNOWN_MAX];
    uint32_t unknown_count;
    int64_t increments_count, counted; /* sent; told last */
    uint64_t answered_count;
    int64_t answered_at_ns;
};

struct solo {
    struct client clients[CLIENTS];
};

static void *start(struct sim *sim)
{
    struct solo *solo = calloc(1, sizeof *solo);
    ASSERT(solo != NULL);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        solo->clients[i].number = i;
        int64_t ms = 100 + (int64_t)prng_below(sim_prng(sim), 100);
        sim_timer(sim, i, (duration){ms * MS}, TAG_NEXT);
    }
    return solo;
}

static void stop(void *self)
{
    struct solo *solo = self;
    for (uint32_t i = 0; i < CLIENTS; i++) buffer_free(&solo->clients[i].input);
    free(solo);
}

/* --- requests ----------------------------------------------------------------------------------
 */

static enum request_kind choose(struct sim *sim)
{
    switch (prng_below(sim_prng(sim), 4)) {
    case 0: return REQUEST_GET;
    case 1: return REQUEST_INCR;
    default: return REQUEST_SET;
    }
}

static void send_request(struct sim *sim, struct client *client)
{
    struct buffer out = {0};
    client->request = choose(sim);
    client->requests_count++;
    switch (client->request) {
    case REQUEST_SET:
        client->value = ++client->next_value;
        buffer_append_format(&out, "SET register:%u:%" PRIu64 " %" PRIu64 "\r\n", client->number,
                             client->register_number, client->value);
        break;
    case REQUEST_GET:
        buffer_append_format(&out, "GET register:%u:%" PRIu64 "\r\n", client->number,
                             client->register_number);
        break;
    case REQUEST_INCR:
        buffer_append_format(&out, "INCR counter:%u\r\n", client->number);
        client->increments_count++;
        break;
    case REQUEST_NONE: break;
    }
    sim_send(sim, client->connection, buffer_slice(&out));
    buffer_free(&out);
    sim_timer(sim, client->number, (duration){PATIENCE_MS * MS},
              TAG_PATIENCE_FIRST + client->requests_count);
}

static void next(struct sim *sim, struct client *client)
{
    if (client->request != REQUEST_NONE) return;
    if (client->connection.n == 0) {
        uint32_t host = (uint32_t)prng_below(sim_prng(sim), sim_hosts_count(sim));
        client->connection = sim_connect(sim, client->number, host, 0);
        buffer_clear(&client->input);
    }
    send_request(sim, client);
}

/* --- answers -----------------------------------------------------------------------------------
 */

static bool is_unknown(const struct client *client, uint64_t value)
{
    for (uint32_t i = 0; i < client->unknown_count; i++) {
        if (client->unknown[i] == value) return true;
    }
    return false;
}

static void judge_read(struct sim *sim, struct client *client, uint64_t value)
{
    if (value != client->known && !is_unknown(client, value)) {
        sim_fail(sim, "acknowledged writes survive",
                 "client %u reads %" PRIu64 ", and %" PRIu64
                 " was acknowledged; %u writes since have an unknown outcome",
                 client->number, value, client->known, client->unknown_count);
    }
    client->known = value;
}

static void note_unknown(struct client *client)
{
    if (client->unknown_count < UNKNOWN_MAX) {
        client->unknown[client->unknown_count++] = client->value;
        return;
    }
    client->register_number++;
    client->known = client->unknown_count = 0;
}

static void judge_count(struct sim *sim, struct client *client, int64_t count)
{
    if (count <= client->counted || count > client->increments_count) {
        sim_fail(sim, "each increment counts once",
                 "client %u is told %" PRId64 ", and it must be over %" PRId64
                 " and at most %" PRId64,
                 client->number, count, client->counted, client->increments_count);
    }
    client->counted = count;
}

/* A line of the reply; of a bulk string the second one counts. */
static void judge(struct sim *sim, struct client *client, struct slice line)
{
    int64_t number = 0;
    bool error = line.data[0] == '-';
    if (error)
        sim_trace(sim, "client %u: %.*s", client->number, (int)line.len, (const char *)line.data);
    struct slice rest = slice_from(line, 1);
    switch (client->request) {
    case REQUEST_SET: /* an error may mean anything: that it happened too */
        if (error) note_unknown(client);
        if (!error) client->known = client->value;
        break;
    case REQUEST_GET:
        if (error) break;
        bool nothing = line.data[0] == '$';
        if (!nothing && !integer_parse(line, &number)) number = -1;
        judge_read(sim, client, (uint64_t)number);
        break;
    case REQUEST_INCR:
        if (!error && integer_parse(rest, &number)) judge_count(sim, client, number);
        break;
    case REQUEST_NONE: sim_fail(sim, "one answer a request", "client %u", client->number); break;
    }
    client->request = REQUEST_NONE;
    client->answered_count += !error;
    if (!error) client->answered_at_ns = sim_now(sim).ns;
}

static bool take_line(struct client *client, struct slice *line)
{
    struct slice all = buffer_slice(&client->input);
    const uint8_t *end = all.len == 0 ? NULL : memchr(all.data, '\n', all.len);
    if (end == NULL) return false;
    *line = slice_of(all.data, (size_t)(end - all.data) - 1);
    return true;
}

static void received(struct sim *sim, struct client *client, struct slice bytes)
{
    struct slice line;
    buffer_append(&client->input, bytes);
    while (take_line(client, &line)) { /* ends: lines are used up */
        bool head = line.data[0] == '$' && line.data[1] != '-';
        size_t whole = line.len + 2;
        if (!head) judge(sim, client, line);
        buffer_consume(&client->input, whole);
        if (head) continue;
        int64_t ms = (int64_t)prng_below(sim_prng(sim), PAUSE_MS_MAX);
        sim_timer(sim, client->number, (duration){ms * MS}, TAG_NEXT);
    }
}

static void lost(struct sim *sim, struct client *client)
{
    client->connection.n = 0;
    if (client->request == REQUEST_SET) note_unknown(client);
    client->request = REQUEST_NONE;
    sim_timer(sim, client->number, (duration){AGAIN_MS * MS}, TAG_NEXT);
}

static void on_timer(struct sim *sim, struct client *client, uint64_t tag)
{
    if (tag == TAG_NEXT) {
        next(sim, client);
        return;
    }
    bool waits = client->request != REQUEST_NONE;
    if (!waits || tag != TAG_PATIENCE_FIRST + client->requests_count) return;
    sim_close(sim, client->connection);
    lost(sim, client);
}

static void event(void *self, struct sim *sim, const struct sim_event *event)
{
    struct solo *solo = self;
    struct client *client = &solo->clients[event->client];
    bool own = event->connection.n == client->connection.n;
    switch (event->kind) {
    case SIM_CONNECTED: break;
    case SIM_RECEIVED:
        if (own) received(sim, client, event->bytes);
        break;
    case SIM_CLOSED:
        if (own) lost(sim, client);
        break;
    case SIM_TIMER: on_timer(sim, client, event->tag); break;
    }
}

static void end(void *self, struct sim *sim)
{
    const struct solo *solo = self;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &solo->clients[i];
        int64_t silent_ms = (sim_now(sim).ns - client->answered_at_ns) / MS;
        sim_trace(sim, "client %u had %" PRIu64 " answers", i, client->answered_count);
        if (!sim_is_live_phase(sim) || silent_ms < ANSWER_MS_MAX) continue;
        sim_fail(sim, "well nodes answer", "client %u has had no answer for %" PRId64 " ms", i,
                 silent_ms);
    }
}

const struct sim_program solo_program = {
    .name = "solo",
    .help = "each client keys of its own",
    .hosts_least = 1,
    .hosts_most = 5,
    .start = start,
    .event = event,
    .end = end,
    .free = stop,
};
