/* io_fixture.h -- an io of each kind, and waiting for what must come. */
#pragma once

#include "base/arena.h"
#include "io/io.h"

enum { SEEN_MAX = 256 };

struct seen { /* what io_wait gave; what was received is kept in one piece for all */
    struct io_completion completions[SEEN_MAX];
    uint32_t count;
    uint8_t received[1 << 16];
    size_t received_len;
};

struct io *io_fixture(enum io_disk disk);

/* Wait until `count` completions have come, or ten seconds have gone: then the test fails. */
void io_fixture_wait(struct io *io, struct seen *seen, uint32_t count);
/* Nothing may come. */
void io_fixture_expect_silence(struct io *io);
/* The one completion that comes next. */
struct io_completion io_fixture_next(struct io *io, enum io_kind kind);

io_handle io_fixture_listen(struct io *io, struct io_address *address, io_tag tag);
/* Two ends of a connection over `address`; receiving has not begun. */
struct pair {
    io_handle near, far;
};
struct pair io_fixture_pair(struct io *io, struct io_address address);
void io_fixture_send(struct io *io, io_handle connection, const char *text);
