/* replication_command.h -- what clients ask of the replicas: ROLE, WAIT, READONLY, REPLICATION. */
#pragma once

#include "serve/session.h"

void role_command(struct session_call *call);
void wait_command(struct session_call *call);     /* WAIT and WAITAOF */
void readonly_command(struct session_call *call); /* READONLY and READWRITE */
void handover_command(struct session_call *call);
void members_command(struct session_call *call);
/* INFO replication, without its title. */
void replication_info(const struct server *server, struct buffer *out);
