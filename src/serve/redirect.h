/*
 * redirect.h -- clients that have asked for the cluster's map are told where to ask, instead of
 * being asked for: whoever has run CLUSTER SLOTS, SHARDS or NODES has SESSION_REDIRECTS.
 */
#pragma once

#include "serve/session.h"

struct request; /* dispatch.h */

/* The session has asked for the map: from now on it is redirected. RESET ends that. */
void redirect_begin(struct session *session);
/* A command with keys, all in this shard. True: another node leads it, or serves its reads, whose
 * address is known: "-MOVED slot host:port" is replied. */
bool redirect_reply(struct server *server, struct session *session, const struct request *request,
                    shard_id shard);
