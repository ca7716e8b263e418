/*
 * call.h -- one execution of a DATA command over a store: what a handler gets, and what it owes.
 *
 * A handler reads argv, changes the store by the rule of store.h, and writes exactly one reply
 * (unless it blocks). It does no I/O and sees no client. It is run at once for a client and again,
 * with `replaying` set, from the log at start and on replicas: the same call at the same time on
 * the same data must leave the same data. So whatever it chose by chance, it must say what was
 * chosen: call_log_instead.
 *
 * For every key that it changed it calls call_modified once, then call_notify with Redis's event.
 * A command that changed nothing calls neither, and nothing is logged.
 */
#pragma once

#include "base/integer.h"
#include "cmd/command.h"
#include "core/resp/reply.h"
#include "core/store/store.h"

enum notify_class {                            /* the letters of notify-keyspace-events */
                    NOTIFY_KEYSPACE = 1 << 0,  /* K */
                    NOTIFY_KEYEVENT = 1 << 1,  /* E */
                    NOTIFY_GENERIC = 1 << 2,   /* g */
                    NOTIFY_STRING = 1 << 3,    /* $ */
                    NOTIFY_LIST = 1 << 4,      /* l */
                    NOTIFY_SET = 1 << 5,       /* s */
                    NOTIFY_HASH = 1 << 6,      /* h */
                    NOTIFY_ZSET = 1 << 7,      /* z */
                    NOTIFY_EXPIRED = 1 << 8,   /* x */
                    NOTIFY_EVICTED = 1 << 9,   /* e */
                    NOTIFY_STREAM = 1 << 10,   /* t */
                    NOTIFY_KEY_MISS = 1 << 11, /* m */
                    NOTIFY_NEW = 1 << 12,      /* n */
};

/* Who wants to know what happened to keys: WATCH, blocked clients, keyspace notifications. */
struct call_observer {
    void *context;
    void (*modified)(void *context, uint32_t database, struct slice key);
    void (*notified)(void *context, enum notify_class class, const char *event, uint32_t database,
                     struct slice key);
    /* All keys of a database are about to go (`other` is the same), or two databases are about to
     * change places: in place of `modified` for each key. May be NULL. */
    void (*replaced)(void *context, uint32_t database, uint32_t other);
    bool wants_modified;     /* false: `modified` and `replaced` need not be called */
    uint32_t wants_notified; /* bits of notify_class that somebody may listen to */
};

enum call_timeout_reply { TIMEOUT_NULL_ARRAY, TIMEOUT_NULL_BULK };

/* A blocking command that found nothing: the session waits until one of the keys changes and runs
 * the same call again, or until the time is over. */
struct call_block {
    bool wanted;
    int64_t timeout_ms;             /* 0: for ever */
    uint32_t first_key, keys_count; /* argv positions */
    enum call_timeout_reply timeout_reply;
};

struct call_settings {       /* of the node; what handlers need of the configuration */
    uint64_t bulk_bytes_max; /* proto-max-bulk-len: how long a string may become */
    bool counts_uses;        /* maxmemory-policy is one of the lfu ones */
};

struct call {
    const struct command *command;
    const struct slice *argv; /* argv[0] is the name */
    uint32_t argc;
    uint32_t database;
    struct store *store;
    const struct call_settings *settings;
    const struct call_observer *observer; /* never NULL */
    struct reply reply;
    bool keys_restricted; /* the user may not read every key: SORT follows no patterns then */
    bool may_block;       /* false: in MULTI, or replaying: a blocking command answers at once */
    bool replaying;
    /* what came of it */
    uint64_t changes; /* > 0: it is logged */
    struct call_block block;
    /* What call_log_instead wrote: for each command a varint argc, then its arguments, each a
     * varint length and bytes. Empty: argv itself is logged. */
    struct buffer *instead;
    uint32_t instead_count; /* commands in it */
};

/* --- what handlers say ----------------------------------------------------------------------- */

void call_modified(struct call *call, uint32_t database, struct slice key); /* counts a change */
void call_replaced(struct call *call, uint32_t database, uint32_t other);   /* counts a change */
void call_notify(struct call *call, enum notify_class class, const char *event, struct slice key);
void call_notify_in(struct call *call, enum notify_class class, const char *event,
                    uint32_t database, struct slice key);
/* Log this command in place of argv. May be called several times: all are logged, in turn. */
void call_log_instead(struct call *call, uint32_t argc, const struct slice *argv);
/* Its keys may be in several stores (store_over.h), each with a log of its own: who changes several
 * keys a little then says for each what to log, instead of its whole value. */
bool call_spans(const struct call *call);
void call_block_on(struct call *call, int64_t timeout_ms, uint32_t first_key, uint32_t keys_count,
                   enum call_timeout_reply timeout_reply);

/* --- looking up with a type ------------------------------------------------------------------ */

/* CALL_WRONG_TYPE: the reply is written already; the handler returns. */
enum call_found { CALL_FOUND, CALL_MISSING, CALL_WRONG_TYPE };
enum call_found call_read(struct call *call, struct slice key, enum value_type type,
                          struct entry **entry);
enum call_found call_write(struct call *call, struct slice key, enum value_type type,
                           struct entry **entry);
/* A key of any type, without noting an access to it: EXISTS, TYPE, TTL. */
struct entry *call_peek(struct call *call, struct slice key);
/* call_read and call_peek do this themselves: for those that look with store_read. */
void call_key_missed(struct call *call, struct slice key);
const char *value_type_name(enum value_type type); /* "string", "zset" … */

/* --- arguments; false: the error is replied -------------------------------------------------- */

/* "ERR value is not an integer or out of range" */
MUST_USE bool call_integer(struct call *call, uint32_t index, int64_t *value);
/* `error` with its code ("ERR …"), whatever is wrong; NULL: the usual texts. */
MUST_USE bool call_integer_in(struct call *call, uint32_t index, int64_t low, int64_t high,
                              int64_t *value, const char *error);
MUST_USE bool call_double(struct call *call, uint32_t index, double *value); /* "… valid float" */
MUST_USE bool call_long_double(struct call *call, uint32_t index, long double *value);
/* Seconds, fractions allowed, of a blocking command, to milliseconds. */
MUST_USE bool call_timeout(struct call *call, uint32_t index, int64_t *timeout_ms);

MUST_USE bool double_parse(struct slice text, double *value); /* no nan; inf allowed */
MUST_USE bool long_double_parse(struct slice text, long double *value);

bool word_is(struct slice text, const char *word); /* in any case; `word` in upper case */

void call_syntax_error(struct call *call);
void call_wrong_type(struct call *call);
void call_no_such_key(struct call *call);
