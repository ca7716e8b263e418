/* client.c -- see client.h. */
#include <stdlib.h>

#include "base/buffer.h"
#include "cli/client.h"
#include "cli/client_answer.h"
#include "io/clock.h"

#define WAIT_NS_MAX INT64_C(30000000000) /* for a node that says nothing */

enum { COMPLETIONS_MAX = 16, ANSWER_BYTES_MAX = 64 << 20, CLIENT_TAG = 1 };

struct client {
    struct io *io;
    io_handle connection;
    struct io_address address;
    struct buffer received;
    bool connected, closed;
    int error_number;
};

static void note(struct client *client, const struct io_completion *completion)
{
    switch (completion->kind) {
    case IO_CONNECTED:
        client->connected = completion->err == ERR_OK;
        client->closed = !client->connected;
        client->error_number = completion->error_number;
        break;
    case IO_RECEIVED:
        client->closed = completion->bytes.len == 0;
        buffer_append(&client->received, completion->bytes);
        break;
    case IO_BROKEN:
        client->closed = true;
        client->error_number = completion->error_number;
        break;
    case IO_ACCEPTED:
    case IO_SENDABLE:
    case IO_DATAGRAM:
    case IO_DISK_DONE:
    case IO_WOKEN: break;
    }
}

/* Something has come. False: nothing, for too long. */
static bool wait(struct client *client)
{
    struct io_completion completions[COMPLETIONS_MAX];
    instant until = {clock_now().ns + WAIT_NS_MAX};
    uint32_t count = io_wait(client->io, until, completions, COMPLETIONS_MAX);
    for (uint32_t i = 0; i < count; i++) note(client, &completions[i]);
    return count != 0;
}

static enum err lost(const struct client *client, struct fault *fault)
{
    const struct io_address *address = &client->address;
    static const char advice[] = "is a node running there? `tutti start` starts one";
    if (client->error_number != 0) {
        return fault_set_errno(fault, client->error_number, "no node answers at %s, port %u (%s)",
                               address->text, address->port, advice);
    }
    return fault_set(fault, ERR_CLOSED, "the node at %s, port %u, has closed the connection",
                     address->text, address->port);
}

enum err client_open(const struct io_address *address, struct client **made, struct fault *fault)
{
    struct client *client = calloc(1, sizeof *client);
    ASSERT(client != NULL);
    client->address = *address;
    client->connection = IO_NONE;
    const struct io_config config = {.disk = IO_DISK_THREADS};
    enum err err = io_new(&config, &client->io, fault);
    if (err == ERR_OK) {
        err =
            io_connect(client->io, address, NULL, (io_tag){CLIENT_TAG}, &client->connection, fault);
    }
    while (err == ERR_OK && !client->connected) { /* ends: it connects, fails, or is too late */
        if (!wait(client) || client->closed) err = lost(client, fault);
    }
    if (err != ERR_OK) {
        client_close(client);
        return err;
    }
    io_receive_start(client->io, client->connection, (io_tag){CLIENT_TAG});
    *made = client;
    return ERR_OK;
}

void client_close(struct client *client)
{
    if (client == NULL) return;
    if (client->io != NULL) io_free(client->io);
    buffer_free(&client->received);
    free(client);
}

static enum err send_all(struct client *client, struct slice bytes, struct fault *fault)
{
    while (bytes.len != 0) {
        size_t sent = 0;
        if (io_send(client->io, client->connection, &bytes, 1, &sent) != ERR_OK) {
            return lost(client, fault);
        }
        bytes = slice_from(bytes, sent);
        if (bytes.len != 0 && (!wait(client) || client->closed)) return lost(client, fault);
    }
    return ERR_OK;
}

enum err client_ask(struct client *client, struct arena *arena, const struct slice *words,
                    uint32_t count, struct answer *answer, struct fault *fault)
{
    struct buffer request = {0};
    buffer_append_format(&request, "*%u\r\n", count);
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_format(&request, "$%zu\r\n", words[i].len);
        buffer_append(&request, words[i]);
        buffer_append(&request, SLICE("\r\n"));
    }
    enum err err = send_all(client, buffer_slice(&request), fault);
    buffer_free(&request);
    while (err == ERR_OK) {
        size_t used;
        switch (client_answer_read(arena, buffer_slice(&client->received), answer, &used)) {
        case ANSWER_WHOLE: buffer_consume(&client->received, used); return ERR_OK;
        case ANSWER_BAD: return fault_set(fault, ERR_CORRUPT, "what answers there is not a node");
        case ANSWER_PARTIAL: break;
        }
        if (client->received.len > ANSWER_BYTES_MAX) {
            return fault_set(fault, ERR_TOO_LONG, "the answer is longer than %d bytes",
                             ANSWER_BYTES_MAX);
        }
        if (!wait(client) || client->closed) err = lost(client, fault);
    }
    return err;
}
