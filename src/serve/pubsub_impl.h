/* pubsub_impl.h -- what pubsub.c and pubsub_commands.c share. */
#pragma once

#include "serve/name_map.h"
#include "serve/pubsub.h"

struct listener { /* one name of one session; of the name's list, in the order of subscribing */
    struct listener *previous, *next;
    struct session *session;
    struct name_node *name;
};

struct pubsub {
    struct name_map names[PUBSUB_KINDS]; /* node->first, last: listeners; count: how many */
    struct buffer texts[2];              /* the last message, for RESP2 and RESP3 */
};

struct session_listens {
    struct name_map names[PUBSUB_KINDS]; /* node->first: the listener */
};

/* False: it did already; it did not. */
bool pubsub_join(struct server *server, struct session *session, enum pubsub_kind kind,
                 struct slice name);
bool pubsub_part(struct server *server, struct session *session, enum pubsub_kind kind,
                 struct slice name);
uint64_t pubsub_publish_shard(struct server *server, struct slice channel, struct slice message);
