/*
 * dispatch.h -- one request of a client: looked up, checked in Redis's order, queued or run, and
 * counted.
 */
#pragma once

#include "serve/session.h"

enum dispatched {
    DISPATCH_RAN,      /* it is answered, or waits for keys */
    DISPATCH_ANSWERED, /* it did not run: refused, or queued */
    DISPATCH_LATER,    /* nothing happened: the log is making room. Again after the next turn */
    DISPATCH_OWED,     /* nothing happened: answers of other lanes must come first */
    DISPATCH_PAUSED,   /* nothing happened: CLIENT PAUSE. Again when that is over */
    DISPATCH_REPLICAS  /* nothing happened: WAIT. Again at the next turn, which nobody hurries */
};

struct request {
    const struct command *command;   /* NULL: unknown */
    const struct command *container; /* that has no such subcommand */
    const struct slice *argv;
    uint32_t argc;       /* 1 or more */
    uint32_t slot_known; /* of the first key, and 1; 0: not known yet */
};

enum dispatched dispatch(struct server *server, struct session *session,
                         const struct request *request);

/* Runs the call on session->shard, over all shards together if that says SHARD_SEVERAL; sets
 * session->gate. */
enum shard_ran dispatch_call(struct server *server, struct session *session, struct call *call);

/* The store's time that the command will see, for who looks before it is run. */
void dispatch_set_time(struct server *server, const struct session *session);

/* What its reply waits for: of a command that is about the client alone, nothing. */
struct gate dispatch_gate(const struct session *session, const struct command *command);

/* Whether this request has to be timed by itself: it may take long, or somebody wants to know
 * exactly. Others share the time of their batch. */
bool dispatch_is_timed(const struct server *server, const struct request *request);

/* May the user not read all keys? Asked only of the commands that follow patterns to keys which are
 * not among their arguments: SORT. */
bool dispatch_keys_restricted(const struct session *session, const struct request *request);

/* Run a call of EXEC: no checks but the ACL's. `reply` goes into the session's output. */
void dispatch_queued(struct server *server, struct session *session, const struct request *request);
