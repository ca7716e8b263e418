/*
 * turn.h -- the loop of one lane: wait, hand out what has come, run, flush, send.
 */
#pragma once

#include "node/threads.h"
#include "serve/server.h"

/* Listeners have tags of their own, between the lane's and the door's. */
enum { TURN_TAG_LISTENER = 512 };

/* Until somebody wants it to stop, and all that was received is answered and durable; or until the
 * lane fails, which is an error. */
MUST_USE enum err turn_run(struct server *server, struct thread *self, struct fault *fault);
