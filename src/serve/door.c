/* door.c -- see door.h. */
#include "serve/door.h"

#include <stdlib.h>

#include "serve/acl.h"
#include "serve/auth.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/pubsub.h"
#include "serve/session_impl.h"
#include "serve/standing.h"
#include "serve/told.h"
#include "serve/top_command.h"
#include "serve/watching.h"

#define NS_PER_S INT64_C(1000000000)
#define SWEEP_NS (NS_PER_S / 10) /* between two looks at all clients */
#define ROOM_NS                                                                                    \
    (NS_PER_S / 1000) /* at most, between two looks at the log by whom it had no room for */

enum { DOOR_TAG_SESSIONS = DOOR_TAG_FIRST };

/* The run id is chance from the node: strangers do not see it before they have authenticated. */
static uint64_t seed_of(const char *run_id)
{
    uint64_t seed = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *run_id != '\0'; run_id++) seed = (seed ^ (uint8_t)*run_id) * UINT64_C(0x100000001b3);
    return seed;
}

struct server *door_new(const struct server *parts)
{
    struct server *server = ARENA_NEW(parts->arena, struct server);
    *server = *parts;
    struct hash_secret *secret = ARENA_NEW(parts->arena, struct hash_secret);
    hash_secret_fill(secret, seed_of(parts->run_id));
    server->sessions = sessions_new();
    server->blocked = blocked_new(secret);
    server->watching = watching_new(secret);
    server->pubsub = pubsub_new(secret);
    server->told = told_new();
    session_observe(server);
    return server;
}

void door_free(struct server *server)
{
    sessions_free(server);
    blocked_free(server->blocked);
    watching_free(server->watching);
    pubsub_free(server->pubsub);
    told_free(server->told);
    crossing_free(server->crossing);
    free(server->backup_path);
}

void door_listen(struct server *server, io_handle listener, io_tag tag)
{
    ASSERT(tag.n < DOOR_TAG_FIRST);
    struct sessions *sessions = server->sessions;
    ASSERT(sessions->listeners_count < SESSION_LISTENERS_MAX);
    sessions->listeners[sessions->listeners_count++] = listener;
}

/* --- what has come --------------------------------------------------------------------------- */

static void refuse(struct server *server, io_handle connection, struct slice text)
{
    size_t sent;
    if (io_send(server->io, connection, &text, 1, &sent) != ERR_OK) sent = 0;
    io_close_gently(server->io, connection);
    server->stats.connections_rejected++;
}

/* Somebody from another machine, while nobody needs a password. The node does not listen wider
 * without one; but CONFIG SET and ACL SETUSER may have taken it away. */
static bool is_unprotected(struct server *server, io_handle connection)
{
    struct io_address peer, local;
    if (!config_bool(server->config, SETTING_PROTECTED_MODE)) return false;
    if (!acl_user_takes_any_password(acl_default_user(server->acl))) return false;
    io_peer(server->io, connection, &peer, &local);
    return local.port != 0 && !io_address_is_local(&peer);
}

static void on_accepted(struct server *server, io_handle connection)
{
    server->stats.connections_received++;
    int64_t max = config_integer(server->config, SETTING_MAXCLIENTS);
    if (sessions_count(server->sessions) >= (uint64_t)max) {
        refuse(server, connection, SLICE("-ERR max number of clients reached\r\n"));
        return;
    }
    if (is_unprotected(server, connection)) {
        refuse(server, connection,
               SLICE("-DENIED tutti is in protected mode: the user 'default' needs no password, so "
                     "only clients of its own machine are served. Set requirepass there, or "
                     "protected-mode to no.\r\n"));
        return;
    }
    int64_t keepalive = config_integer(server->config, SETTING_TCP_KEEPALIVE);
    if (keepalive != IO_KEEPALIVE_S) io_keepalive(server->io, connection, (uint32_t)keepalive);
    struct session *session = session_open(server, connection);
    session_greet(server, session);
    io_receive_start(server->io, connection, (io_tag){DOOR_TAG_SESSIONS + session->slot});
}

static void on_received(struct server *server, struct session *session, struct slice bytes)
{
    if (bytes.len == 0) { /* what it said before is still run and answered */
        session->flags |= SESSION_ENDED;
        session_enter(server->sessions, SESSIONS_RUN, session);
        return;
    }
    server->stats.input_bytes += bytes.len;
    session->last_active = server->sessions->now;
    if (session->received.len > 0) { /* twice in a turn */
        buffer_borrow(server->sessions, &session->query);
        buffer_append(&session->query, session->received);
    }
    session->received = bytes;
    session_enter(server->sessions, SESSIONS_RUN, session);
}

void door_complete(struct server *server, const struct io_completion *completion)
{
    struct sessions *sessions = server->sessions;
    sessions->now = io_now(server->io);
    sessions->unix_ms = io_unix_ms(server->io);
    if (completion->kind == IO_ACCEPTED) {
        on_accepted(server, completion->handle);
        return;
    }
    uint64_t slot = completion->tag.n - DOOR_TAG_SESSIONS;
    struct session *session = slot < sessions->slots_count ? sessions->slots[slot] : NULL;
    if (session == NULL || session->connection.n != completion->handle.n) return;
    switch (completion->kind) {
    case IO_RECEIVED: on_received(server, session, completion->bytes); break;
    case IO_SENDABLE:
        session->flags &= ~(uint32_t)SESSION_FULL;
        session_enter(sessions, SESSIONS_SEND, session);
        break;
    case IO_BROKEN: session_close(server, session); break;
    case IO_ACCEPTED:
    case IO_CONNECTED:
    case IO_DATAGRAM:
    case IO_DISK_DONE:
    case IO_WOKEN: break;
    }
}

/* --- the turn -------------------------------------------------------------------------------- */

static void move_all(struct sessions *sessions, enum session_list_id from, enum session_list_id to)
{
    for (struct session *session; (session = sessions_first(sessions, from)) != NULL;) {
        session_leave(sessions, from, session);
        session_enter(sessions, to, session);
    }
}

static void pause_end(struct server *server)
{
    const struct sessions *sessions = server->sessions;
    if (sessions->pause == PAUSE_NONE || sessions->now.ns < sessions->pause_until.ns) return;
    session_unpause(server);
}

void session_hold_expiry(struct server *server, bool hold)
{
    for (struct shard *shard = lane_shard_first(server->lane); shard != NULL;
         shard = lane_shard_next(server->lane, shard))
        store_hold_expiry(shard_store(shard), hold);
}

void session_unpause(struct server *server)
{
    struct sessions *sessions = server->sessions;
    if (sessions->pause == PAUSE_NONE) return;
    session_hold_expiry(server, false);
    sessions->pause = PAUSE_NONE;
    sessions->pause_until = (instant){0};
    move_all(sessions, SESSIONS_PAUSED, SESSIONS_LATER);
}

/* Who was idle for too long, or is over a limit for too long. */
static void sweep(struct server *server)
{
    struct sessions *sessions = server->sessions;
    int64_t passed_ns = sessions->now.ns - sessions->swept.ns;
    if (passed_ns < SWEEP_NS) return;
    server->stats.commands_per_second =
        (server->stats.commands_processed - sessions->commands_at_sweep) * (uint64_t)NS_PER_S /
        (uint64_t)passed_ns;
    sessions->commands_at_sweep = server->stats.commands_processed;
    sessions->swept = sessions->now;
    int64_t timeout_ns = config_integer(server->config, SETTING_TIMEOUT) * NS_PER_S;
    struct session *session = sessions_first(sessions, SESSIONS_ALL);
    for (; session != NULL; session = session->links[SESSIONS_ALL].next) {
        session_check_output(server, session);
        bool patient = session->flags & (SESSION_BLOCKED | SESSION_PUBSUB | SESSION_MONITOR);
        if (timeout_ns == 0 || patient) continue;
        if (sessions->now.ns - session->last_active.ns > timeout_ns) session_close(server, session);
    }
}

static instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

static void run_all(struct server *server)
{
    struct sessions *sessions = server->sessions;
    for (struct session *session; (session = sessions_first(sessions, SESSIONS_RUN)) != NULL;) {
        session_leave(sessions, SESSIONS_RUN, session);
        session_run(server, session);
    }
}

/* Those in WAIT whose time is over are looked at by then. */
static instant replicas_deadline(const struct server *server)
{
    instant deadline = {INT64_MAX};
    const struct session *session = sessions_first(server->sessions, SESSIONS_REPLICAS);
    for (; session != NULL; session = session->links[SESSIONS_REPLICAS].next)
        deadline = earlier(deadline, session->replicas_until);
    return deadline;
}

instant door_turn(struct server *server, instant now, int64_t unix_ms)
{
    struct sessions *sessions = server->sessions;
    sessions->now = now;
    sessions->unix_ms = unix_ms;
    session_observe(server); /* the configuration may have changed */
    pause_end(server);
    standing_check(server);
    crossing_turn(server);
    move_all(sessions, SESSIONS_REPLICAS, SESSIONS_RUN);
    move_all(sessions, SESSIONS_LATER, SESSIONS_RUN);
    sessions->roomless_count = 0;
    if (blocked_is_ready(server->blocked)) blocked_serve(server);
    /* Whoever wakes while the others run is at the end of the list; who has to wait leaves it. */
    do {
        run_all(server);
    } while (crossing_own_asks(server));
    instant deadline = earlier(blocked_expire(server, now), standing_turn(server, now));
    sweep(server);
    deadline = earlier(deadline, top_turn(server, now));
    sessions_close_all(server, NULL);
    deadline = earlier(deadline, (instant){sessions->swept.ns + SWEEP_NS});
    deadline = earlier(deadline, replicas_deadline(server));
    if (sessions->pause != PAUSE_NONE) deadline = earlier(deadline, sessions->pause_until);
    bool more = sessions->list_counts[SESSIONS_LATER] > sessions->roomless_count ||
                sessions->list_counts[SESSIONS_RUN] > 0;
    if (sessions->roomless_count > 0) {
        sessions->had_room = lane_has_room(server->lane);
        deadline = earlier(deadline, (instant){now.ns + ROOM_NS});
    }
    return more || blocked_is_ready(server->blocked) ? now : deadline;
}

static void send_all(struct server *server)
{
    struct session *session = sessions_first(server->sessions, SESSIONS_SEND);
    uint64_t durable = lane_durable(server->lane);
    for (struct session *next; session != NULL; session = next) {
        next = session->links[SESSIONS_SEND].next;
        if (!session_waits_for_disk(session, durable)) session_send(server, session);
    }
}

void door_send(struct server *server)
{
    standing_check(server); /* the lane has had its turn */
    crossing_look(server);
    do {
        send_all(server);
    } while (crossing_own_answers(server));
    sessions_close_all(server, NULL);
    crossing_flush(server);
    const struct sessions *sessions = server->sessions;
    bool room_came =
        sessions->roomless_count > 0 && !sessions->had_room && lane_has_room(server->lane);
    if (sessions->list_counts[SESSIONS_RUN] > 0 || room_came) io_wake(server->io);
}

/* Answers of another node are still to come; who waits for keys is not waited for. Other lanes of
 * this node end as well, and may be gone. */
static bool is_owed_something(const struct server *server)
{
    if (!crossing_is_only_to_nodes(server->crossing)) return false;
    const struct session *session = sessions_first(server->sessions, SESSIONS_ALL);
    for (; session != NULL; session = session->links[SESSIONS_ALL].next)
        if (crossing_is_owed(session) && !crossing_waits(session)) return true;
    return false;
}

bool door_part(struct server *server)
{
    return crossing_part(server);
}

bool door_finish(struct server *server)
{
    struct sessions *sessions = server->sessions;
    if (!sessions->finishing) {
        sessions->finishing = true;
        for (uint32_t i = 0; i < sessions->listeners_count; i++)
            io_accept_pause(server->io, sessions->listeners[i], true);
    }
    uint32_t busy = sessions->list_counts[SESSIONS_SEND] + sessions->list_counts[SESSIONS_RUN] +
                    sessions->list_counts[SESSIONS_LATER] + sessions->list_counts[SESSIONS_PARKED];
    return busy == 0 && !is_owed_something(server);
}
