/*
 * guest.h -- sessions of other lanes' and other nodes' clients, as this lane sees them:
 * crossing.h's far side.
 *
 * A guest is a session without a connection, for one shard, or for what is of the lane. What its
 * home asks waits in its `query` and is run in turn; its replies go home as answers when their
 * gates are open. It may wait for keys, watch, and be in a transaction as any session. One that
 * nobody needs now is kept for a while; so many of them that memory is bounded.
 *
 * A guest of this node's clients keeps each ask until it is answered: what this lane may not run
 * waits, or is asked of the node that leads; and if that refuses, of the next one. A guest of
 * another node's refuses what this lane may not run: nothing is passed on twice.
 */
#pragma once

#include "serve/session.h"

struct guests;
struct ask;         /* crossing_codec.h */
struct answer_told; /* the same */

struct guests *guests_new(uint64_t seed);
void guests_free(struct guests *guests); /* the sessions themselves are the server's */

/* Asks have come from a lane; borrowed. */
void guests_receive(struct server *server, uint32_t from_lane, struct slice asks);
/* One ask, and its bytes; from a node as well. */
void guest_receive(struct server *server, uint32_t from, const struct ask *ask, struct slice bytes);
void guest_run(struct server *server, struct session *guest);
/* Answers whose gates are open go into the message for the guest's home. */
void guest_send(struct server *server, struct session *guest);
void guest_free_parts(struct server *server, struct session *guest);

/* --- as the lane's standing changes (guest_forward.c, standing.c) ----------------------------- */

/* Another node has answered what a guest of this lane asked. */
void guest_answered(struct server *server, uint32_t from, const struct answer_told *answer);
void guests_leave(struct server *server, uint32_t target);      /* their node is gone */
void guests_unanswered(struct server *server, uint32_t target); /* the link to it broke */
/* Those that wait for a leader of this shard; of SHARD_NONE: of any that is not here. */
void guests_look_again(struct server *server, shard_id shard);
void guests_look_up(struct server *server); /* all: a node has come */
/* The shard has ceased to lead here: who waits for keys shall wait elsewhere. */
void guest_deposed(struct server *server, struct session *guest);
/* Answers that wait for gates from `from` on become this error. */
uint64_t guest_lose(struct session *guest, struct gate from, struct slice error); /* how many */
/* Those that have waited for a leader for too long are told so. When to look again; at most. */
instant guests_expire(struct server *server, instant now);
