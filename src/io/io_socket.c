/*
 * io_socket.c -- connections: see io.h.
 *
 * Connections are watched once, for edges of all kinds, and never again: what epoll says is kept
 * in the flags of the slot until there is nothing more to receive, so that a connection costs no
 * epoll_ctl after its first. A receive that gives less than was asked for has emptied the socket,
 * unless the other end has closed; its end then has to be fetched too (epoll(7), EPOLLRDHUP).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/io_impl.h"

enum {
    SEND_SLICES_MAX = 64,      /* in one system call */
    RECEIVE_SHARE_MIN = 16384, /* of one connection, while others wait */
    LINGER_RECEIVES_MAX = 16   /* in one turn */
};
static const int64_t linger_ns = 1000000000;

static enum err error_of(int error_number)
{
    switch (error_number) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN: return ERR_CLOSED;
    default: return err_of_errno(error_number);
    }
}

/* --- what the system said -------------------------------------------------------------------- */

static void fail(struct io *io, struct io_slot *slot, int error_number)
{
    slot->flags |= SLOT_FAILED;
    slot->error_number = error_number;
    slot_ready(io, slot);
}

/* For edges of all kinds, and once. */
static void watch(struct io *io, struct io_slot *slot)
{
    if (slot->flags & SLOT_WATCHED) return;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.u64 = (uint64_t)slot_handle(io, slot).n};
    if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, slot->fd, &event) == 0) {
        slot->flags |= SLOT_WATCHED;
    } else {
        fail(io, slot, errno);
    }
}

static int taken_error(int fd)
{
    int error_number = 0;
    socklen_t size = sizeof error_number;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) return errno;
    return error_number;
}

static bool may_receive(const struct io_slot *slot)
{
    return (slot->flags & (SLOT_RECEIVING | SLOT_PAUSED | SLOT_ENDED)) == SLOT_RECEIVING;
}

static bool has_work(const struct io_slot *slot)
{
    uint32_t flags = slot->flags;
    if (flags & SLOT_OVER) return false;
    if (flags & SLOT_FAILED) return true;
    if ((flags & SLOT_WRITABLE) && (flags & SLOT_SEND_SHORT)) return true;
    return (flags & SLOT_READABLE) && may_receive(slot);
}

void socket_event(struct io *io, struct io_slot *slot, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) slot->flags |= SLOT_READABLE;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) slot->flags |= SLOT_ENDING;
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) slot->flags |= SLOT_WRITABLE;
    bool reads = slot->kind == SLOT_LINGERING || may_receive(slot);
    if ((events & EPOLLERR) && slot->kind == SLOT_CONNECTION && !reads) {
        /* Nobody will receive, so nobody would find out. */
        int error_number = taken_error(slot->fd);
        fail(io, slot, error_number == 0 ? ECONNRESET : error_number);
    }
    if (slot->kind == SLOT_CONNECTION ? has_work(slot) : true) slot_ready(io, slot);
}

/* --- what is to be done ---------------------------------------------------------------------- */

static void connected(struct io *io, struct io_slot *slot, struct gather *gather)
{
    if (!(slot->flags & (SLOT_WRITABLE | SLOT_FAILED))) return;
    int error_number = slot->flags & SLOT_FAILED ? slot->error_number : taken_error(slot->fd);
    slot->kind = SLOT_CONNECTION;
    struct io_completion *completion =
        gather_add(gather, IO_CONNECTED, slot->tag, slot_handle(io, slot));
    if (error_number == 0) return;
    slot->flags |= SLOT_OVER;
    completion->err = error_of(error_number);
    completion->error_number = error_number;
}

static void broken(struct io *io, struct io_slot *slot, int error_number, struct gather *gather)
{
    slot->flags |= SLOT_OVER;
    struct io_completion *completion =
        gather_add(gather, IO_BROKEN, slot->tag, slot_handle(io, slot));
    completion->err = error_of(error_number);
    completion->error_number = error_number;
}

/* How much of the room one connection may take: all of it, unless others wait for it too. */
static size_t receive_share(const struct io *io)
{
    size_t room = io->receive_bytes - io->receive_used;
    size_t share = room / (io->ready_count + 1);
    return u64_min(room, u64_max(share, RECEIVE_SHARE_MIN));
}

static void receive(struct io *io, struct io_slot *slot, struct gather *gather)
{
    size_t room = receive_share(io);
    uint8_t *to = io->receive + io->receive_used;
    ssize_t got = recv(slot->fd, to, room, 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        broken(io, slot, errno, gather);
        return;
    }
    bool more = (size_t)got == room || (slot->flags & SLOT_ENDING);
    if (got < 0 ? errno == EAGAIN : !more) slot->flags &= ~(uint32_t)SLOT_READABLE;
    if (got < 0) return;
    if (got == 0) slot->flags |= SLOT_ENDED;
    struct io_completion *completion =
        gather_add(gather, IO_RECEIVED, slot->tag, slot_handle(io, slot));
    completion->bytes = slice_of(to, (size_t)got);
    io->receive_used += (size_t)got;
}

/* The other end may go on sending what nobody wants: it is dropped until it ends. */
static void linger(struct io *io, struct io_slot *slot)
{
    uint8_t dropped[4096];
    ssize_t got = 1;
    for (uint32_t i = 0; i < LINGER_RECEIVES_MAX && got > 0; i++) {
        got = recv(slot->fd, dropped, sizeof dropped, 0);
    }
    if (got > 0) {
        slot_ready(io, slot);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        io_close(io, slot_handle(io, slot));
    }
}

static void connection_step(struct io *io, struct io_slot *slot, struct gather *gather)
{
    const uint32_t sendable = SLOT_WRITABLE | SLOT_SEND_SHORT;
    if (slot->flags & SLOT_OVER) return;
    if (slot->flags & SLOT_FAILED) {
        broken(io, slot, slot->error_number, gather);
        return;
    }
    if ((slot->flags & sendable) == sendable) {
        slot->flags &= ~sendable;
        (void)gather_add(gather, IO_SENDABLE, slot->tag, slot_handle(io, slot));
    }
    if ((slot->flags & SLOT_READABLE) && may_receive(slot)) receive(io, slot, gather);
    if (has_work(slot)) slot_ready(io, slot);
}

void socket_step(struct io *io, struct io_slot *slot, struct gather *gather)
{
    switch (slot->kind) {
    case SLOT_CONNECTING: connected(io, slot, gather); break;
    case SLOT_CONNECTION: connection_step(io, slot, gather); break;
    case SLOT_LINGERING: linger(io, slot); break;
    case SLOT_DATAGRAM: datagram_step(io, slot, gather); break;
    case SLOT_LISTENER:
    case SLOT_FILE:
    case SLOT_FREE: break; /* never in the list */
    }
}

/* --- receiving ------------------------------------------------------------------------------- */

void io_receive_start(struct io *io, io_handle connection, io_tag tag)
{
    struct io_slot *slot = slot_of(io, connection);
    ASSERT(slot->kind == SLOT_CONNECTION);
    slot->tag = tag;
    slot->flags |= SLOT_RECEIVING;
    watch(io, slot);
    if (has_work(slot)) slot_ready(io, slot);
}

void io_receive_pause(struct io *io, io_handle connection, bool paused)
{
    struct io_slot *slot = slot_of(io, connection);
    ASSERT(slot->kind == SLOT_CONNECTION);
    slot->flags = paused ? slot->flags | SLOT_PAUSED : slot->flags & ~(uint32_t)SLOT_PAUSED;
    if (has_work(slot)) slot_ready(io, slot);
}

/* --- sending --------------------------------------------------------------------------------- */

static ssize_t send_some(int fd, const struct slice *slices, uint32_t count, size_t skip)
{
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    if (count == 1) return send(fd, slices->data + skip, slices->len - skip, flags);
    struct iovec parts[SEND_SLICES_MAX];
    uint32_t parts_count = count < SEND_SLICES_MAX ? count : SEND_SLICES_MAX;
    for (uint32_t i = 0; i < parts_count; i++) {
        struct slice part = slice_from(slices[i], i == 0 ? skip : 0);
        parts[i] = (struct iovec){(void *)(uintptr_t)part.data, part.len};
    }
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = parts_count};
    return sendmsg(fd, &message, flags);
}

/* Pass over what is sent, and over empty slices. */
static void send_advance(const struct slice **slices, uint32_t *count, size_t *skip, size_t sent)
{
    *skip += sent;
    while (*count > 0 && *skip >= (*slices)->len) {
        *skip -= (*slices)->len;
        (*slices)++;
        (*count)--;
    }
}

enum err io_send(struct io *io, io_handle connection, const struct slice *slices, uint32_t count,
                 size_t *sent)
{
    struct io_slot *slot = slot_of(io, connection);
    ASSERT(slot->kind == SLOT_CONNECTION);
    size_t skip = 0;
    *sent = 0;
    send_advance(&slices, &count, &skip, 0);
    while (count > 0) {
        ssize_t taken = send_some(slot->fd, slices, count, skip);
        if (taken < 0 && errno == EINTR) continue;
        if (taken < 0 && errno == EAGAIN) {
            slot->flags = (slot->flags | SLOT_SEND_SHORT) & ~(uint32_t)SLOT_WRITABLE;
            watch(io, slot);
            return ERR_OK;
        }
        if (taken < 0) return error_of(errno);
        *sent += (size_t)taken;
        send_advance(&slices, &count, &skip, (size_t)taken);
    }
    return ERR_OK;
}

/* --- connecting ------------------------------------------------------------------------------ */

static int start_connect(const struct socket_address *to, const struct socket_address *from)
{
    int fd = socket_open(to);
    if (fd < 0) return -1;
    bool fine = from == NULL || bind(fd, (const struct sockaddr *)from->bytes, from->len) == 0;
    if (fine &&
        (connect(fd, (const struct sockaddr *)to->bytes, to->len) == 0 || errno == EINPROGRESS)) {
        return fd;
    }
    int error_number = errno;
    (void)close(fd);
    errno = error_number;
    return -1;
}

enum err io_connect(struct io *io, const struct io_address *to, const struct io_address *from,
                    io_tag tag, io_handle *connection, struct fault *fault)
{
    struct socket_address target, source;
    enum err err = address_parse(to, &target, fault);
    if (err == ERR_OK && from != NULL) err = address_parse(from, &source, fault);
    if (err != ERR_OK) return err;
    int fd = start_connect(&target, from == NULL ? NULL : &source);
    if (fd < 0) {
        return fault_set_errno(fault, errno, "cannot connect to %s port %u", to->text, to->port);
    }
    if (!slot_new(io, SLOT_CONNECTING, fd, tag, connection)) {
        return fault_set(fault, ERR_LIMIT, "too many sockets and files are open");
    }
    watch(io, slot_of(io, *connection));
    return ERR_OK;
}

void io_peer(const struct io *io, io_handle connection, struct io_address *peer,
             struct io_address *local)
{
    int fd = slot_of(io, connection)->fd;
    struct socket_address address = {.len = sizeof address.bytes};
    *peer = *local = (struct io_address){0};
    if (getpeername(fd, (struct sockaddr *)address.bytes, &address.len) == 0) {
        address_of_socket(&address, peer);
    }
    address.len = sizeof address.bytes;
    if (getsockname(fd, (struct sockaddr *)address.bytes, &address.len) == 0) {
        address_of_socket(&address, local);
    }
}

/* --- closing --------------------------------------------------------------------------------- */

static void remove_path(int fd)
{
    struct sockaddr_un path = {0};
    socklen_t size = sizeof path;
    if (getsockname(fd, (struct sockaddr *)&path, &size) != 0 || path.sun_family != AF_UNIX) return;
    (void)unlink(path.sun_path);
}

void io_close(struct io *io, io_handle handle)
{
    struct io_slot *slot = slot_of(io, handle);
    if (slot->kind == SLOT_FILE) disk_close_file(io, handle);
    if (slot->kind == SLOT_LISTENER) remove_path(slot->fd);
    (void)close(slot->fd);
    slot_free(io, slot);
}

static void lingerings_add(struct io_lingerings *list, struct io_lingering lingering)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct io_lingering *ring = calloc(capacity, sizeof *ring);
        ASSERT(ring != NULL);
        for (uint32_t i = 0; i < list->count; i++) {
            ring[i] = list->ring[(list->first + i) % list->capacity];
        }
        free(list->ring);
        *list = (struct io_lingerings){ring, 0, list->count, capacity};
    }
    list->ring[(list->first + list->count++) % list->capacity] = lingering;
}

void io_close_gently(struct io *io, io_handle connection)
{
    struct io_slot *slot = slot_of(io, connection);
    bool over = slot->flags & (SLOT_OVER | SLOT_FAILED);
    if (slot->kind != SLOT_CONNECTION || over || shutdown(slot->fd, SHUT_WR) != 0) {
        io_close(io, connection);
        return;
    }
    slot->kind = SLOT_LINGERING;
    watch(io, slot);
    slot_ready(io, slot);
    lingerings_add(&io->lingerings, (struct io_lingering){connection, {io->now.ns + linger_ns}});
}

void socket_lingering_expire(struct io *io)
{
    struct io_lingerings *list = &io->lingerings;
    while (list->count > 0 && list->ring[list->first].until.ns <= io->now.ns) {
        io_handle handle = list->ring[list->first].handle;
        list->first = (list->first + 1) % list->capacity;
        list->count--;
        if (slot_find(io, handle) != NULL) io_close(io, handle);
    }
}
