/* command_docs.h -- what commands are for: COMMAND DOCS, and docs/commands.md. */
#pragma once

#include "serve/session.h"

void command_docs_command(struct session_call *call);
void commands_document(struct buffer *out); /* docs/commands.md */
