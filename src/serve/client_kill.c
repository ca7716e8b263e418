/* client_kill.c -- CLIENT KILL, by address alone or by filters that must all fit. */
#include "cmd/call.h"
#include "serve/auth.h"
#include "serve/client.h"
#include "serve/session_impl.h"
#include "serve/session_text.h"

struct filter {
    int64_t id; /* 0: any */
    bool has_class, skip_me;
    enum client_class class;
    struct slice address, local, user; /* without data: any */
};

static bool address_is(struct server *server, const struct session *session, struct slice wanted,
                       bool local)
{
    if (wanted.data == NULL) return true;
    struct buffer *text = &server->sessions->scratch;
    buffer_clear(text);
    if (local) {
        session_local_append(text, session);
    } else {
        session_address_append(text, session);
    }
    return slice_eq(buffer_slice(text), wanted);
}

static bool fits(struct session_call *call, const struct session *session,
                 const struct filter *filter)
{
    if (filter->skip_me && session == call->session) return false;
    if (filter->id != 0 && session->id != (uint64_t)filter->id) return false;
    if (filter->has_class && client_class_of(session) != filter->class) return false;
    if (filter->user.data != NULL &&
        !(session->authenticated && slice_eq(acl_user_name(session->user), filter->user)))
        return false;
    return address_is(call->server, session, filter->address, false) &&
           address_is(call->server, session, filter->local, true);
}

static uint64_t kill_all(struct session_call *call, const struct filter *filter)
{
    uint64_t killed = 0;
    struct session *at = sessions_first(call->server->sessions, SESSIONS_ALL);
    for (; at != NULL; at = at->links[SESSIONS_ALL].next) {
        if ((at->flags & SESSION_CLOSING) || !fits(call, at, filter)) continue;
        killed++;
        if (at == call->session) {
            at->flags |= SESSION_CLOSE_AFTER_REPLY;
        } else {
            session_close(call->server, at);
        }
    }
    return killed;
}

/* One pair. False: it is replied. */
static bool filter_add(struct session_call *call, struct filter *filter, struct slice word,
                       struct slice value)
{
    if (word_is(word, "ID")) {
        if (integer_parse(value, &filter->id) && filter->id > 0) return true;
        reply_error(&call->reply, "ERR client-id should be greater than 0");
        return false;
    }
    if (word_is(word, "TYPE")) {
        filter->has_class = true;
        if (client_class_parse(value, &filter->class)) return true;
        reply_error(&call->reply, "ERR Unknown client type '%.*s'", (int)u64_min(value.len, 128),
                    (const char *)value.data);
        return false;
    }
    bool skip = word_is(word, "SKIPME");
    if (word_is(word, "ADDR")) {
        filter->address = value;
    } else if (word_is(word, "LADDR")) {
        filter->local = value;
    } else if (word_is(word, "USER")) {
        filter->user = value;
        return user_is_known(call, value);
    } else if (skip && word_is(value, "YES")) {
        filter->skip_me = true;
    } else if (skip && word_is(value, "NO")) {
        filter->skip_me = false;
    } else {
        reply_error(&call->reply, "ERR syntax error");
        return false;
    }
    return true;
}

void client_kill_command(struct session_call *call)
{
    struct filter filter = {.skip_me = call->argc > 3};
    if (call->argc == 3) {
        filter.address = call->argv[2];
        if (kill_all(call, &filter) > 0) {
            reply_ok(&call->reply);
        } else {
            reply_error(&call->reply, "ERR No such client");
        }
        return;
    }
    for (uint32_t i = 2; i < call->argc; i += 2) {
        if (i + 1 == call->argc) {
            reply_error(&call->reply, "ERR syntax error");
            return;
        }
        if (!filter_add(call, &filter, call->argv[i], call->argv[i + 1])) return;
    }
    reply_integer(&call->reply, (int64_t)kill_all(call, &filter));
}
