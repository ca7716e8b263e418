/*
 * session_send.c -- replies on their way out: when the log is durable up to their gate, as much as
 * the socket takes, and never more in memory than the limits allow.
 */
#include "serve/config.h"
#include "serve/crossing.h"
#include "serve/guest.h"
#include "serve/session_impl.h"

#define OUTPUT_NORMAL_BYTES_MAX (INT64_C(1) << 30) /* where the configuration has no limit */
#define NS_PER_S                INT64_C(1000000000)

void session_output_begin(struct server *server, struct session *session)
{
    if (session->output.data == NULL) buffer_borrow(server->sessions, &session->output);
    session_enter(server->sessions, SESSIONS_SEND, session);
}

static void sent_all(struct server *server, struct session *session)
{
    session->sent_bytes = 0;
    session->output_over = (instant){0};
    buffer_clear(&session->marks); /* what is left marks silent replies: they have no bytes */
    buffer_return(server->sessions, &session->output);
    session_leave(server->sessions, SESSIONS_SEND, session);
    bool done = (session->flags & SESSION_CLOSE_AFTER_REPLY) && !crossing_is_owed(session);
    if (done) session_close(server, session);
}

/* Has it said so much that was not run yet? What is left of a request that is not whole does not
 * count: that can only become whole by receiving more. */
static bool is_behind(const struct session *session, size_t limit)
{
    bool waits = session_in(session, SESSIONS_LATER) || session_in(session, SESSIONS_OWED) ||
                 session_in(session, SESSIONS_PAUSED) || session_in(session, SESSIONS_REPLICAS);
    return waits && session->query.len - session->query_used >= limit;
}

/* Stop reading from a client that is behind with reading or with being served; go on. */
static void session_throttle(struct server *server, struct session *session)
{
    size_t part = session->receive_paused ? 2 : 1; /* it goes on at half of what stops it */
    bool full = session_output_bytes(session) >= SESSION_OUTPUT_PAUSE_BYTES / part;
    bool pause = full || is_behind(session, SESSION_QUERY_PAUSE_BYTES / part);
    if (pause == session->receive_paused) return;
    session->receive_paused = pause;
    io_receive_pause(server->io, session->connection, pause);
    if (!pause) session_enter(server->sessions, SESSIONS_LATER, session);
}

void session_send(struct server *server, struct session *session)
{
    if (session->flags & SESSION_CLOSING) return;
    if (session->flags & SESSION_GUEST) {
        guest_send(server, session);
        return;
    }
    if (session->flags & SESSION_FULL) {
        session_throttle(server, session);
        return;
    }
    size_t until = session->output.len;
    if (UNLIKELY(session->marks.len > 0)) until = session_open_bytes(server, session);
    if (until > session->sent_bytes) {
        struct slice bytes =
            slice_of(session->output.data + session->sent_bytes, until - session->sent_bytes);
        size_t sent = 0;
        if (io_send(server->io, session->connection, &bytes, 1, &sent) != ERR_OK) {
            session_close(server, session);
            return;
        }
        server->stats.output_bytes += sent;
        session->sent_bytes += sent;
        if (sent < bytes.len) session->flags |= SESSION_FULL;
    }
    if (session->sent_bytes == session->output.len) {
        sent_all(server, session);
    } else if (session->sent_bytes > session->output.len / 2) {
        buffer_consume(&session->output, session->sent_bytes);
        if (session->marks.len > 0) session_marks_shift(session, session->sent_bytes);
        session->sent_bytes = 0;
    }
    session_throttle(server, session);
    session_check_output(server, session);
}

void session_check_output(struct server *server, struct session *session)
{
    int64_t bytes = (int64_t)session_output_bytes(session);
    if (bytes == 0) return;
    bool pubsub = (session->flags & SESSION_PUBSUB) != 0;
    struct config_output_limit limit =
        server->config->lists.output_limits[pubsub ? CLIENT_CLASS_PUBSUB : CLIENT_CLASS_NORMAL];
    if (limit.hard_bytes == 0) limit.hard_bytes = OUTPUT_NORMAL_BYTES_MAX;
    if (!session->authenticated) limit.hard_bytes = SESSION_STRANGER_BYTES_MAX;
    bool over = limit.soft_bytes > 0 && bytes > limit.soft_bytes;
    if (!over) {
        session->output_over = (instant){0};
    } else if (session->output_over.ns == 0) {
        session->output_over = server->sessions->now;
    }
    bool too_long =
        over && server->sessions->now.ns - session->output_over.ns > limit.soft_seconds * NS_PER_S;
    if (bytes > limit.hard_bytes || too_long) {
        session_close(server, session);
    }
}
