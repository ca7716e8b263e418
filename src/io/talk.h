/*
 * talk.h -- one connection that somebody waits for, who does nothing else meanwhile: it connects,
 * sends, and receives what comes into a buffer. Over io.h alone.
 *
 * Whoever says nothing for as long as `patience` is not there.
 */
#pragma once

#include "base/buffer.h"
#include "io/io.h"

struct talk { /* zeros, but for the first two, until talk_begin */
    struct io_address to;
    duration patience;
    struct io *io;
    io_handle connection;
    struct buffer received; /* what came; its reader consumes it */
    bool connected, closed;
    int error_number; /* of the system, where it has failed; 0: it has said so itself, or nothing */
};

/* Begins to connect: it is to be waited for. To be closed in any case. */
MUST_USE enum err talk_begin(struct talk *talk, struct fault *fault);
void talk_close(struct talk *talk);
/* False: it is lost, or nothing has come for too long. */
MUST_USE bool talk_wait(struct talk *talk);
/* Waits until it is connected, and receives from then on. False: as above. */
MUST_USE bool talk_connect(struct talk *talk);
MUST_USE bool talk_send(struct talk *talk, struct slice bytes);
