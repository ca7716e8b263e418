/*
 * client.h -- a simulated client: one connection at a time, commands out, replies in, and each
 * operation's outcome into the history.
 *
 * What it asks at one time is an *ask*: some steps, each of one operation and of one or several
 * commands. When an ask is answered it thinks for a while, and then asks again. A client that waits
 * too long, whose connection is lost, or that is told -UNKNOWN, retires: what it asked stays of
 * unknown outcome, and it goes on under another number, on another connection.
 */
#pragma once

#include "sim/history.h"
#include "sim/sim.h"
#include "sim/workload_kind.h"

enum { CLIENT_STEPS_MAX = 16, CLIENT_TEXT_MAX = 48 };

enum step_kind {                 /* what the last reply of a step means */
                 STEP_DONE,      /* it is done, unless it is an error */
                 STEP_VALUE,     /* a value, or null */
                 STEP_VALUES,    /* several */
                 STEP_SUM,       /* a number, as an integer or as text; null: 0 */
                 STEP_SET_NX,    /* OK: 1; null: 0 */
                 STEP_POP,       /* null, a value, or a key and a value */
                 STEP_WATCHED,   /* of GET behind WATCH: a value; the client keeps it */
                 STEP_EXEC,      /* null: it failed, since something watched has changed */
                 STEP_EXEC_DONE, /* the same, of an operation that gives no result */
                 STEP_EXEC_VALUES
};

#define STEP_NO_OP SIZE_MAX

struct step {
    enum step_kind kind;
    size_t op;        /* in the history; STEP_NO_OP: none */
    uint32_t replies; /* still to come; the last one decides */
    bool refused;     /* an earlier one was an error */
};

struct client {
    uint32_t number; /* the simulator's */
    uint32_t id;     /* the history's */
    uint32_t host;
    enum workload_kind kind;
    bool is_stale;   /* a READONLY connection */
    bool only_reads; /* where writes wait for a majority that is gone, it goes on asking */
    sim_connection connection;
    uint64_t generation;           /* timers of an earlier one do not count */
    bool retires;                  /* once the ask is answered */
    bool was_refused;              /* something of it */
    char refusal[CLIENT_TEXT_MAX]; /* how the last one began */
    struct buffer in, out;
    struct step steps[CLIENT_STEPS_MAX];
    uint32_t first, count;
    struct {                 /* of compare-and-set, between GET and EXEC */
        bool sent;           /* WATCH was, and neither EXEC nor UNWATCH */
        bool active, is_nil; /* the value is known */
        char key[CLIENT_TEXT_MAX], value[CLIENT_TEXT_MAX];
    } watched;
};

/* Append a command: words parted by single blanks. */
void client_say(struct client *client, const char *format, ...) PRINTF(2, 3);
void client_say_filler(struct client *client, const char *key, uint64_t bytes); /* SET it */
/* The next `replies` are of this operation. */
void client_expect(struct client *client, enum step_kind kind, size_t op, uint32_t replies);

/* Take what was received; each whole reply is settled. False: the reply cannot be: `wrong` says
 * why, and the run has failed. */
enum { CLIENT_WRONG_MAX = 256 };
MUST_USE bool client_receive(struct client *client, struct history *history, struct slice bytes,
                             int64_t now_ns, char wrong[CLIENT_WRONG_MAX]);
static inline bool client_waits(const struct client *client)
{
    return client->first < client->count;
}
void client_forget(struct client *client); /* its connection is gone, with what it asked */
void client_free(struct client *client);
