/*
 * client.h -- a small Redis client that waits: what subcommands ask a running node with.
 *
 * One connection, one request at a time, RESP2; or RESP3, after HELLO 3.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "io/io.h"

struct client; /* opaque */

#define CLIENT_PATIENCE ((duration){INT64_C(30000000000)}) /* for what takes a while */
#define CLIENT_HASTE    ((duration){INT64_C(8000000000)})  /* for a question */

/* `address` as in io.h; `patience`: how long a node may say nothing. ERR_NOT_FOUND and the like:
 * nobody answers there; the fault says where. */
MUST_USE enum err client_open(const struct io_address *address, duration patience,
                              struct client **client, struct fault *fault);
void client_close(struct client *client); /* NULL is allowed */

enum answer_kind {
    ANSWER_TEXT,
    ANSWER_ERROR,
    ANSWER_INTEGER,
    ANSWER_NULL,
    ANSWER_LIST,
    ANSWER_MAP,   /* items: name, value, name, value … */
    ANSWER_BOOL,  /* text: "t" or "f" */
    ANSWER_DOUBLE /* text: its digits */
};

struct answer {
    enum answer_kind kind;
    struct slice text; /* also the digits of an integer */
    struct answer *items;
    uint32_t count;
};

/* The answer lives in `arena`. An error that the node replies is an answer, not a failure. */
MUST_USE enum err client_ask(struct client *client, struct arena *arena, const struct slice *words,
                             uint32_t count, struct answer *answer, struct fault *fault);
