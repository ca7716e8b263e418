/*
 * door.h -- the RESP front door: the driver's duties of a server, in the order of a turn.
 */
#pragma once

#include "serve/server.h"

/* Tags from DOOR_TAG_FIRST on are the door's. */
enum { DOOR_TAG_FIRST = 1024 };

struct server *door_new(const struct server *parts); /* its parts made by the caller; copied */
void door_free(struct server *server);

/* Accept on a listener that the node has opened, with a tag below the door's. */
void door_listen(struct server *server, io_handle listener, io_tag tag);
void door_complete(struct server *server, const struct io_completion *completion);
/* Run what can be run: requests that are whole, clients that woke, timeouts. */
instant door_turn(struct server *server, instant now, int64_t unix_ms);
/* Send what may leave. After lane_turn. */
void door_send(struct server *server);
/* Stop: accept no more; true when every reply has left. */
bool door_finish(struct server *server);
/* Behind that, while it is true: other nodes are told that nothing more is done here. True: they
 * all know. */
bool door_part(struct server *server);
