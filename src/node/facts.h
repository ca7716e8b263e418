/*
 * facts.h -- what a node tells of itself to its cluster: where it is reached, and what it has.
 */
#pragma once

#include "core/registry/registry.h"
#include "io/io.h"
#include "serve/config.h"

enum { PEER_PORT_ABOVE = 10000 };

struct node_machine { /* where it runs; what is not known is 0 or "" */
    const char *name;
    uint64_t memory_bytes, disk_bytes;
};

/* Where it listens for other nodes: the first of bind, as it stands there. */
MUST_USE enum err facts_listen_address(const struct config *config, struct io_address *address,
                                       struct fault *fault);

/* All of a member but its number and state. `local`: our end of a connection to another node, for
 * who listens on every address; NULL: there is none. ERR_USAGE: a setting is too long, or it cannot
 * be told at which address others would reach this node. */
MUST_USE enum err facts_gather(const struct config *config, const struct node_machine *machine,
                               const char *version, const struct io_address *local,
                               struct registry_member *member, struct fault *fault);
