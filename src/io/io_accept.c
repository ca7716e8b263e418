/* io_accept.c -- listeners: see io.h. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/io_impl.h"

enum {
    ACCEPT_MAX = 64,                /* in one turn, so that others get theirs */
    FILES_KEPT_MAX = 128,           /* descriptors that no connection takes; at most a quarter */
    STARVED_NS = 100 * 1000 * 1000, /* until the next try, when descriptors have run out */
    KEEPALIVE_COUNT = 3,            /* unanswered questions, a third of the silence apart */
    KEEPALIVE_S_MAX = 32767         /* of Linux */
};

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void set_keepalive(int fd, uint32_t seconds)
{
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, seconds != 0);
    if (seconds == 0) return;
    int idle = (int)u64_min(seconds, KEEPALIVE_S_MAX);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, idle < 3 ? 1 : idle / 3);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

void io_keepalive(struct io *io, io_handle connection, uint32_t seconds)
{
    const struct io_slot *slot = slot_of(io, connection);
    ASSERT(slot->kind == SLOT_CONNECTION);
    set_keepalive(slot->fd, seconds); /* does nothing to a Unix socket */
}

/* Accepted connections inherit all of these from their listener. */
static void set_tcp_options(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_keepalive(fd, IO_KEEPALIVE_S);
}

int socket_open(const struct socket_address *address)
{
    int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && address->family != AF_UNIX) set_tcp_options(fd);
    return fd;
}

/* A Unix socket that a former process left: nobody answers there. */
static bool is_left_behind(const struct socket_address *address)
{
    int fd = socket_open(address);
    if (fd < 0) return false;
    bool refused = connect(fd, (const struct sockaddr *)address->bytes, address->len) != 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static bool bind_socket(int fd, const struct socket_address *address)
{
    const struct sockaddr *to = (const struct sockaddr *)address->bytes;
    if (bind(fd, to, address->len) == 0) return true;
    if (errno != EADDRINUSE || address->family != AF_UNIX) return false;
    struct sockaddr_un path;
    memcpy(&path, address->bytes, sizeof path);
    if (!is_left_behind(address) || unlink(path.sun_path) != 0) {
        errno = EADDRINUSE;
        return false;
    }
    return bind(fd, to, address->len) == 0;
}

enum err listen_fault(const struct io_address *address, int error_number, struct fault *fault)
{
    if (address_is_path(address)) {
        return fault_set_errno(fault, error_number, "cannot listen at %s", address->text);
    }
    if (error_number == EADDRINUSE) {
        return fault_set(fault, ERR_EXISTS,
                         "port %u of %s is busy: another program listens there; stop it, or take "
                         "another port with --port",
                         address->port, address->text);
    }
    if (error_number == EADDRNOTAVAIL) {
        return fault_set(fault, ERR_NOT_FOUND,
                         "cannot listen on %s: it is no address of this machine", address->text);
    }
    if (error_number == EACCES) {
        return fault_set(fault, ERR_PERMISSION,
                         "may not listen on port %u of %s: ports below 1024 are root's; take a "
                         "higher one",
                         address->port, address->text);
    }
    return fault_set_errno(fault, error_number, "cannot listen on port %u of %s", address->port,
                           address->text);
}

static int open_listener(const struct socket_address *to, uint32_t backlog, bool share)
{
    int fd = socket_open(to);
    if (fd < 0) return -1;
    if (to->family != AF_UNIX) set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (share) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (to->family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (bind_socket(fd, to) && listen(fd, (int)backlog) == 0) return fd;
    int error_number = errno;
    (void)close(fd);
    errno = error_number;
    return -1;
}

static void listener_watch(struct io *io, struct io_slot *slot)
{
    bool watched = slot->flags & SLOT_WATCHED;
    bool wanted = !(slot->flags & (SLOT_PAUSED | SLOT_STARVED));
    struct epoll_event event = {.events = wanted ? EPOLLIN : 0,
                                .data.u64 = (uint64_t)slot_handle(io, slot).n};
    int failed = epoll_ctl(io->epoll, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, slot->fd, &event);
    if (failed == 0) slot->flags |= SLOT_WATCHED;
}

/* A log that cannot open its next file ends the node: clients must not be able to bring that about.
 * As many descriptors as the system lets us have; some of them are kept from connections. */
static int accept_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT32_MAX;
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    uint64_t all = u64_min(limit.rlim_cur, INT32_MAX);
    return (int)(all - u64_min(all / 4, FILES_KEPT_MAX));
}

enum err io_listen(struct io *io, struct io_address *address, uint32_t backlog, bool share,
                   io_tag tag, io_handle *listener, struct fault *fault)
{
    struct socket_address to;
    enum err err = address_parse(address, &to, fault);
    if (err != ERR_OK) return err;
    int fd = open_listener(&to, backlog, share);
    if (fd < 0) return listen_fault(address, errno, fault);
    if (!slot_new(io, SLOT_LISTENER, fd, tag, listener)) {
        return fault_set(fault, ERR_LIMIT, "too many sockets and files are open");
    }
    io->accept_below = accept_limit();
    listener_watch(io, slot_of(io, *listener));
    to.len = sizeof to.bytes;
    if (getsockname(fd, (struct sockaddr *)to.bytes, &to.len) == 0) address_of_socket(&to, address);
    return ERR_OK;
}

void io_accept_pause(struct io *io, io_handle listener, bool paused)
{
    struct io_slot *slot = slot_of(io, listener);
    ASSERT(slot->kind == SLOT_LISTENER);
    slot->flags = paused ? slot->flags | SLOT_PAUSED : slot->flags & ~(uint32_t)SLOT_PAUSED;
    listener_watch(io, slot);
}

/* Without descriptors a waiting connection would wake us for ever. */
static void starve(struct io *io, io_handle listener)
{
    struct io_slot *slot = slot_of(io, listener);
    slot->flags |= SLOT_STARVED;
    listener_watch(io, slot);
    if (io->accept_again.ns == 0) io->accept_again.ns = io->now.ns + STARVED_NS;
}

void listeners_feed(struct io *io)
{
    if (io->accept_again.ns == 0 || io->now.ns < io->accept_again.ns) return;
    io->accept_again.ns = 0;
    for (uint32_t i = 0; i < io->slots_count; i++) {
        struct io_slot *slot = &io->slots[i];
        if (slot->kind != SLOT_LISTENER || !(slot->flags & SLOT_STARVED)) continue;
        slot->flags &= ~(uint32_t)SLOT_STARVED;
        listener_watch(io, slot);
    }
}

static bool is_about_one_connection(int error_number)
{
    switch (error_number) { /* it was gone before we came; the next may be well */
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EPERM: return true;
    default: return false;
    }
}

void listener_event(struct io *io, io_handle listener, struct gather *gather)
{
    const struct io_slot *slot = slot_of(io, listener);
    if (slot->flags & (SLOT_PAUSED | SLOT_STARVED)) return;
    int fd = slot->fd;
    io_tag tag = slot->tag;
    uint32_t max = gather->max / 2; /* the other half is for those who are in already */
    for (uint32_t i = 0; i < ACCEPT_MAX && gather->count < max; i++) {
        int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            if (is_about_one_connection(errno)) continue;
            if (errno != EAGAIN) starve(io, listener);
            return;
        }
        if (accepted >= io->accept_below) {
            (void)close(accepted);
            starve(io, listener);
            return;
        }
        io_handle handle;
        if (!slot_new(io, SLOT_CONNECTION, accepted, (io_tag){0}, &handle)) return;
        (void)gather_add(gather, IO_ACCEPTED, tag, handle);
    }
}
