/* server_command.h -- small commands about the node: time, snapshots, its role, its end. */
#pragma once

#include "serve/session.h"

void time_command(struct session_call *call);
void save_command(struct session_call *call);    /* SAVE and BGSAVE */
void rewrite_command(struct session_call *call); /* BGREWRITEAOF */
void lastsave_command(struct session_call *call);
void shutdown_command(struct session_call *call);
