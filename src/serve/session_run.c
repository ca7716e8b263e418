/*
 * session_run.c -- what a client has said: parsed where it was received, run, and the rest kept.
 *
 * Several requests are parsed before the first of them is run, so that their keys can be on their
 * way from memory. Whoever is stopped in the middle (waiting for a key, a pause, a full log) has
 * what was not run parsed again later.
 */
#include "base/crc.h"
#include "core/store/store_over.h"
#include "io/clock.h"
#include "lane/together.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/dispatch.h"
#include "serve/guest.h"
#include "serve/measure.h"
#include "serve/session_impl.h"

/* Fewer keys than these are in the processor's caches anyhow. */
enum { PREFETCH_KEYS_MIN = 1 << 12 };

struct parsed {
    const struct command *command, *container;
    uint32_t first, argc; /* arguments in the reader */
    size_t end;           /* bytes from the start of the batch */
    uint32_t slot_known;  /* of the first key, and 1; 0: not known */
    bool timed, failed, ran;
};

struct batch {
    struct parsed requests[SESSION_BATCH_MAX];
    uint32_t count;
    size_t used; /* bytes of whole requests */
    enum request_status status;
    char error[REQUEST_ERROR_MAX];
};

static struct request_limits limits_of(const struct server *server, const struct session *session)
{
    return (struct request_limits){
        .arguments_max = INT32_MAX,
        .bulk_bytes_max = (uint64_t)config_integer(server->config, SETTING_PROTO_MAX_BULK_LEN),
        .line_bytes_max = REQUEST_LINE_BYTES_MAX,
        .stranger = !session->authenticated,
    };
}

/* As many whole requests as there are. An inline one ends the batch: its words are in a buffer
 * that the next one overwrites; and so does each of a stranger, for AUTH changes the limits. */
static void parse(const struct server *server, struct session *session, struct slice bytes,
                  uint32_t max, struct batch *batch)
{
    struct request_reader *reader = &session->reader;
    struct request_limits limits = limits_of(server, session);
    batch->count = 0;
    batch->used = 0;
    while (batch->count < max) {
        size_t used;
        batch->status =
            request_read(reader, slice_from(bytes, batch->used), &limits, &used, batch->error);
        if (batch->status != REQUEST_WHOLE) return;
        batch->used += used;
        if (request_count(reader) > 0) {
            struct parsed *parsed = &batch->requests[batch->count++];
            *parsed = (struct parsed){
                .first = reader->first, .argc = request_count(reader), .end = batch->used};
            parsed->command = command_find(server->commands, request_arguments(reader),
                                           parsed->argc, &parsed->container);
            bool internal = parsed->command != NULL && parsed->command->flags & COMMAND_INTERNAL;
            if (internal) parsed->command = NULL; /* no client says it */
        }
        if (reader->inline_text || limits.stranger) return;
    }
}

static struct request request_at(const struct session *session, const struct parsed *parsed)
{
    const struct slice *arguments =
        (const struct slice *)(const void *)session->reader.arguments.data;
    return (struct request){parsed->command, parsed->container, arguments + parsed->first,
                            parsed->argc, parsed->slot_known};
}

/* The key to look for first; without data: there is none. */
static struct slice first_key(const struct session *session, const struct parsed *parsed)
{
    const struct command *command = parsed->command;
    if (command == NULL || command->handler == NULL || command->key_specs_count == 0)
        return (struct slice){0};
    uint32_t place = (uint32_t)command->key_specs[0].start;
    struct request request = request_at(session, parsed);
    return place < request.argc ? request.argv[place] : (struct slice){0};
}

static void prefetch(const struct server *server, const struct session *session,
                     struct batch *batch)
{
    struct slice keys[SESSION_BATCH_MAX];
    uint32_t slots[SESSION_BATCH_MAX], count = 0;
    struct store *store = together_store(server->lane);
    if (batch->count < 2 || store_room(store)->heap.blocks_count < PREFETCH_KEYS_MIN) return;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct slice key = first_key(session, &batch->requests[i]);
        if (key.data == NULL) continue;
        slots[count] = slot_of_key(key);
        batch->requests[i].slot_known = slots[count] + 1;
        keys[count++] = key;
    }
    store_over_prefetch(store, session->database, keys, slots, count);
}

static bool may_run(const struct session *session)
{
    return !(session->flags & (SESSION_BLOCKED | SESSION_CLOSING | SESSION_CLOSE_AFTER_REPLY)) &&
           !session_in(session, SESSIONS_OWED) && !session_in(session, SESSIONS_PAUSED) &&
           !session_in(session, SESSIONS_LATER) && !session_in(session, SESSIONS_REPLICAS) &&
           session_output_bytes(session) < SESSION_OUTPUT_PAUSE_BYTES;
}

/* Run one. False: nothing happened to it. */
static bool run_one(struct server *server, struct session *session, struct parsed *parsed)
{
    struct request request = request_at(session, parsed);
    size_t opened = session->output.len;
    parsed->timed = request.command != NULL && dispatch_is_timed(server, &request);
    instant began = parsed->timed ? clock_now() : (instant){0};
    switch (dispatch(server, session, &request)) {
    case DISPATCH_RAN: parsed->ran = true; break;
    case DISPATCH_ANSWERED: return true;
    case DISPATCH_LATER: session_await_room(server->sessions, session); return false;
    case DISPATCH_PAUSED: session_enter(server->sessions, SESSIONS_PAUSED, session); return false;
    case DISPATCH_OWED: session_enter(server->sessions, SESSIONS_OWED, session); return false;
    case DISPATCH_REPLICAS:
        session_enter(server->sessions, SESSIONS_REPLICAS, session);
        return false;
    }
    parsed->failed = session->output.len > opened && session->output.data[opened] == '-';
    if (parsed->timed && parsed->ran)
        measure_command(server, session, request.command, request.argv, request.argc,
                        (duration){clock_now().ns - began.ns}, parsed->failed);
    return true;
}

/* Those that were not timed by themselves share what their batch took. */
static void measure_shared(struct server *server, struct session *session,
                           const struct batch *batch, uint32_t ran, instant began)
{
    uint32_t shared = 0;
    for (uint32_t i = 0; i < ran; i++)
        if (!batch->requests[i].timed && batch->requests[i].ran) shared++;
    if (shared == 0) return;
    duration each = {(clock_now().ns - began.ns) / ran};
    for (uint32_t i = 0; i < ran; i++) {
        const struct parsed *parsed = &batch->requests[i];
        if (parsed->timed || !parsed->ran) continue;
        struct request request = request_at(session, parsed);
        measure_command(server, session, request.command, request.argv, request.argc, each,
                        parsed->failed);
    }
}

/* Returns how many bytes of it were used. */
static size_t run_batch(struct server *server, struct session *session, struct batch *batch)
{
    instant began = clock_now();
    uint32_t ran = 0;
    while (ran < batch->count && may_run(session) &&
           run_one(server, session, &batch->requests[ran]))
        ran++;
    if (ran > 0) measure_shared(server, session, batch, ran, began);
    if (ran == batch->count) return batch->used;
    return ran == 0 ? 0 : batch->requests[ran - 1].end;
}

static void protocol_broken(struct server *server, struct session *session, const char *error)
{
    struct reply reply = {&session->output, session->protocol};
    size_t opened = reply_open(&reply);
    reply_error(&reply, "ERR %s", error);
    measure_error(server,
                  slice_of(session->output.data + opened + 1, session->output.len - opened - 3));
    if (crossing_is_owed(session)) crossing_hold(server, session, opened, (struct gate){0});
    session->flags |= SESSION_CLOSE_AFTER_REPLY;
}

/* Returns how many bytes are done with. */
static size_t run_bytes(struct server *server, struct session *session, struct slice bytes)
{
    struct batch batch;
    size_t used = 0;
    uint32_t left = SESSION_REQUESTS_A_TURN;
    while (used < bytes.len && may_run(session)) {
        if (left == 0) { /* the others' turn */
            session_enter(server->sessions, SESSIONS_LATER, session);
            break;
        }
        parse(server, session, slice_from(bytes, used),
              left < SESSION_BATCH_MAX ? left : SESSION_BATCH_MAX, &batch);
        prefetch(server, session, &batch);
        size_t done = run_batch(server, session, &batch);
        used += done;
        left -= batch.count;
        if (done < batch.used) {
            request_abandon(&session->reader);
            break;
        }
        request_restart(&session->reader);
        if (batch.status == REQUEST_BAD && may_run(session))
            protocol_broken(server, session, batch.error);
        if (batch.status != REQUEST_WHOLE) break;
    }
    if (used < bytes.len && session_output_bytes(session) >= SESSION_OUTPUT_PAUSE_BYTES)
        session_enter(server->sessions, SESSIONS_LATER, session);
    return used;
}

/* --- what is left ---------------------------------------------------------------------------- */

static void check_query(struct server *server, struct session *session)
{
    size_t limit = session->authenticated
                       ? (size_t)config_integer(server->config, SETTING_CLIENT_QUERY_BUFFER_LIMIT)
                       : SESSION_STRANGER_BYTES_MAX;
    if (session->query.len > limit) session_close(server, session);
}

/* Keep what is left of what was received; for a large argument make all its room at once. */
static void keep(struct server *server, struct session *session, struct slice rest)
{
    session->received = (struct slice){0};
    /* Nothing more of it is run; and its limit must not close it before it was told why. */
    if (rest.len == 0 || (session->flags & SESSION_CLOSE_AFTER_REPLY)) return;
    buffer_borrow(server->sessions, &session->query);
    size_t wanted = request_wanted(&session->reader);
    size_t have = session->query.len + rest.len;
    if (wanted > have && wanted > session->query.capacity)
        (void)buffer_reserve(&session->query, wanted - session->query.len);
    buffer_append(&session->query, rest);
    check_query(server, session);
}

static void run_kept(struct server *server, struct session *session)
{
    struct slice all = buffer_slice(&session->query);
    session->query_used += run_bytes(server, session, slice_from(all, session->query_used));
    if (session->query_used == session->query.len) {
        buffer_return(server->sessions, &session->query);
        session->query_used = 0;
    } else if (session->query_used > session->query.len / 2) {
        buffer_consume(&session->query, session->query_used);
        session->query_used = 0;
    }
}

/* The lane's own reader serves those who have nothing unfinished: only these hold memory. */
static void reader_lend(struct sessions *sessions, struct session *session)
{
    if (session->reader.arguments.data != NULL) return;
    session->reader = sessions->reader;
    sessions->reader = (struct request_reader){0};
}

static void reader_take_back(struct sessions *sessions, struct session *session)
{
    struct request_reader *reader = &session->reader;
    if (reader->parsed_bytes > 0) return;
    if (sessions->reader.arguments.data == NULL) {
        sessions->reader = *reader;
    } else {
        request_reader_free(reader);
    }
    *reader = (struct request_reader){0};
}

/* The other end says no more: answer what it said, unless that would never end. */
static void finish(struct server *server, struct session *session)
{
    bool endless = (session->flags & SESSION_BLOCKED) || session_in(session, SESSIONS_PAUSED) ||
                   crossing_waits(session);
    size_t unsent = session_output_bytes(session);
    if (endless) {
        session_close(server, session);
        return;
    }
    if (session_in(session, SESSIONS_LATER) || session_in(session, SESSIONS_REPLICAS) ||
        crossing_is_owed(session))
        return;
    if (unsent >= SESSION_OUTPUT_PAUSE_BYTES) return; /* more is run once it has read that */
    if (unsent == 0) session_close(server, session);
    session->flags |= SESSION_CLOSE_AFTER_REPLY;
}

void session_run(struct server *server, struct session *session)
{
    struct sessions *sessions = server->sessions;
    if (session->flags & SESSION_GUEST) {
        guest_run(server, session);
        return;
    }
    struct slice received = session->received;
    bool fresh = session->query.len == 0;
    if (!fresh) keep(server, session, received);
    if (!may_run(session)) {
        if (fresh) keep(server, session, received);
        session_send(server, session); /* full: so that it goes on when it is not */
        if (may_run(session)) session_enter(server->sessions, SESSIONS_LATER, session);
        if (session->flags & SESSION_ENDED) finish(server, session);
        return;
    }
    session_output_begin(server, session);
    sessions->current = session;
    reader_lend(sessions, session);
    if (fresh) {
        size_t used = run_bytes(server, session, received);
        keep(server, session, slice_from(received, used));
    } else {
        run_kept(server, session);
    }
    reader_take_back(sessions, session);
    sessions->current = NULL;
    sessions_close_all(server, session); /* whom CLIENT KILL ended is gone when it is answered */
    session_send(server, session);
    if (session->flags & SESSION_ENDED) finish(server, session);
}
