/* io_fixture.c -- see io_fixture.h. */
#include "test/io/io_fixture.h"

#include <stdio.h>

#include "io/clock.h"
#include "test/rows.h"

enum { WAIT_MAX_S = 10 };
static const int64_t second_ns = 1000000000;

struct io *io_fixture(enum io_disk disk)
{
    struct io *io;
    struct fault fault;
    struct io_config config = {.disk = disk};
    cr_assert_eq(io_new(&config, &io, &fault), ERR_OK, "%s", fault.text);
    return io;
}

static void keep(struct seen *seen, uint32_t from)
{
    for (uint32_t i = from; i < seen->count; i++) {
        struct slice *bytes = &seen->completions[i].bytes;
        if (bytes->len == 0) continue;
        cr_assert(seen->received_len + bytes->len <= sizeof seen->received);
        memcpy(seen->received + seen->received_len, bytes->data, bytes->len);
        bytes->data = seen->received + seen->received_len;
        seen->received_len += bytes->len;
    }
}

void io_fixture_wait(struct io *io, struct seen *seen, uint32_t count)
{
    instant until = {clock_now().ns + WAIT_MAX_S * second_ns};
    while (seen->count < count) {
        uint32_t before = seen->count;
        seen->count += io_wait(io, until, seen->completions + before, SEEN_MAX - before);
        keep(seen, before);
        cr_assert(clock_now().ns < until.ns, "%u of %u have come", seen->count, count);
    }
}

void io_fixture_expect_silence(struct io *io)
{
    struct io_completion completions[2];
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t count = io_wait(io, (instant){0}, completions, COUNT_OF(completions));
        cr_expect_eq(count, 0, "kind %d came", count > 0 ? (int)completions[0].kind : 0);
    }
}

struct io_completion io_fixture_next(struct io *io, enum io_kind kind)
{
    struct seen seen = {0};
    io_fixture_wait(io, &seen, 1);
    cr_assert_eq(seen.count, 1, "%u came", seen.count);
    cr_assert_eq(seen.completions[0].kind, kind, "kind %d came", (int)seen.completions[0].kind);
    return seen.completions[0];
}

io_handle io_fixture_listen(struct io *io, struct io_address *address, io_tag tag)
{
    io_handle listener;
    struct fault fault;
    cr_assert_eq(io_listen(io, address, 16, false, tag, &listener, &fault), ERR_OK, "%s",
                 fault.text);
    return listener;
}

struct pair io_fixture_pair(struct io *io, struct io_address address)
{
    struct pair pair = {IO_NONE, IO_NONE};
    struct fault fault;
    struct seen seen = {0};
    io_handle listener = io_fixture_listen(io, &address, (io_tag){99});
    cr_assert_eq(io_connect(io, &address, NULL, (io_tag){98}, &pair.far, &fault), ERR_OK, "%s",
                 fault.text);
    io_fixture_wait(io, &seen, 2);
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(seen.completions[i].err, ERR_OK);
        if (seen.completions[i].kind == IO_ACCEPTED) pair.near = seen.completions[i].handle;
    }
    cr_assert(pair.near.n >= 0);
    io_close(io, listener);
    return pair;
}

void io_fixture_send(struct io *io, io_handle connection, const char *text)
{
    size_t sent;
    struct slice bytes = slice_text(text);
    cr_assert_eq(io_send(io, connection, &bytes, 1, &sent), ERR_OK);
    cr_assert_eq(sent, bytes.len);
}
