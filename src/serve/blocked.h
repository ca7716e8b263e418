/*
 * blocked.h -- clients that wait for keys: first come, first served, a queue a key.
 *
 * A key that was modified is remembered; after the command (or the EXEC) that did it, the calls of
 * those who wait for the key are run again, in the order of waiting, as long as the key is there
 * and of their type. What these modify is served before the next command of anybody.
 */
#pragma once

#include "serve/session.h"

struct blocked *blocked_new(const struct hash_secret *secret);
void blocked_free(struct blocked *blocked);
uint64_t blocked_count(const struct blocked *blocked); /* clients */
bool blocked_has_keys(const struct blocked *blocked);  /* somebody waits for something */

/* The call did not find what it wants. Copies its arguments. */
void blocked_enter(struct server *server, struct session *session, const struct call *call);
void blocked_leave(struct server *server, struct session *session); /* without a reply */

void blocked_touch(struct blocked *blocked, uint32_t database, struct slice key);
/* All keys of this database have been replaced by others. */
void blocked_touch_database(struct blocked *blocked, uint32_t database);
bool blocked_is_ready(const struct blocked *blocked);
void blocked_serve(struct server *server);

/* With replicas: the same call again, elsewhere, for what is left of its time. */
struct request; /* dispatch.h */
enum { BLOCKED_TIMEOUT_TEXT = 32 };
instant blocked_since(const struct session *session);
shard_id blocked_shard(const struct session *session);
void blocked_request(const struct session *session, struct request *request, struct slice **argv);
/* The timeout among the arguments becomes what is left of it, in `text`. */
void blocked_shorten(const struct command *command, struct slice *argv, uint32_t argc,
                     duration passed, char text[BLOCKED_TIMEOUT_TEXT]);

/* Answer those whose time is over. Returns when the next one is. */
instant blocked_expire(struct server *server, instant now);
enum blocked_end { BLOCKED_TIMEOUT, BLOCKED_ERROR };
void blocked_end(struct server *server, struct session *session, enum blocked_end how);
