/* io_datagram_test.c -- datagrams over loopback. */
#include <stdlib.h>

#include "test/io/io_fixture.h"
#include "test/rows.h"

static io_handle open_at(struct io *io, struct io_address *address, uint64_t tag)
{
    struct fault fault;
    io_handle handle;
    enum err err = io_datagram_open(io, address, (io_tag){tag}, &handle, &fault);
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    cr_assert_neq(address->port, 0);
    return handle;
}

Test(io_datagram, comes_whole_and_says_from_where)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct io *io = io_fixture(IO_DISK_THREADS);
        struct io_address one = {0}, two = {0};
        memcpy(one.text, hosts[i], strlen(hosts[i]));
        memcpy(two.text, hosts[i], strlen(hosts[i]));
        io_handle from = open_at(io, &one, 7), to = open_at(io, &two, 8);
        io_datagram_send(io, from, &two, SLICE("a word"));
        struct io_completion came = io_fixture_next(io, IO_DATAGRAM);
        cr_expect_eq(came.tag.n, 8);
        cr_expect_eq(came.handle.n, to.n);
        cr_expect(slice_eq(came.bytes, SLICE("a word")));
        cr_expect_str_eq(came.from->text, hosts[i]);
        cr_expect_eq(came.from->port, one.port);
        io_datagram_send(io, to, &one, SLICE(""));
        came = io_fixture_next(io, IO_DATAGRAM);
        cr_expect_eq(came.tag.n, 7);
        cr_expect_eq(came.bytes.len, 0, "an empty one is one");
        io_close(io, to);
        io_datagram_send(io, from, &two, SLICE("to nobody"));
        io_datagram_send(io, from, &one, SLICE("to itself"));
        came = io_fixture_next(io, IO_DATAGRAM);
        cr_expect(slice_eq(came.bytes, SLICE("to itself")));
        io_free(io);
    }
}

Test(io_datagram, keeps_many_apart)
{
    enum { MANY = 100 };
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address one = {.text = "127.0.0.1"}, two = one;
    io_handle from = open_at(io, &one, 1);
    (void)open_at(io, &two, 2);
    uint8_t bytes[IO_DATAGRAM_BYTES_MAX];
    for (int i = 0; i < MANY; i++) {
        memset(bytes, i, sizeof bytes);
        io_datagram_send(io, from, &two, slice_of(bytes, (size_t)i + 1));
    }
    struct seen *seen = calloc(1, sizeof *seen);
    io_fixture_wait(io, seen, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct io_completion *came = &seen->completions[i];
        cr_assert_eq(came->kind, IO_DATAGRAM);
        cr_assert_eq(came->bytes.len, i + 1);
        cr_assert_eq(came->bytes.data[i], i);
    }
    free(seen);
    io_free(io);
}

Test(io_datagram, says_that_a_port_is_busy)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address one = {.text = "127.0.0.1"};
    struct fault fault;
    io_handle handle;
    (void)open_at(io, &one, 1);
    cr_expect_eq(io_datagram_open(io, &one, (io_tag){2}, &handle, &fault), ERR_EXISTS);
    cr_expect(strstr(fault.text, "busy") != NULL, "%s", fault.text);
    io_free(io);
}
