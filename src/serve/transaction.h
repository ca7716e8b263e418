/* transaction.h -- MULTI: calls that are queued, then run as one. */
#pragma once

#include "serve/dispatch.h"

void transaction_queue(struct server *server, struct session *session,
                       const struct request *request);
void transaction_drop(struct server *server, struct session *session); /* the queue, and MULTI */
uint32_t transaction_flags(const struct session *session); /* of all commands in it, together */
uint32_t transaction_count(const struct session *session);
/* What is queued, in turn. */
void transaction_each(const struct session *session,
                      void (*visit)(void *context, const struct request *request), void *context);
size_t transaction_bytes(const struct session *session);

void multi_command(struct session_call *call);
void exec_command(struct session_call *call);
void discard_command(struct session_call *call);
