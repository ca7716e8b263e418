/* io_address.c -- addresses as text, and as the system has them. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "io/io_impl.h"

_Static_assert(sizeof(struct socket_address) >= sizeof(struct sockaddr_storage), "room for all");

bool address_is_path(const struct io_address *address)
{
    return strchr(address->text, '/') != NULL;
}

bool io_address_is_local(const struct io_address *address)
{
    const char *text = address->text;
    return address->port == 0 || strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0;
}

static enum err parse_path(const struct io_address *from, struct socket_address *to)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    _Static_assert(sizeof path.sun_path > sizeof from->text, "a path has room");
    memcpy(path.sun_path, from->text, strlen(from->text) + 1);
    memcpy(to->bytes, &path, sizeof path);
    to->len = sizeof path;
    return ERR_OK;
}

enum err address_parse(const struct io_address *from, struct socket_address *to,
                       struct fault *fault)
{
    *to = (struct socket_address){0};
    if (address_is_path(from)) return parse_path(from, to);
    char port[8];
    (void)snprintf(port, sizeof port, "%u", from->port);
    /* Numeric only: names would have to be asked for, which may take long. */
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(from->text, port, &hints, &found) != 0) {
        return fault_set(fault, ERR_USAGE,
                         "%s is no address: give numbers, as in 127.0.0.1 or ::1, or the path of "
                         "a Unix socket",
                         from->text);
    }
    memcpy(to->bytes, found->ai_addr, found->ai_addrlen);
    to->len = found->ai_addrlen;
    freeaddrinfo(found);
    return ERR_OK;
}

/* The one to take of those that a name has: IPv4 first, since most networks have that alone. */
static const struct addrinfo *choose(const struct addrinfo *found)
{
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET) return at;
    }
    return found;
}

enum err io_address_resolve(const char *host, uint16_t port, struct io_address *address,
                            struct fault *fault)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int failed = getaddrinfo(host, NULL, &hints, &found);
    if (failed != 0) {
        return fault_set(fault, ERR_NOT_FOUND, "there is no host %s: %s", host,
                         gai_strerror(failed));
    }
    const struct addrinfo *chosen = choose(found);
    struct socket_address socket = {.len = chosen->ai_addrlen};
    memcpy(socket.bytes, chosen->ai_addr, chosen->ai_addrlen);
    address_of_socket(&socket, address);
    address->port = port;
    freeaddrinfo(found);
    return ERR_OK;
}

void address_of_socket(const struct socket_address *from, struct io_address *to)
{
    *to = (struct io_address){0};
    if (from->family == AF_UNIX) {
        struct sockaddr_un path;
        memcpy(&path, from->bytes, sizeof path);
        if (from->len > sizeof path.sun_family) {
            (void)snprintf(to->text, sizeof to->text, "%.63s", path.sun_path);
        }
        return;
    }
    char host[NI_MAXHOST], port[8];
    if (getnameinfo((const struct sockaddr *)from->bytes, from->len, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return;
    }
    (void)snprintf(to->text, sizeof to->text, "%.63s", host);
    struct sockaddr_in6 any; /* the port is in the same place for both families */
    memcpy(&any, from->bytes, sizeof any);
    to->port = ntohs(any.sin6_port);
}
