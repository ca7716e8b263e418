/* handlers.h -- declares the handlers that commands.def names. */
#pragma once

#include "cmd/call.h"

#define COMMAND(id, name, handler, ...) void handler(struct call *call);
#define SESSION_COMMAND(...)
#include "cmd/commands.def"
#undef SESSION_COMMAND
#undef COMMAND
