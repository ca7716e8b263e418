/* talk.c -- see talk.h. */
#include "io/talk.h"
#include "io/clock.h"

enum { COMPLETIONS_MAX = 16, TALK_TAG = 1 };

enum err talk_begin(struct talk *talk, struct fault *fault)
{
    const struct io_config config = {.disk = IO_DISK_THREADS};
    talk->connection = IO_NONE;
    enum err err = io_new(&config, &talk->io, fault);
    if (err != ERR_OK) return err;
    return io_connect(talk->io, &talk->to, NULL, (io_tag){TALK_TAG}, &talk->connection, fault);
}

void talk_close(struct talk *talk)
{
    if (talk->io != NULL) io_free(talk->io);
    buffer_free(&talk->received);
}

static void note(struct talk *talk, const struct io_completion *completion)
{
    switch (completion->kind) {
    case IO_CONNECTED:
        talk->connected = completion->err == ERR_OK;
        talk->closed = !talk->connected;
        talk->error_number = completion->error_number;
        break;
    case IO_RECEIVED:
        talk->closed = completion->bytes.len == 0;
        buffer_append(&talk->received, completion->bytes);
        break;
    case IO_BROKEN:
        talk->closed = true;
        talk->error_number = completion->error_number;
        break;
    case IO_ACCEPTED:
    case IO_SENDABLE:
    case IO_DATAGRAM:
    case IO_DISK_DONE:
    case IO_WOKEN: break;
    }
}

bool talk_wait(struct talk *talk)
{
    struct io_completion completions[COMPLETIONS_MAX];
    if (talk->closed) return false;
    instant until = {clock_now().ns + talk->patience.ns};
    uint32_t count = io_wait(talk->io, until, completions, COMPLETIONS_MAX);
    for (uint32_t i = 0; i < count; i++) note(talk, &completions[i]);
    return count != 0;
}

bool talk_connect(struct talk *talk)
{
    while (!talk->connected) { /* ends: it connects, fails, or is too late */
        if (!talk_wait(talk) || talk->closed) return false;
    }
    io_receive_start(talk->io, talk->connection, (io_tag){TALK_TAG});
    return true;
}

bool talk_send(struct talk *talk, struct slice bytes)
{
    while (bytes.len != 0) { /* ends: it goes, or the other end is lost */
        size_t sent = 0;
        if (io_send(talk->io, talk->connection, &bytes, 1, &sent) != ERR_OK) return false;
        bytes = slice_from(bytes, sent);
        if (bytes.len != 0 && (!talk_wait(talk) || talk->closed)) return false;
    }
    return true;
}
