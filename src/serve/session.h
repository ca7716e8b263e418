/*
 * session.h -- one client: its connection, what it has said and not yet been answered.
 *
 * Sessions belong to their lane's server. Bytes are parsed in place out of what io received; what
 * is not a whole request yet is kept in `query`. Replies gather in `output`, and leave when the
 * log is durable up to `gate`.
 */
#pragma once

#include "core/resp/reply.h"
#include "core/resp/request.h"
#include "serve/server.h"

struct acl_user; /* acl.h */

enum session_flag {
    SESSION_MULTI = 1 << 0,
    SESSION_DIRTY_WATCH = 1 << 1, /* a watched key changed: EXEC answers null */
    SESSION_DIRTY_EXEC = 1 << 2,  /* an error while queueing: EXECABORT */
    SESSION_BLOCKED = 1 << 3,     /* waits for keys, or for a PAUSE to end */
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
};

struct session {
    uint64_t id;
    io_handle connection;
    uint32_t flags; /* bits of enum session_flag */
    uint32_t database;
    uint8_t protocol; /* 2 or 3 */
    bool authenticated;
    const struct acl_user *user;
    struct buffer name, library_name, library_version;
    struct io_address peer, local;
    instant connected, last_active;
    const struct command *last_command;

    struct buffer query; /* what is not a whole request yet */
    struct request_reader reader;
    struct buffer output;
    size_t sent_bytes; /* of `output`, gone already */
    uint64_t gate;     /* log position that `output` waits for */

    struct session_queue *queue; /* MULTI: calls so far; see transaction.c */
    struct session_parts
        *parts; /* what only serve/ knows of it: subscriptions, watches, blocking */
};

/* A session command's handler: what a call is to cmd/. It writes exactly one reply. */
struct session_call {
    struct server *server;
    struct session *session;
    const struct command *command;
    const struct slice *argv;
    uint32_t argc;
    struct reply reply;
};
typedef void (*session_handler)(struct session_call *call);

/* The handlers, by command id; one table, in session_table.c. */
session_handler session_handler_of(enum command_id id);

typedef void (*session_visit)(void *context, struct session *session);
void sessions_each(struct sessions *sessions, session_visit visit, void *context);
struct session *sessions_find(struct sessions *sessions, uint64_t id); /* NULL: none */
uint32_t sessions_count(const struct sessions *sessions);
void session_close(struct server *server, struct session *session); /* at the end of the turn */
void session_append(struct server *server, struct session *session, struct slice bytes); /* push */
