/* command_info.h -- COMMAND, but for DOCS: what is known of commands, and where their keys are. */
#pragma once

#include "serve/session.h"

void command_command(struct session_call *call);         /* alone, COUNT, HELP, INFO, LIST */
void command_getkeys_command(struct session_call *call); /* GETKEYS, GETKEYSANDFLAGS */
