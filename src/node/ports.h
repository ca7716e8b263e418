/*
 * ports.h -- the places where a node will listen, taken before it is any node: one that could not
 * listen would have got a number of the cluster for nothing. Blocking; nothing is served there.
 */
#pragma once

#include "base/fault.h"
#include "serve/config.h"

struct ports; /* opaque */

/* Those for clients, and each lane's for other nodes; Unix sockets are not looked at. Held until
 * ports_release. ERR_EXISTS: one is busy, and the fault says which and what to do. */
MUST_USE enum err ports_hold(const struct config *config, struct ports **held, struct fault *fault);
void ports_release(struct ports *ports); /* NULL is allowed */
