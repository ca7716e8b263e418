/* session.c -- sessions made, found, listed and ended; see session.h. */
#include <stdlib.h>

#include "serve/blocked.h"
#include "serve/crossing.h"
#include "serve/crossing_codec.h"
#include "serve/door.h"
#include "serve/guest.h"
#include "serve/pubsub.h"
#include "serve/session_impl.h"
#include "serve/transaction.h"
#include "serve/watching.h"

enum { SLOTS_MIN = 64 };

struct sessions *sessions_new(void)
{
    struct sessions *sessions = calloc(1, sizeof(struct sessions));
    ASSERT(sessions != NULL);
    sessions->running_shard.n = SHARD_NONE;
    return sessions;
}

static void session_free(struct server *server, struct session *session);

void sessions_free(struct server *server)
{
    struct sessions *sessions = server->sessions;
    for (uint32_t i = 0; i < sessions->slots_count; i++)
        if (sessions->slots[i] != NULL) session_free(server, sessions->slots[i]);
    for (uint32_t i = 0; i < sessions->buffers_count; i++) buffer_free(&sessions->buffers[i]);
    request_reader_free(&sessions->reader);
    buffer_free(&sessions->pushed);
    buffer_free(&sessions->scratch);
    buffer_free(&sessions->guest_arguments);
    free(sessions->slots);
    free(sessions->free_slots);
    free(sessions);
}

/* --- lists ----------------------------------------------------------------------------------- */

void session_enter(struct sessions *sessions, enum session_list_id list, struct session *session)
{
    if (session_in(session, list)) return;
    struct session_list *of = &sessions->lists[list];
    session->lists |= 1U << list;
    session->links[list] = (struct session_link){.previous = of->last};
    if (of->last == NULL) {
        of->first = session;
    } else {
        of->last->links[list].next = session;
    }
    of->last = session;
    sessions->list_counts[list]++;
}

void session_leave(struct sessions *sessions, enum session_list_id list, struct session *session)
{
    if (!session_in(session, list)) return;
    struct session_list *of = &sessions->lists[list];
    struct session_link link = session->links[list];
    session->lists &= ~(1U << list);
    if (link.previous == NULL) {
        of->first = link.next;
    } else {
        link.previous->links[list].next = link.next;
    }
    if (link.next == NULL) {
        of->last = link.previous;
    } else {
        link.next->links[list].previous = link.previous;
    }
    sessions->list_counts[list]--;
}

/* --- buffers --------------------------------------------------------------------------------- */

void buffer_borrow(struct sessions *sessions, struct buffer *buffer)
{
    if (buffer->data != NULL || sessions->buffers_count == 0) return;
    *buffer = sessions->buffers[--sessions->buffers_count];
}

void buffer_return(struct sessions *sessions, struct buffer *buffer)
{
    if (buffer->data == NULL) return;
    if (sessions->buffers_count == SESSION_BUFFERS_KEPT ||
        buffer->capacity > SESSION_BUFFER_KEPT_BYTES) {
        buffer_free(buffer);
        return;
    }
    buffer_clear(buffer);
    sessions->buffers[sessions->buffers_count++] = *buffer;
    *buffer = (struct buffer){0};
}

/* --- their life ------------------------------------------------------------------------------ */

static uint32_t slot_take(struct sessions *sessions)
{
    if (sessions->free_count > 0) return sessions->free_slots[--sessions->free_count];
    if (sessions->slots_count == sessions->slots_capacity) {
        uint32_t capacity =
            sessions->slots_capacity == 0 ? SLOTS_MIN : sessions->slots_capacity * 2;
        sessions->slots = realloc(sessions->slots, capacity * sizeof(struct session *));
        sessions->free_slots = realloc(sessions->free_slots, capacity * sizeof(uint32_t));
        ASSERT(sessions->slots != NULL);
        ASSERT(sessions->free_slots != NULL);
        sessions->slots_capacity = capacity;
    }
    return sessions->slots_count++;
}

struct session *session_open(struct server *server, io_handle connection)
{
    struct sessions *sessions = server->sessions;
    struct session *session = calloc(1, sizeof(struct session));
    ASSERT(session != NULL);
    session->id = server->next_client_id;
    server->next_client_id += server->client_id_step;
    session->connection = connection;
    session->protocol = 2;
    session->connected = session->last_active = sessions->now;
    session->shard.n = SHARD_NONE;
    session->slot = slot_take(sessions);
    sessions->slots[session->slot] = session;
    if (connection.n < 0) return session; /* a guest: nobody's client here */
    sessions->count++;
    io_peer(server->io, connection, &session->peer, &session->local);
    if (session->local.port == 0) session->flags |= SESSION_UNIX_SOCKET;
    session_enter(sessions, SESSIONS_ALL, session);
    return session;
}

/* Closes the connection. */
static void session_free(struct server *server, struct session *session)
{
    struct sessions *sessions = server->sessions;
    blocked_leave(server, session);
    transaction_drop(server, session);
    watching_leave(server, session);
    pubsub_leave_all(server, session);
    crossing_leave(server, session);
    guest_free_parts(server, session);
    for (uint32_t list = 0; list < SESSION_LISTS; list++)
        session_leave(sessions, (enum session_list_id)list, session);
    if (session->connection.n >= 0) io_close_gently(server->io, session->connection);
    sessions->slots[session->slot] = NULL;
    sessions->free_slots[sessions->free_count++] = session->slot;
    if (session->connection.n >= 0) sessions->count--;
    buffer_return(sessions, &session->query);
    buffer_return(sessions, &session->output);
    request_reader_free(&session->reader);
    buffer_free(&session->marks);
    buffer_free(&session->name);
    buffer_free(&session->library_name);
    buffer_free(&session->library_version);
    free(session);
}

void session_close(struct server *server, struct session *session)
{
    session->flags |= SESSION_CLOSING;
    session_enter(server->sessions, SESSIONS_CLOSE, session);
}

struct session *sessions_first(const struct sessions *sessions, enum session_list_id list)
{
    return sessions->lists[list].first;
}

void sessions_close_all(struct server *server, const struct session *but)
{
    struct session *session = sessions_first(server->sessions, SESSIONS_CLOSE);
    while (session != NULL) {
        struct session *next = session->links[SESSIONS_CLOSE].next;
        if (session != but) session_free(server, session);
        session = next;
    }
}

uint32_t sessions_count(const struct sessions *sessions)
{
    return sessions->count;
}

struct session *sessions_find(const struct sessions *sessions, uint64_t id)
{
    struct session *session = sessions_first(sessions, SESSIONS_ALL);
    while (session != NULL && session->id != id) session = session->links[SESSIONS_ALL].next;
    return session;
}

uint64_t sessions_blocked_count(const struct server *server)
{
    return blocked_count(server->blocked) + server->sessions->list_counts[SESSIONS_PAUSED];
}

void session_append(struct server *server, struct session *session, struct slice bytes)
{
    struct sessions *sessions = server->sessions;
    if (session->flags & SESSION_CLOSING) return;
    if (session == sessions->current) {
        buffer_append(&sessions->pushed, bytes);
        return;
    }
    buffer_borrow(sessions, &session->output);
    if (sessions->is_running && !session_in(session, SESSIONS_PUSHED)) {
        session->pushed_from = session->output.len;
        session_enter(sessions, SESSIONS_PUSHED, session);
    }
    buffer_append(&session->output, bytes);
    session_enter(sessions, SESSIONS_SEND, session);
    session_check_output(server, session);
}
