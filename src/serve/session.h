/*
 * session.h -- one client: its connection, what it has said and not yet been answered.
 *
 * Sessions belong to their lane's server. Bytes are parsed in place out of what io received; what
 * is not a whole request yet is kept in `query`. Replies gather in `output`, and leave in their
 * order, each when its gate is open.
 */
#pragma once

#include "core/resp/reply.h"
#include "core/resp/request.h"
#include "serve/server.h"

struct acl_user; /* acl.h */

/* What a reply waits for: that a shard's log is agreed on up to this index; of GATE_LANE, that the
 * lane's log is durable up to this position. */
enum { GATE_LANE = UINT32_MAX - 2 };
struct gate {
    shard_id shard;
    uint64_t index; /* 0: it waits for nothing */
};

enum session_flag {
    SESSION_MULTI = 1 << 0,
    SESSION_DIRTY_WATCH = 1 << 1, /* a watched key changed: EXEC answers null */
    SESSION_DIRTY_EXEC = 1 << 2,  /* an error while queueing: EXECABORT */
    SESSION_BLOCKED = 1 << 3,     /* waits for keys */
    SESSION_CLOSE_AFTER_REPLY = 1 << 4,
    SESSION_CLOSING = 1 << 5,
    SESSION_REPLY_OFF = 1 << 6,
    SESSION_REPLY_SKIP = 1 << 7,
    SESSION_REPLY_SKIP_NEXT = 1 << 8,
    SESSION_NO_EVICT = 1 << 9,
    SESSION_NO_TOUCH = 1 << 10,
    SESSION_MONITOR = 1 << 11,
    SESSION_PUBSUB = 1 << 12, /* subscribed to something */
    SESSION_UNIX_SOCKET = 1 << 13,
    SESSION_FULL = 1 << 14,          /* the socket takes no more for now */
    SESSION_ENDED = 1 << 15,         /* the other end says no more */
    SESSION_GUEST = 1 << 17,         /* of another lane's client: guest.h */
    SESSION_RESTRICTED = 1 << 18,    /* a guest whose user may not read all keys */
    SESSION_STALE = 1 << 19,         /* READONLY: reads are this node's, and may be old */
    SESSION_REPLICAS_WAIT = 1 << 20, /* WAIT: until so many nodes have it */
    SESSION_KNOWS_MAP = 1 << 21,     /* has asked which node has which slots: redirect.h */
    SESSION_ASKING = 1 << 22,        /* but its next command is not redirected */
};

struct session_link {
    struct session *previous, *next;
};
enum session_list_id {
    SESSIONS_ALL,      /* in the order of connecting */
    SESSIONS_RUN,      /* may have something to run this turn */
    SESSIONS_SEND,     /* have output */
    SESSIONS_LATER,    /* run again next turn: their share was used up, or the log had no room */
    SESSIONS_OWED,     /* wait for answers of other lanes: crossing.h */
    SESSIONS_PAUSED,   /* postponed by CLIENT PAUSE */
    SESSIONS_PARKED,   /* guests that wait for a leader, or until a read is known to be fresh */
    SESSIONS_REPLICAS, /* in WAIT: run again next turn, which nobody hurries */
    SESSIONS_WAIT,     /* blocked for keys with a timeout */
    SESSIONS_MONITOR,
    SESSIONS_PUSHED, /* were told something by the command that runs: it waits for its gate, too */
    SESSIONS_IDLE,   /* guests that nobody needs now: the first is dropped first */
    SESSIONS_CLOSE,  /* at the end of the turn */
    SESSION_LISTS
};

struct session {
    uint64_t id;
    io_handle connection;
    uint32_t slot;
    uint32_t flags; /* bits of enum session_flag */
    uint32_t lists; /* bits: 1 << enum session_list_id */
    uint32_t database;
    uint8_t protocol; /* 2 or 3 */
    bool authenticated;
    bool receive_paused;
    const struct acl_user *user;
    const struct command *last_command;

    struct slice received;        /* borrowed from io: only until the end of the turn */
    struct buffer query;          /* what is not a whole request yet, and what waits */
    size_t query_used;            /* of `query`, run already */
    struct request_reader reader; /* of the request that is not whole */
    struct buffer output;
    size_t sent_bytes;      /* of `output`, gone already */
    shard_id shard;         /* where the keys of the command are that is run */
    struct gate gate;       /* what its reply waits for */
    struct buffer marks;    /* which gate each part of `output` waits for; session_gate.c */
    size_t pushed_from;     /* of one in SESSIONS_PUSHED */
    instant replicas_until; /* WAIT has begun: until when; 0: it has not */
    uint64_t replicas_index;

    struct session_queue *queue;       /* MULTI: calls so far; see transaction.c */
    struct session_wait *wait;         /* blocked for keys; see blocked.c */
    struct session_watch *watch;       /* first watched key; see watching.c */
    struct session_listens *listens;   /* subscriptions; see pubsub.c */
    struct session_crossing *crossing; /* answers of other lanes; see crossing.c */
    struct session_guest *guest;       /* of a guest; see guest.c */
    struct session_link links[SESSION_LISTS];

    instant connected, last_active;
    instant output_over; /* since when its output is over the soft limit; 0: it is not */
    struct buffer name, library_name, library_version;
    struct io_address peer, local;
};

/* A session command's handler: what a call is to cmd/. It writes exactly one reply, or none and
 * sets `later`: then it is called again after the next turn. */
struct session_call {
    struct server *server;
    struct session *session;
    const struct command *command;
    const struct slice *argv;
    uint32_t argc;
    struct reply reply;
    bool later;
};
typedef void (*session_handler)(struct session_call *call);

/* The handlers, by command id; one table, in session_table.c. */
session_handler session_handler_of(enum command_id id);

/* Then by links[list].next. */
struct session *sessions_first(const struct sessions *sessions, enum session_list_id list);
uint32_t sessions_count(const struct sessions *sessions);
struct session *sessions_find(const struct sessions *sessions, uint64_t id); /* NULL: none */
uint64_t sessions_blocked_count(const struct server *server); /* for keys, and by a pause */

void session_close(struct server *server, struct session *session); /* at the end of the turn */
/* A push: bytes that are no reply. They come after a reply that is being written. */
void session_append(struct server *server, struct session *session, struct slice bytes);
