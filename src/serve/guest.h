/*
 * guest.h -- sessions of other lanes' clients, as this lane sees them: crossing.h's far side.
 *
 * A guest is a session without a connection. What its home asks waits in its `query` and is run in
 * turn; its replies go home as answers when their gates are open. It may wait for keys, watch, and
 * be in a transaction as any session.
 */
#pragma once

#include "serve/session.h"

struct guests;

struct guests *guests_new(uint32_t lanes_count);
void guests_free(struct guests *guests); /* the sessions themselves are the server's */

/* Asks have come from a lane; borrowed. */
void guests_receive(struct server *server, uint32_t from_lane, struct slice asks);
void guest_run(struct server *server, struct session *guest);
/* Answers whose gates are open go into the message for the guest's home. */
void guest_send(struct server *server, struct session *guest);
void guest_free_parts(struct session *guest);
