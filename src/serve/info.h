/* info.h -- INFO: facts and counts, by section, under the names that tools for Redis read. */
#pragma once

#include "serve/session.h"

/* The version of Redis whose commands and replies these are. */
#define REDIS_VERSION "7.2.0"

void info_command(struct session_call *call);
