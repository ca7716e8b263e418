/* debug_protocol.h -- DEBUG PROTOCOL: a value of each type of RESP, for tests of clients. */
#pragma once

#include "serve/session.h"

void debug_protocol(struct session_call *call);
