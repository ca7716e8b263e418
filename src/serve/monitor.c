/* monitor.c -- see monitor.h. */
#include "serve/monitor.h"
#include "serve/session_impl.h"
#include "serve/session_text.h"

void monitor_feed(struct server *server, const struct session *session,
                  const struct request *request)
{
    if (request->command->flags & (COMMAND_SKIP_MONITOR | COMMAND_ADMIN)) return;
    struct sessions *sessions = server->sessions;
    struct buffer *line = &sessions->scratch;
    buffer_clear(line);
    buffer_append_format(line, "+%lld.%06lld [%u ", (long long)(sessions->unix_ms / 1000),
                         (long long)(sessions->unix_ms % 1000 * 1000), session->database);
    session_address_append(line, session);
    buffer_append(line, SLICE("]"));
    for (uint32_t i = 0; i < request->argc; i++) {
        buffer_append_byte(line, ' ');
        quoted_append(line, request->argv[i]);
    }
    buffer_append(line, SLICE("\r\n"));
    struct session *at = sessions_first(sessions, SESSIONS_MONITOR);
    for (; at != NULL; at = at->links[SESSIONS_MONITOR].next)
        session_append(server, at, buffer_slice(line));
}

void monitor_command(struct session_call *call)
{
    if (call->session->flags & SESSION_MULTI) {
        reply_error(&call->reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    call->session->flags |= SESSION_MONITOR;
    session_enter(call->server->sessions, SESSIONS_MONITOR, call->session);
    reply_ok(&call->reply);
}
