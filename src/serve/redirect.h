/*
 * redirect.h -- clients that know the map are told where a key is, instead of being served from
 * there.
 *
 * A connection that has asked for CLUSTER SLOTS, SHARDS or NODES counts as one that knows; RESET
 * makes it a plain one again. The setting cluster-redirect can say that all do, or none. It gets
 *   -MOVED slot host:port  for keys of a shard that another node leads, but for reads after
 *                          READONLY where this node has a replica
 *   -CROSSSLOT             where the keys of a command, or of a transaction, are of several slots
 * as from Redis Cluster. While nobody is known to lead, or the leader counts as dead, or after
 * ASKING, it is served as a plain client is: it waits, and is forwarded.
 */
#pragma once

#include "serve/dispatch.h"

void redirect_greet(const struct server *server, struct session *session); /* a new one */
void redirect_from_now(struct session *session);
void redirect_note_asking(struct session *session); /* for its next command */

/* May this client be redirected? Cheap: before redirect_says. */
static inline bool redirect_concerns(const struct session *session)
{
    return (session->flags & SESSION_KNOWS_MAP) != 0;
}

/* True: it is refused, with -MOVED or -CROSSSLOT in `reply`, and must not run. */
bool redirect_says(struct server *server, struct session *session, const struct request *request,
                   struct reply *reply);
