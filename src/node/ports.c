/* ports.c -- see ports.h. */
#include "node/ports.h"

#include <stdlib.h>

#include "node/facts.h"
#include "node/listen.h"

struct ports {
    struct io *io;
};

/* Not shared with other lanes, as those of a node that runs may be: so theirs count as busy. */
static enum err hold(struct ports *ports, struct io_address address, struct fault *fault)
{
    io_handle handle;
    return io_listen(ports->io, &address, 1, false, (io_tag){0}, &handle, fault);
}

static enum err hold_for_clients(struct ports *ports, const struct config *config,
                                 struct fault *fault)
{
    struct listen_place places[LISTENERS_MAX];
    uint32_t count;
    enum err err = listen_places(config, places, &count, fault);
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        if (places[i].address.port == 0) continue;
        err = hold(ports, places[i].address, fault);
        if (err != ERR_EXISTS && places[i].may_fail) err = ERR_OK;
    }
    return err;
}

static enum err hold_for_peers(struct ports *ports, const struct config *config,
                               struct fault *fault)
{
    struct io_address address;
    uint32_t lanes_count = (uint32_t)config_integer(config, SETTING_LANES);
    enum err err = facts_listen_address(config, &address, fault);
    if (err != ERR_OK || address.port == 0) return err;
    uint16_t first = address.port;
    for (uint32_t i = 0; i < lanes_count && err == ERR_OK; i++) {
        address.port = (uint16_t)(first + i);
        err = hold(ports, address, fault);
        if (err != ERR_EXISTS) continue;
        (void)fault_set(fault, err,
                        "port %u of %s is busy, where lane %u would meet the other nodes: stop "
                        "the program that listens there, or say another --peer-port; nothing was "
                        "asked of the cluster yet",
                        address.port, address.text, i);
    }
    return err;
}

enum err ports_hold(const struct config *config, struct ports **held, struct fault *fault)
{
    struct ports *ports = calloc(1, sizeof *ports);
    ASSERT(ports != NULL);
    enum err err = io_new(&(struct io_config){0}, &ports->io, fault);
    if (err == ERR_OK) err = hold_for_clients(ports, config, fault);
    if (err == ERR_OK) err = hold_for_peers(ports, config, fault);
    if (err == ERR_OK) {
        *held = ports;
    } else {
        ports_release(ports);
    }
    return err;
}

void ports_release(struct ports *ports)
{
    if (ports == NULL) return;
    if (ports->io != NULL) io_free(ports->io); /* with all that listens */
    free(ports);
}
