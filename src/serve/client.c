/* client.c -- CLIENT: what a connection says of itself; see client.h. */
#include "serve/client.h"

#include "cmd/call.h"
#include "serve/blocked.h"
#include "serve/session_impl.h"
#include "serve/session_text.h"

bool client_class_parse(struct slice word, enum client_class *class)
{
    static const struct {
        const char *word;
        enum client_class class;
    } classes[] = {
        {"NORMAL", CLIENTS_NORMAL}, {"PUBSUB", CLIENTS_PUBSUB}, {"REPLICA", CLIENTS_REPLICA},
        {"SLAVE", CLIENTS_REPLICA}, {"MASTER", CLIENTS_MASTER},
    };
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (!word_is(word, classes[i].word)) continue;
        *class = classes[i].class;
        return true;
    }
    return false;
}

enum client_class client_class_of(const struct session *session)
{
    return session->flags & SESSION_PUBSUB ? CLIENTS_PUBSUB : CLIENTS_NORMAL;
}

static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '!' || text.data[i] > '~') return false;
    return true;
}

bool client_name_fits(struct reply *reply, struct slice name)
{
    if (is_word(name)) return true;
    reply_error(reply, "ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
}

void client_set_text(struct buffer *text, struct slice value)
{
    buffer_free(text);
    buffer_append(text, value);
}

void client_id_command(struct session_call *call)
{
    reply_integer(&call->reply, (int64_t)call->session->id);
}

void client_setname_command(struct session_call *call)
{
    if (!client_name_fits(&call->reply, call->argv[2])) return;
    client_set_text(&call->session->name, call->argv[2]);
    reply_ok(&call->reply);
}

void client_getname_command(struct session_call *call)
{
    if (call->session->name.len == 0) {
        reply_null(&call->reply);
    } else {
        reply_bulk(&call->reply, buffer_slice(&call->session->name));
    }
}

void client_setinfo_command(struct session_call *call)
{
    struct slice option = call->argv[2];
    bool is_name = word_is(option, "LIB-NAME");
    if (!is_name && !word_is(option, "LIB-VER")) {
        reply_error(&call->reply, "ERR Unrecognized option '%.*s'", (int)u64_min(option.len, 128),
                    (const char *)option.data);
        return;
    }
    if (!is_word(call->argv[3])) {
        reply_error(&call->reply, "ERR %s cannot contain spaces, newlines or special characters.",
                    is_name ? "lib-name" : "lib-ver");
        return;
    }
    client_set_text(is_name ? &call->session->library_name : &call->session->library_version,
                    call->argv[3]);
    reply_ok(&call->reply);
}

static void set_flag(struct session_call *call, uint32_t flag)
{
    if (word_is(call->argv[2], "ON")) {
        call->session->flags |= flag;
    } else if (word_is(call->argv[2], "OFF")) {
        call->session->flags &= ~flag;
    } else {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    reply_ok(&call->reply);
}

void client_no_evict_command(struct session_call *call)
{
    set_flag(call, SESSION_NO_EVICT);
}

void client_no_touch_command(struct session_call *call)
{
    set_flag(call, SESSION_NO_TOUCH);
}

void client_reply_command(struct session_call *call)
{
    uint32_t *flags = &call->session->flags;
    if (word_is(call->argv[2], "ON")) {
        *flags &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT);
        reply_ok(&call->reply);
    } else if (word_is(call->argv[2], "OFF")) {
        *flags |= SESSION_REPLY_OFF;
    } else if (word_is(call->argv[2], "SKIP")) {
        if (!(*flags & SESSION_REPLY_OFF)) *flags |= SESSION_REPLY_SKIP_NEXT;
    } else {
        reply_error(&call->reply, "ERR syntax error");
    }
}

/* --- INFO and LIST --------------------------------------------------------------------------- */

void client_info_command(struct session_call *call)
{
    struct buffer *text = &call->server->sessions->scratch;
    buffer_clear(text);
    session_info_append(text, call->server, call->session);
    buffer_append_byte(text, '\n');
    reply_verbatim(&call->reply, "txt", buffer_slice(text));
}

static void list_line(struct session_call *call, const struct session *session)
{
    struct buffer *text = &call->server->sessions->scratch;
    session_info_append(text, call->server, session);
    buffer_append_byte(text, '\n');
}

static void list_class(struct session_call *call, bool all, enum client_class class)
{
    const struct session *at = sessions_first(call->server->sessions, SESSIONS_ALL);
    for (; at != NULL; at = at->links[SESSIONS_ALL].next)
        if (all || client_class_of(at) == class) list_line(call, at);
}

/* False: it is replied. */
static bool list_ids(struct session_call *call)
{
    for (uint32_t i = 3; i < call->argc; i++) {
        int64_t id;
        if (!integer_parse(call->argv[i], &id) || id < 1) {
            reply_error(&call->reply, "ERR Invalid client ID");
            return false;
        }
        const struct session *found = sessions_find(call->server->sessions, (uint64_t)id);
        if (found != NULL) list_line(call, found);
    }
    return true;
}

void client_list_command(struct session_call *call)
{
    struct buffer *text = &call->server->sessions->scratch;
    buffer_clear(text);
    enum client_class class = CLIENTS_NORMAL;
    if (call->argc == 4 && word_is(call->argv[2], "TYPE")) {
        if (!client_class_parse(call->argv[3], &class)) {
            reply_error(&call->reply, "ERR Unknown client type '%.*s'",
                        (int)u64_min(call->argv[3].len, 128), (const char *)call->argv[3].data);
            return;
        }
        list_class(call, false, class);
    } else if (call->argc > 3 && word_is(call->argv[2], "ID")) {
        if (!list_ids(call)) return;
    } else if (call->argc == 2) {
        list_class(call, true, class);
    } else {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    reply_verbatim(&call->reply, "txt", buffer_slice(text));
}

/* --- what touches others --------------------------------------------------------------------- */

void client_pause_command(struct session_call *call)
{
    struct sessions *sessions = call->server->sessions;
    enum pause_kind kind = PAUSE_ALL;
    if (call->argc > 4) {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    if (call->argc == 4) {
        if (word_is(call->argv[3], "WRITE")) kind = PAUSE_WRITE;
        if (kind == PAUSE_ALL && !word_is(call->argv[3], "ALL")) {
            reply_error(&call->reply, "ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
    }
    int64_t timeout_ms;
    if (!integer_parse(call->argv[2], &timeout_ms) || timeout_ms > INT64_MAX / 2000000) {
        reply_error(&call->reply, "ERR timeout is not an integer or out of range");
        return;
    }
    if (timeout_ms < 0) {
        reply_error(&call->reply, "ERR timeout is negative");
        return;
    }
    /* A pause is never made shorter or milder by another. */
    int64_t until_ns = sessions->now.ns + timeout_ms * 1000000;
    if (kind > sessions->pause) sessions->pause = kind;
    if (until_ns > sessions->pause_until.ns) sessions->pause_until.ns = until_ns;
    session_hold_expiry(call->server, true);
    reply_ok(&call->reply);
}

void client_unpause_command(struct session_call *call)
{
    session_unpause(call->server);
    reply_ok(&call->reply);
}

void client_unblock_command(struct session_call *call)
{
    enum blocked_end how = BLOCKED_TIMEOUT;
    if (call->argc == 4 && word_is(call->argv[3], "ERROR")) {
        how = BLOCKED_ERROR;
    } else if (call->argc > 4 || (call->argc == 4 && !word_is(call->argv[3], "TIMEOUT"))) {
        reply_error(&call->reply, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return;
    }
    int64_t id;
    if (!integer_parse(call->argv[2], &id)) {
        reply_error(&call->reply, "ERR value is not an integer or out of range");
        return;
    }
    struct session *other = sessions_find(call->server->sessions, (uint64_t)id);
    bool waits = other != NULL && (other->flags & SESSION_BLOCKED);
    if (waits) blocked_end(call->server, other, how);
    reply_integer(&call->reply, waits);
}
