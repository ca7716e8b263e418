/* host_port.h -- a place as people and nodes write it. */
#pragma once

#include "base/base.h"

/* "HOST:PORT", "[::1]:PORT": the host, without its brackets, borrows. False: it is none. */
MUST_USE bool host_port_split(struct slice place, struct slice *host, uint16_t *port);
