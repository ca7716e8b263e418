/* debug_command.h -- DEBUG: for tests. See enable-debug-command. */
#pragma once

#include "serve/session.h"

void debug_command(struct session_call *call);
