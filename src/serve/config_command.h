/* config_command.h -- CONFIG GET, SET, RESETSTAT, REWRITE, HELP. */
#pragma once

#include "serve/session.h"

void config_command(struct session_call *call);
