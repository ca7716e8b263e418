/*
 * crossing.h -- commands for keys of other lanes, and for the node that leads: sent there, answered
 * in their place.
 *
 * A client's session lives in the lane that accepted it: its home. A key's slot says its shard, and
 * that says its lane on each node. What this lane may not run at once, for the shard is another
 * lane's, or it does not lead here, is asked of the session's guest for that shard in the shard's
 * lane (guest.h), which runs it when it may or asks the node that leads (guest_forward.c). A guest
 * for each shard: what one has to wait for holds up no other. While an answer is owed, later
 * replies of the session are held behind it, so that a pipeline is answered in its order. What goes
 * to one lane in a turn goes as one message.
 *
 * Some commands are split, each shard does its keys, and their answers are combined (MGET, DEL);
 * some go to all shards (DBSIZE, FLUSHALL) or to all lanes (PUBLISH, CONFIG SET): crossing.def. A
 * transaction, and what it watches, must be of one shard.
 *
 * A node that is a cluster of one, with one lane, has all shards in one place: there any command
 * and any transaction is run over all of them at once (lane/together.h).
 */
#pragma once

#include "lane/mailbox.h"
#include "serve/dispatch.h"

struct crossing; /* opaque: one a lane */

struct crossing_config {
    uint32_t lane, lanes_count, shards_count;
    struct mailbox *const *mailboxes; /* [lanes_count]; borrowed */
    bool replicated;                  /* lane_is_replicated */
    uint64_t seed;                    /* of chance */
};
struct crossing *crossing_new(struct arena *arena, const struct crossing_config *config);
void crossing_free(struct crossing *crossing);

/* One lane, that has peers at other nodes. */
bool crossing_is_only_to_nodes(const struct crossing *crossing);

/* Where a key is. */
shard_id crossing_shard_of(const struct crossing *crossing, struct slice key);
/* The store that it is in, for looking; NULL: not here. */
const struct store *crossing_store_of(const struct server *server, struct slice key);
bool crossing_has_others(const struct crossing *crossing); /* lanes, or nodes */
/* Has this lane a link to a lane of that node? Of this one itself: yes. */
bool crossing_reaches(const struct server *server, node_id node);
/* Who leads it, as far as this lane knows; NODE_NONE: nobody. */
node_id crossing_leader(const struct server *server, shard_id id);

enum crossing_way {
    CROSSING_HERE,    /* run it in this lane: session->shard says where */
    CROSSING_SENT,    /* its answer comes later */
    CROSSING_REFUSED, /* its keys are of several shards, or it is to be asked elsewhere: replied */
    CROSSING_WAIT     /* nothing happened: what is owed must come first */
};
enum crossing_way crossing_route(struct server *server, struct session *session,
                                 const struct request *request);

/* A reply was written behind `opened`, and waits for `gate`: it is held behind what is owed. */
void crossing_hold(struct server *server, struct session *session, size_t opened, struct gate gate);
static inline bool crossing_is_owed(const struct session *session);
/* It waits for keys of another lane: nothing more of it is run, and if it goes, it just goes. */
static inline bool crossing_waits(const struct session *session);
/* The session ends. */
void crossing_leave(struct server *server, struct session *session);

/* It is run by the session's guest for session->shard in this lane, when its turn has come; nothing
 * else of the session before it is answered. */
void crossing_ask_own(struct server *server, struct session *session,
                      const struct request *request);
/* Replies without a place in the output that wait for gates of a shard from `from` on. */
uint64_t crossing_lose(struct session *session, struct gate from, struct slice error);

/* To every other lane, without an answer: what its guests of this lane shall run. */
void crossing_tell_all(struct server *server, const struct slice *argv, uint32_t argc);
/* To every other node, without an answer: there all lanes run it. PUBLISH, SPUBLISH, and what is
 * said to all nodes: CONFIG SET, ACL SETUSER, ACL DELUSER. */
void crossing_tell_nodes(struct server *server, const struct slice *argv, uint32_t argc);

/* CONFIG TOLD, to that node, or to all (NODE_NONE): but for those whose version does not know it.
 */
void crossing_tell_newer(struct server *server, node_id node, const struct slice *argv,
                         uint32_t argc);

struct crossing_stats {
    uint64_t forwarded, refused, unknown; /* asks of this lane's guests to other nodes */
    uint64_t tried_again;                 /* told to: no leader, or not kept */
    uint64_t tells_lost;                  /* what another node was not told */
    uint64_t bad;                         /* bytes of another node that nobody can read */
};
const struct crossing_stats *crossing_stats(const struct crossing *crossing);

/* The lane's duties: read mailbox and links at the start of a turn; send at its end. */
void crossing_turn(struct server *server);
void crossing_flush(struct server *server);
/* Before the end of a turn: a link that was made again is not sent what the last one was meant for.
 */
void crossing_look(struct server *server);
/* This lane ends, and all that it did for other nodes is answered: they are told that it does no
 * more, so that they ask elsewhere what is not answered. True: each has ended its link. */
bool crossing_part(struct server *server);
/* What this lane asked of itself, and what it answered: without a mailbox. False: nothing. */
bool crossing_own_asks(struct server *server);
bool crossing_own_answers(struct server *server);

enum { CROSSING_OWN_PLACES = 16, SHARD_SEVERAL = UINT32_MAX - 1 };

/* What a session is owed, and what is held behind it; crossing_impl.h. */
struct session_crossing {
    struct buffer entries; /* of struct held; the first is number `first` */
    uint64_t first;
    size_t held_bytes;   /* replies that have come, since nothing was owed */
    size_t answer_bytes; /* of the larger ones lately: how many may be asked for; 0: not known */
    /* Entries before this one were asked of this lane: what comes behind them for the same shard
     * must not overtake them. By the shard's number modulo the places. */
    uint64_t own_until[CROSSING_OWN_PLACES];
    bool waits;   /* the last entry is of a call that waits for keys, or replicas */
    bool holds;   /* it is of one that must be done before what comes behind it */
    bool watches; /* keys of watch_shard, by its guest */
    shard_id watch_shard;
    uint64_t *known;   /* bits: which shards have a guest of it; then one a lane; owned */
    uint64_t *written; /* bits: to which shards it has written; NULL: none; owned */
};

static inline bool crossing_is_owed(const struct session *session)
{
    return session->crossing != NULL && session->crossing->entries.len > 0;
}

static inline bool crossing_waits(const struct session *session)
{
    return crossing_is_owed(session) && session->crossing->waits;
}
