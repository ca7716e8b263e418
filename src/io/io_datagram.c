/* io_datagram.c -- UDP: see io.h. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/io_impl.h"

enum {
    DATAGRAMS_MAX = 32, /* in one turn of a socket, so that others get theirs */
    ALIGN = 16,
    KERNEL_BYTES = 1 << 20 /* that may wait in the kernel, if it lets us */
};

/* --- opening --------------------------------------------------------------------------------- */

static int open_bound(const struct socket_address *to)
{
    int fd = socket(to->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int bytes = KERNEL_BYTES, only = 1;
    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (to->family == AF_INET6) (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    if (bind(fd, (const struct sockaddr *)to->bytes, to->len) == 0) return fd;
    int error_number = errno;
    (void)close(fd);
    errno = error_number;
    return -1;
}

enum err io_datagram_open(struct io *io, struct io_address *address, io_tag tag, io_handle *handle,
                          struct fault *fault)
{
    struct socket_address to;
    ASSERT(!address_is_path(address));
    enum err err = address_parse(address, &to, fault);
    if (err != ERR_OK) return err;
    int fd = open_bound(&to);
    if (fd < 0) return listen_fault(address, errno, fault);
    if (!slot_new(io, SLOT_DATAGRAM, fd, tag, handle)) {
        return fault_set(fault, ERR_LIMIT, "too many sockets and files are open");
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)handle->n};
    if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        int error_number = errno;
        io_close(io, *handle);
        return fault_set_errno(fault, error_number, "cannot watch port %u of %s", address->port,
                               address->text);
    }
    to.len = sizeof to.bytes;
    if (getsockname(fd, (struct sockaddr *)to.bytes, &to.len) == 0) address_of_socket(&to, address);
    return ERR_OK;
}

/* --- receiving ------------------------------------------------------------------------------- */

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* False: there is no more, or no room. A stranger's long one is passed over. */
static bool receive_one(struct io *io, struct io_slot *slot, struct gather *gather)
{
    size_t head = aligned(sizeof(struct io_address)), used = aligned(io->receive_used);
    if (gather->count == gather->max) return false;
    if (io->receive_bytes < used + head + IO_DATAGRAM_BYTES_MAX) return false;
    struct io_address *from = (struct io_address *)(void *)(io->receive + used);
    uint8_t *to = io->receive + used + head;
    struct socket_address sender = {.len = sizeof sender.bytes};
    ssize_t got = recvfrom(slot->fd, to, IO_DATAGRAM_BYTES_MAX, MSG_TRUNC,
                           (struct sockaddr *)sender.bytes, &sender.len);
    if (got < 0) {
        if (errno == EAGAIN) slot->flags &= ~(uint32_t)SLOT_READABLE;
        return errno != EAGAIN; /* what an earlier one ran into */
    }
    if (got > IO_DATAGRAM_BYTES_MAX) return true;
    address_of_socket(&sender, from);
    struct io_completion *completion =
        gather_add(gather, IO_DATAGRAM, slot->tag, slot_handle(io, slot));
    completion->bytes = slice_of(to, (size_t)got);
    completion->from = from;
    io->receive_used = used + head + (size_t)got;
    return true;
}

void datagram_step(struct io *io, struct io_slot *slot, struct gather *gather)
{
    for (uint32_t i = 0; i < DATAGRAMS_MAX && receive_one(io, slot, gather); i++) continue;
    if (slot->flags & SLOT_READABLE) slot_ready(io, slot);
}

/* --- sending --------------------------------------------------------------------------------- */

void io_datagram_send(struct io *io, io_handle handle, const struct io_address *to,
                      struct slice bytes)
{
    const struct io_slot *slot = slot_of(io, handle);
    struct socket_address address;
    struct fault fault;
    ASSERT(slot->kind == SLOT_DATAGRAM);
    ASSERT(bytes.len <= IO_DATAGRAM_BYTES_MAX);
    if (address_is_path(to) || address_parse(to, &address, &fault) != ERR_OK) return;
    (void)sendto(slot->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)address.bytes, address.len);
}
