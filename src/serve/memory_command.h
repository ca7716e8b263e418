/* memory_command.h -- MEMORY, but for USAGE, which is about one key (cmd/memory.c). */
#pragma once

#include "serve/session.h"

void memory_command(struct session_call *call);
