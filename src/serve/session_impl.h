/* session_impl.h -- inside of the sessions of a lane; see session.h. */
#pragma once

#include "serve/session.h"

enum {
    SESSION_BUFFERS_KEPT = 64,             /* empty ones, for whoever needs one next */
    SESSION_BUFFER_KEPT_BYTES = 64 << 10,  /* larger ones are given back to the system */
    SESSION_OUTPUT_PAUSE_BYTES = 1 << 20,  /* unread: nothing more of this client is run or read */
    SESSION_QUERY_PAUSE_BYTES = 1 << 20,   /* not run: nothing more of this client is read */
    SESSION_REQUESTS_A_TURN = 1024,        /* of one client, then it is the others' turn */
    SESSION_BATCH_MAX = 32,                /* requests that are parsed before the first is run */
    SESSION_STRANGER_BYTES_MAX = 64 << 10, /* buffered for who has not authenticated */
};

struct session_list {
    struct session *first, *last;
};

enum { SESSION_LISTENERS_MAX = 32 };

enum pause_kind { PAUSE_NONE, PAUSE_WRITE, PAUSE_ALL };

struct sessions {
    struct session **slots; /* by the tag of their connection */
    uint32_t slots_count, slots_capacity;
    uint32_t *free_slots;
    uint32_t free_count, count;
    struct session_list lists[SESSION_LISTS];
    uint32_t list_counts[SESSION_LISTS];
    struct buffer buffers[SESSION_BUFFERS_KEPT];
    uint32_t buffers_count;
    struct request_reader reader;  /* lent to the session that is being parsed */
    struct session *current;       /* whose command is running; NULL: none */
    struct buffer pushed;          /* for it: after its reply */
    struct buffer guest_arguments; /* of the ask that is being run: slices */
    struct buffer scratch;         /* one message, while it is made */
    struct call_observer observer;
    enum pause_kind pause;
    instant pause_until;
    instant now;
    int64_t unix_ms;
    instant swept; /* when all were last looked at for being idle */
    uint64_t commands_at_sweep;
    io_handle listeners[SESSION_LISTENERS_MAX];
    uint32_t listeners_count;
    /* Of those in SESSIONS_LATER, whom the log had no room for in this turn: the turn that follows
     * need not come before there is room. */
    uint32_t roomless_count;
    bool had_room; /* at the end of the door's turn; for one that asks for more there is none */
    bool finishing;
    bool is_running;        /* a command: what others are told waits for its gate */
    shard_id running_shard; /* whose call is being run; SHARD_NONE: none */
};

static inline bool session_in(const struct session *session, enum session_list_id list)
{
    return (session->lists & (1U << list)) != 0;
}

void session_enter(struct sessions *sessions, enum session_list_id list, struct session *session);
void session_leave(struct sessions *sessions, enum session_list_id list, struct session *session);

/* The log had no room for its request: again when it has. */
static inline void session_await_room(struct sessions *sessions, struct session *session)
{
    session_enter(sessions, SESSIONS_LATER, session);
    sessions->roomless_count++;
}

struct sessions *sessions_new(void);
void sessions_free(struct server *server);
struct session *session_open(struct server *server, io_handle connection);

void session_unpause(struct server *server); /* CLIENT UNPAUSE, or its time is over */
void session_hold_expiry(struct server *server, bool hold); /* of all shards: a drop is a write */

/* Tell the lane what somebody wants to know of keys: after WATCH, blocking, CONFIG SET. */
void session_observe(struct server *server);
void session_observe_shard(struct server *server, struct shard *shard); /* a new one */

/* An empty buffer with memory that was used lately, and back. */
void buffer_borrow(struct sessions *sessions, struct buffer *buffer);
void buffer_return(struct sessions *sessions, struct buffer *buffer);

/* Before something is written to the output. */
void session_output_begin(struct server *server, struct session *session);

/* Those that session_close has marked, but for this one (NULL: all). */
void sessions_close_all(struct server *server, const struct session *but);

/* --- session_gate.c: which part of the output waits for what --------------------------------- */

bool gate_is_open(const struct server *server, struct gate gate);
/* Of an index of a shard's log, for a reply to this session. One that is open already becomes the
 * one that waits for nothing. */
struct gate gate_of(const struct session *session, const struct shard *shard, uint64_t index);
/* What begins at `start` of the output waits for `gate`. */
void session_mark_at(struct session *session, size_t start, struct gate gate);
static inline void session_mark(struct session *session, size_t start, struct gate gate)
{
    if (LIKELY(gate.index == 0 && session->marks.len == 0)) return; /* as all before it */
    session_mark_at(session, start, gate);
}
struct gate session_last_gate(const struct session *session);
/* Bytes of the output whose gates are open, and of those before it. Gates that are open are
 * forgotten. */
size_t session_open_bytes(const struct server *server, struct session *session);
/* All of it waits for the lane's log, which is durable up to there. */
bool session_waits_for_disk(const struct session *session, uint64_t durable);
void session_marks_shift(struct session *session, size_t bytes); /* they have left */
/* Replies that wait for gates of a shard from `from` on become this error. How many did. */
uint64_t session_lose(struct session *session, struct gate from, struct slice error);
/* The command that ran has told others something: that waits for `gate`, too. */
void session_pushes_mark(struct sessions *sessions, struct gate gate);

/* session_run.c: run what is whole of what the session has said. */
void session_run(struct server *server, struct session *session);
/* session_send.c: send what may leave; closes what is broken, or over its limits. */
void session_send(struct server *server, struct session *session);
void session_check_output(struct server *server, struct session *session);
static inline size_t session_output_bytes(const struct session *session)
{
    return session->output.len - session->sent_bytes;
}
