/* client.c -- see client.h. */
#include <stdlib.h>

#include "cli/client.h"
#include "cli/client_answer.h"
#include "io/talk.h"

#define NS_PER_S INT64_C(1000000000)

enum { ANSWER_BYTES_MAX = 64 << 20 };

struct client {
    struct talk talk;
};

static enum err lost(const struct client *client, struct fault *fault)
{
    const struct io_address *address = &client->talk.to;
    static const char advice[] = "is a node running there? `tutti start` starts one";
    if (client->talk.error_number != 0) {
        return fault_set_errno(fault, client->talk.error_number,
                               "no node answers at %s, port %u (%s)", address->text, address->port,
                               advice);
    }
    if (!client->talk.closed) {
        return fault_set(fault, ERR_IO,
                         "the node at %s, port %u, has said nothing for %lld s: it is halted, or "
                         "its machine is overloaded or cut off",
                         address->text, address->port,
                         (long long)(client->talk.patience.ns / NS_PER_S));
    }
    return fault_set(fault, ERR_IO, "the node at %s, port %u, has closed the connection",
                     address->text, address->port);
}

enum err client_open(const struct io_address *address, duration patience, struct client **made,
                     struct fault *fault)
{
    struct client *client = calloc(1, sizeof *client);
    ASSERT(client != NULL);
    client->talk = (struct talk){.to = *address, .patience = patience};
    enum err err = talk_begin(&client->talk, fault);
    if (err == ERR_OK && !talk_connect(&client->talk)) err = lost(client, fault);
    if (err != ERR_OK) {
        client_close(client);
        return err;
    }
    *made = client;
    return ERR_OK;
}

void client_close(struct client *client)
{
    if (client == NULL) return;
    talk_close(&client->talk);
    free(client);
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
    enum err err = talk_send(&client->talk, buffer_slice(&request)) ? ERR_OK : lost(client, fault);
    buffer_free(&request);
    while (err == ERR_OK) {
        size_t used;
        switch (client_answer_read(arena, buffer_slice(&client->talk.received), answer, &used)) {
        case ANSWER_WHOLE: buffer_consume(&client->talk.received, used); return ERR_OK;
        case ANSWER_BAD: return fault_set(fault, ERR_CORRUPT, "what answers there is not a node");
        case ANSWER_PARTIAL: break;
        }
        if (client->talk.received.len > ANSWER_BYTES_MAX) {
            return fault_set(fault, ERR_TOO_LONG, "the answer is longer than %d bytes",
                             ANSWER_BYTES_MAX);
        }
        if (!talk_wait(&client->talk) || client->talk.closed) err = lost(client, fault);
    }
    return err;
}
