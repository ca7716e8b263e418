/* io_socket_test.c -- connections over loopback and Unix sockets, wakes, and handles. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"
#include "test/io/io_fixture.h"
#include "test/rows.h"
#include "test/work/read/read_fixture.h"

static const io_tag near_tag = {1}, far_tag = {2};
static const struct io_address loopback = {.text = "127.0.0.1"};

static void send_all(struct io *io, io_handle connection, const char *text)
{
    io_fixture_send(io, connection, text);
}

Test(io_socket, carries_bytes_both_ways)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct arena *arena = arena_new();
    struct io_address addresses[] = {loopback, {.text = "::1"}, {.text = ""}};
    (void)snprintf(addresses[2].text, sizeof addresses[2].text, "%s/s", fixture_folder(arena));
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct pair pair = io_fixture_pair(io, addresses[i]);
        send_all(io, pair.far, "before it is asked for");
        io_receive_start(io, pair.near, near_tag);
        io_receive_start(io, pair.far, far_tag);
        struct io_completion received = io_fixture_next(io, IO_RECEIVED);
        cr_expect_eq(received.tag.n, near_tag.n);
        cr_expect_eq(received.bytes.len, strlen("before it is asked for"));
        send_all(io, pair.near, "back");
        received = io_fixture_next(io, IO_RECEIVED);
        cr_expect_eq(received.tag.n, far_tag.n);
        cr_expect_eq(received.handle.n, pair.far.n);
        io_fixture_expect_silence(io);
        io_close(io, pair.far);
        received = io_fixture_next(io, IO_RECEIVED);
        cr_expect_eq(received.bytes.len, 0, "the end");
        io_fixture_expect_silence(io);
        io_close(io, pair.near);
    }
    io_free(io);
    arena_free(arena);
}

Test(io_socket, says_who_is_there)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct pair pair = io_fixture_pair(io, loopback);
    struct io_address near_peer, near_local, far_peer, far_local;
    io_peer(io, pair.near, &near_peer, &near_local);
    io_peer(io, pair.far, &far_peer, &far_local);
    cr_expect_str_eq(near_peer.text, "127.0.0.1");
    cr_expect_eq(near_peer.port, far_local.port);
    cr_expect_eq(far_peer.port, near_local.port);
    cr_expect(far_peer.port != 0 && far_local.port != far_peer.port);
    io_free(io);
}

/* What cannot be listened at, or connected to, is told with the way out. */
static const struct refused_row {
    const char *why;
    struct io_address address;
    enum err err;
    const char *told;
} refused[] = {
    {"a name is no address", {.text = "localhost"}, ERR_USAGE, "127.0.0.1"},
    {"not one of this machine", {.text = "192.0.2.1", .port = 7100}, ERR_NOT_FOUND, "192.0.2.1"},
    {"no such folder", {.text = "/nowhere/socket"}, ERR_NOT_FOUND, "/nowhere/socket"},
};

Test(io_socket, refusals_name_the_address)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    io_handle listener, second;
    struct fault fault;
    FOR_ROWS (row, refused) {
        struct io_address address = row->address;
        ROW_EQ(row, io_listen(io, &address, 16, false, near_tag, &listener, &fault), row->err);
        cr_expect_not_null(strstr(fault.text, row->told), "%s: %s", row->why, fault.text);
    }
    struct io_address busy = loopback;
    listener = io_fixture_listen(io, &busy, near_tag);
    cr_expect_eq(io_listen(io, &busy, 16, false, near_tag, &second, &fault), ERR_EXISTS);
    cr_expect_not_null(strstr(fault.text, "is busy"), "%s", fault.text);
    io_close(io, listener);
    io_handle nobody;
    cr_assert_eq(io_connect(io, &busy, &loopback, far_tag, &nobody, &fault), ERR_OK);
    struct io_completion completion = io_fixture_next(io, IO_CONNECTED);
    cr_expect(completion.err != ERR_OK && completion.error_number != 0, "nobody listens");
    io_free(io);
}

Test(io_socket, listeners_may_share_a_port)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address address = loopback;
    io_handle first, second;
    struct fault fault;
    cr_assert_eq(io_listen(io, &address, 16, true, near_tag, &first, &fault), ERR_OK);
    cr_assert_eq(io_listen(io, &address, 16, true, near_tag, &second, &fault), ERR_OK, "%s",
                 fault.text);
    io_free(io);
}

Test(io_socket, a_path_left_behind_is_taken_over_but_not_a_living_one)
{
    struct arena *arena = arena_new();
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address address = {.text = ""};
    io_handle listener, second;
    struct fault fault;
    (void)snprintf(address.text, sizeof address.text, "%s/s", fixture_folder(arena));
    listener = io_fixture_listen(io, &address, near_tag);
    cr_expect_eq(io_listen(io, &address, 16, false, near_tag, &second, &fault), ERR_IO);
    const char *aside = arena_format(arena, "%s.aside", address.text);
    cr_assert_eq(file_rename(address.text, aside, &fault), ERR_OK);
    io_close(io, listener);
    cr_assert_eq(file_rename(aside, address.text, &fault), ERR_OK);
    listener = io_fixture_listen(io, &address, near_tag);
    io_close(io, listener);
    cr_expect(!path_exists(address.text), "closing removes it");
    io_free(io);
    arena_free(arena);
}

/* Sends until the system takes no more; returns how much it took. */
static size_t send_until_full(struct io *io, io_handle connection, struct slice bytes)
{
    size_t all = 0, sent;
    struct slice parts[] = {slice_of(bytes.data, 0), bytes, bytes, slice_of(bytes.data, 7)};
    do {
        cr_assert_eq(io_send(io, connection, parts, COUNT_OF(parts), &sent), ERR_OK);
        all += sent;
    } while (sent == 2 * bytes.len + 7);
    return all;
}

Test(io_socket, a_short_send_is_followed_by_sendable)
{
    static uint8_t bytes[1 << 20];
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct pair pair = io_fixture_pair(io, loopback);
    io_receive_start(io, pair.near, near_tag);
    size_t sent = send_until_full(io, pair.near, slice_of(bytes, sizeof bytes));
    io_fixture_expect_silence(io);
    io_receive_start(io, pair.far, far_tag);
    size_t received = 0;
    bool sendable = false;
    while (received < sent || !sendable) {
        struct io_completion completions[4];
        instant until = {clock_now().ns + INT64_C(10000000000)};
        uint32_t count = io_wait(io, until, completions, COUNT_OF(completions));
        cr_assert(count > 0);
        for (uint32_t i = 0; i < count; i++) {
            if (completions[i].kind == IO_SENDABLE) {
                cr_expect_eq(completions[i].tag.n, near_tag.n);
                cr_expect(!sendable, "it comes once");
                sendable = true;
            } else {
                cr_assert_eq(completions[i].kind, IO_RECEIVED);
                received += completions[i].bytes.len;
            }
        }
    }
    cr_expect_eq(received, sent);
    io_fixture_expect_silence(io);
    io_free(io);
}

Test(io_socket, what_one_turn_receives_lies_together_and_is_shared_out)
{
    enum { PAIRS = 20, RECEIVE_BYTES = 64 << 10 };
    static uint8_t bytes[RECEIVE_BYTES];
    struct io *io;
    struct fault fault;
    struct io_config config = {.disk = IO_DISK_THREADS, .receive_bytes = RECEIVE_BYTES};
    cr_assert_eq(io_new(&config, &io, &fault), ERR_OK);
    size_t sent[PAIRS], got[PAIRS] = {0};
    struct pair pairs[PAIRS];
    for (uint32_t i = 0; i < PAIRS; i++) pairs[i] = io_fixture_pair(io, loopback);
    for (uint32_t i = 0; i < PAIRS; i++) {
        struct slice slice = slice_of(bytes, sizeof bytes);
        cr_assert_eq(io_send(io, pairs[i].far, &slice, 1, &sent[i]), ERR_OK);
        cr_assert_eq(sent[i], sizeof bytes);
        io_receive_start(io, pairs[i].near, (io_tag){i});
    }
    uint32_t turns = 0, left = PAIRS, first_served_by[PAIRS] = {0};
    while (left > 0) {
        struct io_completion completions[64];
        instant until = {clock_now().ns + INT64_C(10000000000)};
        uint32_t count = io_wait(io, until, completions, COUNT_OF(completions));
        cr_assert(count > 0);
        turns++;
        const uint8_t *end = completions[0].bytes.data;
        for (uint32_t i = 0; i < count; i++) {
            uint64_t who = completions[i].tag.n;
            cr_assert(completions[i].bytes.data == end, "densely");
            end += completions[i].bytes.len;
            if (got[who] == 0) first_served_by[who] = turns;
            got[who] += completions[i].bytes.len;
            left -= got[who] == sent[who];
        }
        cr_assert(end - completions[0].bytes.data <= RECEIVE_BYTES);
    }
    for (uint32_t i = 0; i < PAIRS; i++) {
        cr_expect(first_served_by[i] <= PAIRS * 16 / 64 + 1, "%u had to wait for %u turns", i,
                  first_served_by[i]);
    }
    io_free(io);
}

Test(io_socket, pausing_holds_back)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct pair pair = io_fixture_pair(io, loopback);
    io_receive_start(io, pair.near, near_tag);
    io_receive_pause(io, pair.near, true);
    send_all(io, pair.far, "later");
    io_fixture_expect_silence(io);
    io_receive_pause(io, pair.near, false);
    struct io_completion received = io_fixture_next(io, IO_RECEIVED);
    cr_expect_eq(received.bytes.len, 5);

    struct io_address address = loopback;
    io_handle listener = io_fixture_listen(io, &address, (io_tag){7}), third;
    struct fault fault;
    io_accept_pause(io, listener, true);
    cr_assert_eq(io_connect(io, &address, NULL, far_tag, &third, &fault), ERR_OK);
    (void)io_fixture_next(io, IO_CONNECTED);
    io_fixture_expect_silence(io);
    io_accept_pause(io, listener, false);
    cr_expect_eq(io_fixture_next(io, IO_ACCEPTED).tag.n, 7);
    io_free(io);
}

Test(io_socket, a_reset_breaks_it_also_while_paused)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    for (uint32_t paused = 0; paused < 2; paused++) {
        struct pair pair = io_fixture_pair(io, loopback);
        io_receive_start(io, pair.near, near_tag);
        io_receive_pause(io, pair.near, paused == 1);
        send_all(io, pair.near, "never read, so that closing resets");
        io_close(io, pair.far);
        struct io_completion broken = io_fixture_next(io, IO_BROKEN);
        cr_expect_eq(broken.err, ERR_CLOSED);
        cr_expect_eq(broken.tag.n, near_tag.n);
        io_fixture_expect_silence(io);
        size_t sent;
        struct slice bytes = SLICE("x");
        cr_expect_eq(io_send(io, pair.near, &bytes, 1, &sent), ERR_CLOSED, "and no SIGPIPE");
        io_close(io, pair.near);
    }
    io_free(io);
}

Test(io_socket, nothing_comes_of_a_closed_handle)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct pair pair = io_fixture_pair(io, loopback);
    struct pair other = io_fixture_pair(io, loopback);
    io_receive_start(io, pair.near, near_tag);
    io_receive_start(io, other.near, near_tag);
    send_all(io, pair.far, "one");
    send_all(io, other.far, "two");
    /* With room for two, a receive is ready and not yet given; closing takes it away. */
    struct io_completion completions[2];
    while (io_wait(io, (instant){0}, completions, 2) == 0) {}
    struct pair open = completions[0].handle.n == pair.near.n ? other : pair;
    io_close(io, open.near);
    io_close(io, open.far);
    struct pair next = io_fixture_pair(io, loopback);
    cr_expect(next.near.n != open.near.n && next.far.n != open.near.n, "nor its number again");
    io_fixture_expect_silence(io);
    io_free(io);
}

Test(io_socket, closing_gently_lets_everything_arrive)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct pair pair = io_fixture_pair(io, loopback);
    io_receive_start(io, pair.near, near_tag);
    send_all(io, pair.far, "a request that nobody reads: closing at once would reset");
    send_all(io, pair.near, "-ERR the last word\r\n");
    io_close_gently(io, pair.near);
    io_receive_start(io, pair.far, far_tag);
    struct seen seen = {0};
    io_fixture_wait(io, &seen, 2);
    cr_expect_eq(seen.completions[0].kind, IO_RECEIVED);
    cr_expect_eq(seen.completions[1].bytes.len, 0, "then the end");
    cr_expect(
        slice_eq(slice_of(seen.received, seen.received_len), SLICE("-ERR the last word\r\n")));
    io_close(io, pair.far);
    io_fixture_expect_silence(io);
    io_free(io);
}

Test(io_socket, out_of_descriptors_it_waits_instead_of_spinning)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_address address = loopback;
    struct fault fault;
    io_handle listener = io_fixture_listen(io, &address, (io_tag){7}), far;
    cr_assert_eq(io_connect(io, &address, NULL, far_tag, &far, &fault), ERR_OK);
    struct rlimit limit, small;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    small = (struct rlimit){(rlim_t)dup(0), limit.rlim_max};
    cr_assert_eq(close((int)small.rlim_cur), 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &small), 0);
    cr_expect_eq(io_fixture_next(io, IO_CONNECTED).tag.n, far_tag.n);
    io_fixture_expect_silence(io);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    io_fixture_expect_silence(io);
    cr_expect_eq(io_fixture_next(io, IO_ACCEPTED).tag.n, 7, "a little later");
    io_close(io, listener);
    io_free(io);
}

static void *wake(void *io)
{
    io_wake(io);
    return NULL;
}

Test(io_socket, is_woken_from_another_thread)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    pthread_t thread;
    for (uint32_t i = 0; i < 50; i++) {
        cr_assert_eq(pthread_create(&thread, NULL, wake, io), 0);
        (void)io_fixture_next(io, IO_WOKEN);
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
    io_wake(io);
    io_wake(io);
    (void)io_fixture_next(io, IO_WOKEN);
    io_fixture_expect_silence(io);
    io_free(io);
}

Test(io_socket, waits_until_the_deadline_and_keeps_the_time)
{
    struct io *io = io_fixture(IO_DISK_THREADS);
    struct io_completion completions[2];
    instant before = clock_now(), until = {before.ns + 20 * 1000 * 1000};
    cr_expect_eq(io_wait(io, until, completions, 2), 0);
    cr_expect(io_now(io).ns >= until.ns);
    cr_expect_eq(io_now(io).ns, io_now(io).ns, "it stands still between waits");
    cr_expect(io_unix_ms(io) > INT64_C(1700000000000));
    io_free(io);
}
