/*
 * turn.h -- one pass of a lane's loop: wait, hand out what has come, run, flush, send.
 */
#pragma once

#include "node/node.h"
#include "serve/server.h"

struct turn; /* opaque: what is kept from one to the next */

/* Listeners have tags of their own, between the lane's and the door's. */
enum { TURN_TAG_LISTENER = 512 };

struct turn *turn_new(struct arena *arena, struct server *server);
/* As node_lane_turn. */
enum node_turn turn_take(struct turn *turn, bool stop, instant *deadline, struct fault *fault);
