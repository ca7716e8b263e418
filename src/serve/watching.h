/* watching.h -- WATCH: whose EXEC fails when a key changes. */
#pragma once

#include "serve/session.h"

struct watching *watching_new(const struct hash_secret *secret);
void watching_free(struct watching *watching);
uint32_t watching_count(const struct watching *watching); /* keys that are watched */

void watching_touch(struct watching *watching, uint32_t database, struct slice key);
/* Before all keys of a database go, or those of another take their place (`other`; the same: no
 * other): what is there in one of them is touched. */
void watching_touch_database(struct server *server, uint32_t database, uint32_t other);

void watching_leave(struct server *server, struct session *session); /* UNWATCH */
/* A watched key has gone by itself: its time was over. */
bool watching_expired(struct server *server, const struct session *session);
uint32_t watching_count_of(const struct session *session);

/* Of all keys that it watches: SHARD_NONE, one, or SHARD_SEVERAL. */
shard_id watching_shard_of(const struct server *server, const struct session *session);
bool watching_has(const struct server *server, const struct session *session, shard_id shard);

void watch_command(struct session_call *call);
void unwatch_command(struct session_call *call);
