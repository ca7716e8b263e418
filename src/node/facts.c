/* facts.c -- see facts.h. */
#include <stdio.h>

#include "node/facts.h"
#include "node/listen.h"

enum { PORT_MAX = 65535 };

/* The port of lane 0 for other nodes; 0: it shall have none, or there is none to have. */
static uint16_t peer_port(const struct config *config)
{
    int64_t port = config_integer(config, SETTING_PEER_PORT);
    int64_t client_port = config_integer(config, SETTING_PORT);
    if (port >= 0) return (uint16_t)port;
    int64_t last = client_port + PEER_PORT_ABOVE + config_integer(config, SETTING_LANES) - 1;
    return client_port == 0 || last > PORT_MAX ? 0 : (uint16_t)(client_port + PEER_PORT_ABOVE);
}

static bool is_wildcard(const struct io_address *address)
{
    return strcmp(address->text, "0.0.0.0") == 0 || strcmp(address->text, "::") == 0;
}

enum err facts_listen_address(const struct config *config, struct io_address *address,
                              struct fault *fault)
{
    struct listen_place places[LISTENERS_MAX];
    uint32_t count;
    enum err err = listen_places(config, places, &count, fault);
    if (err != ERR_OK) return err;
    *address = (struct io_address){.text = "127.0.0.1"}; /* of who has a Unix socket alone */
    for (uint32_t i = 0; i < count; i++) {
        if (places[i].address.text[0] == '/') continue;
        *address = places[i].address;
        break;
    }
    address->port = peer_port(config);
    return ERR_OK;
}

/* peer-address; else where it listens; else where it was seen; else what the machine's name says.
 */
static enum err find_host(const struct config *config, const struct node_machine *machine,
                          const struct io_address *local, struct io_address *host,
                          struct fault *fault)
{
    const char *told = config_text(config, SETTING_PEER_ADDRESS);
    if (*told != '\0') {
        enum err err = io_address_resolve(told, 0, host, fault);
        return err == ERR_OK ? ERR_OK : fault_prefix(fault, "peer-address");
    }
    enum err err = facts_listen_address(config, host, fault);
    if (err != ERR_OK || !is_wildcard(host)) return err;
    if (local != NULL) {
        *host = *local;
        return ERR_OK;
    }
    struct fault unknown;
    bool found =
        machine->name[0] != '\0' && io_address_resolve(machine->name, 0, host, &unknown) == ERR_OK;
    if (found && !io_address_is_local(host)) return ERR_OK;
    *host = (struct io_address){.text = "127.0.0.1"};
    return ERR_OK; /* of use on this machine; whoever joins from elsewhere is told */
}

static enum err set_text(struct registry_text *to, const char *from, const char *what,
                         struct fault *fault)
{
    if (registry_text_set(to, slice_text(from))) return ERR_OK;
    return fault_set(fault, ERR_USAGE, "%s is longer than %zu bytes", what, sizeof to->bytes - 1);
}

enum err facts_gather(const struct config *config, const struct node_machine *machine,
                      const char *version, const struct io_address *local,
                      struct registry_member *member, struct fault *fault)
{
    struct io_address host;
    *member = (struct registry_member){
        .peer_port = peer_port(config),
        .client_port = (uint16_t)config_integer(config, SETTING_PORT),
        .lanes_count = (uint32_t)config_integer(config, SETTING_LANES),
        .weight = (uint32_t)config_integer(config, SETTING_NODE_WEIGHT),
        .memory_bytes = machine->memory_bytes,
        .disk_bytes = machine->disk_bytes,
    };
    int64_t maxmemory = config_integer(config, SETTING_MAXMEMORY);
    if (maxmemory != 0) member->memory_bytes = (uint64_t)maxmemory;
    enum err err = find_host(config, machine, local, &host, fault);
    if (err != ERR_OK) return err;
    const char *name = config_text(config, SETTING_NODE_HOST);
    if (*name == '\0' && !io_address_is_local(&host)) name = machine->name;
    err = set_text(&member->peer_host, host.text, "the address for other nodes", fault);
    if (err == ERR_OK) err = set_text(&member->client_host, host.text, "the address", fault);
    if (err == ERR_OK) err = set_text(&member->host, name, "node-host", fault);
    if (err == ERR_OK) {
        err = set_text(&member->zone, config_text(config, SETTING_NODE_ZONE), "node-zone", fault);
    }
    return err == ERR_OK ? set_text(&member->version, version, "the version", fault) : err;
}
