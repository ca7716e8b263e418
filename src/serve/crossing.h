/*
 * crossing.h -- commands for keys of other lanes, and for the node that leads: sent there, answered
 * in their place.
 *
 * A client's session lives in the lane that accepted it: its home. A command whose keys belong to
 * another lane is sent there, and run there by the session's guest (guest.h). While an answer is
 * owed, later replies of the session are held behind it, so that a pipeline is answered in its
 * order. What goes to one lane in a turn goes as one message.
 *
 * Some commands are split, each lane does its keys, and their answers are combined (MGET, DEL);
 * some go to all lanes (DBSIZE, FLUSHALL, PUBLISH, CONFIG SET): see crossing.def. A transaction,
 * and what it watches, must be of one lane.
 *
 * A key's lane follows from its slot: neighbouring slots are in one lane.
 *
 * With replicas, what this node cannot run at once (it does not lead, or does not know that it
 * does) is asked of the guest of the session in the key's lane, own lane or not; the guest waits
 * until it can be run, or asks the same lane of the node that leads (guest_forward.c).
 */
#pragma once

#include "lane/mailbox.h"
#include "serve/dispatch.h"

struct crossing; /* opaque: one a lane; NULL in a server whose node has one lane and no peers */

struct crossing_config {
    uint32_t lane, lanes_count;
    struct mailbox *const *mailboxes; /* [lanes_count]; borrowed */
    bool replicated;                  /* lane_is_replicated */
};
struct crossing *crossing_new(struct arena *arena, const struct crossing_config *config);
void crossing_free(struct crossing *crossing);

/* One lane, that has peers at other nodes. */
bool crossing_is_only_to_nodes(const struct crossing *crossing);

enum crossing_way {
    CROSSING_HERE,    /* run it in this lane */
    CROSSING_SENT,    /* its answer comes later */
    CROSSING_REFUSED, /* its keys are of several lanes: replied */
    CROSSING_WAIT     /* nothing happened: what is owed must come first */
};
enum crossing_way crossing_route(struct server *server, struct session *session,
                                 const struct request *request);

/* A reply was written behind `opened`, and waits for `gate`: it is held behind what is owed. */
void crossing_hold(struct server *server, struct session *session, size_t opened, uint64_t gate);
static inline bool crossing_is_owed(const struct session *session);
/* It waits for keys of another lane: nothing more of it is run, and if it goes, it just goes. */
static inline bool crossing_waits(const struct session *session);
/* The session ends. */
void crossing_leave(struct server *server, struct session *session);

/* It is run by the guest in this lane, when its turn has come; nothing else of the session before
 * it is answered. */
void crossing_ask_own(struct server *server, struct session *session,
                      const struct request *request);
/* A reply without a place in the output waits for its gate here; standing.c. */
uint64_t crossing_lose(struct session *session, uint64_t from, struct slice error); /* how many */

/* To every other lane, without an answer: what its guests of this lane shall run. */
void crossing_tell_all(struct server *server, const struct slice *argv, uint32_t argc);
/* PUBLISH and SPUBLISH, to every other node: there all lanes run it. */
void crossing_tell_nodes(struct server *server, const struct slice *argv, uint32_t argc);

struct crossing_stats {
    uint64_t forwarded, refused, unknown; /* asks of this lane's guests to other nodes */
    uint64_t tried_again;                 /* told to: no leader, or not kept */
    uint64_t tells_lost;                  /* messages of PUBLISH that another node did not get */
    uint64_t bad;                         /* bytes of another node that nobody can read */
};
const struct crossing_stats *crossing_stats(const struct crossing *crossing);

/* The lane's duties: read mailbox and links at the start of a turn; send at its end. */
void crossing_turn(struct server *server);
void crossing_flush(struct server *server);
/* Before the end of a turn: a link that was made again is not sent what the last one was meant for.
 */
void crossing_look(struct server *server);
/* What this lane asked of itself, and what it answered: without a mailbox. False: nothing. */
bool crossing_own_asks(struct server *server);
bool crossing_own_answers(struct server *server);

/* What a session is owed, and what is held behind it; crossing_impl.h. */
struct session_crossing {
    struct buffer entries; /* of struct held; the first is number `first` */
    uint64_t first;
    size_t held_bytes;   /* replies that have come, since nothing was owed */
    size_t answer_bytes; /* of the larger ones lately: how many may be asked for; 0: not known */
    uint64_t own_until;  /* entries before this one were asked of this lane, by mailbox: what comes
                            behind them must not overtake them */
    bool waits;          /* the last entry is of a call that waits for keys */
    uint32_t watch_lane; /* + 1: where WATCHed keys are; 0: nowhere else */
    bool *known;         /* [lanes_count]: who has a guest of it; owned */
};

static inline bool crossing_is_owed(const struct session *session)
{
    return session->crossing != NULL && session->crossing->entries.len > 0;
}

static inline bool crossing_waits(const struct session *session)
{
    return crossing_is_owed(session) && session->crossing->waits;
}
