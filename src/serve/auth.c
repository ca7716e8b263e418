/* auth.c -- see auth.h. */
#include "serve/auth.h"

#include "cmd/call.h"
#include "serve/client.h"
#include "serve/cluster_map.h"
#include "serve/pubsub.h"
#include "serve/redirect.h"
#include "serve/replication_sum.h"
#include "serve/session_impl.h"
#include "serve/session_text.h"
#include "serve/transaction.h"

enum { SHOWN_BYTES_MAX = 128 };

/* Of a new connection, and after RESET. */
void session_greet(struct server *server, struct session *session)
{
    session->user = acl_default_user(server->acl);
    session->authenticated = !acl_user_needs_password(session->user);
    redirect_greet(server, session);
}

bool user_is_known(struct session_call *call, struct slice name)
{
    if (acl_find(call->server->acl, name) != NULL) return true;
    reply_error(&call->reply, "ERR No such user '%.*s'", (int)u64_min(name.len, SHOWN_BYTES_MAX),
                (const char *)name.data);
    return false;
}

void session_log_denial(struct server *server, const struct session *session,
                        enum acl_verdict verdict, struct slice object, struct slice username)
{
    struct buffer *info = &server->sessions->scratch;
    buffer_clear(info);
    session_info_append(info, server, session);
    struct acl_denial denial = {
        .verdict = verdict,
        .context = session->flags & SESSION_MULTI ? "multi" : "toplevel",
        .object = object,
        .username = username,
        .client_info = buffer_slice(info),
        .unix_ms = server->sessions->unix_ms,
    };
    acl_log_add(server->acl, &denial);
}

/* False: it is replied. */
static bool authenticate(struct session_call *call, struct slice name, struct slice password)
{
    const struct acl_user *user = acl_authenticate(call->server->acl, name, password);
    if (user != NULL) {
        call->session->user = user;
        call->session->authenticated = true;
        return true;
    }
    call->server->stats.auth_failures++;
    session_log_denial(call->server, call->session, ACL_DENIED_AUTH, call->argv[0], name);
    reply_error(&call->reply, "WRONGPASS invalid username-password pair or user is disabled.");
    return false;
}

void auth_command(struct session_call *call)
{
    if (call->argc > 3) {
        reply_error(&call->reply, "ERR syntax error");
        return;
    }
    if (call->argc == 2 && acl_user_takes_any_password(acl_default_user(call->server->acl))) {
        reply_error(&call->reply,
                    "ERR AUTH <password> called without any password configured for the default "
                    "user. Are you sure your configuration is correct?");
        return;
    }
    struct slice user = call->argc == 3 ? call->argv[1] : SLICE("default");
    if (authenticate(call, user, call->argv[call->argc - 1])) reply_ok(&call->reply);
}

/* --- HELLO ----------------------------------------------------------------------------------- */

struct hello {
    int64_t protocol; /* 0: not said */
    struct slice user, password, name;
    bool has_auth, has_name;
};

static bool hello_version(struct session_call *call, struct hello *hello)
{
    if (call->argc == 1) return true;
    if (!integer_parse(call->argv[1], &hello->protocol)) {
        reply_error(&call->reply, "ERR Protocol version is not an integer or out of range");
        return false;
    }
    if (hello->protocol == 2 || hello->protocol == 3) return true;
    reply_error(&call->reply, "NOPROTO unsupported protocol version");
    return false;
}

static bool hello_options(struct session_call *call, struct hello *hello)
{
    for (uint32_t i = 2; i < call->argc; i++) {
        uint32_t more = call->argc - 1 - i;
        if (word_is(call->argv[i], "AUTH") && more >= 2) {
            hello->has_auth = true;
            hello->user = call->argv[i + 1];
            hello->password = call->argv[i + 2];
            i += 2;
        } else if (word_is(call->argv[i], "SETNAME") && more >= 1) {
            hello->has_name = true;
            hello->name = call->argv[i + 1];
            i++;
            if (!client_name_fits(&call->reply, hello->name)) return false;
        } else {
            reply_error(&call->reply, "ERR Syntax error in HELLO option '%.*s'",
                        (int)u64_min(call->argv[i].len, 128), (const char *)call->argv[i].data);
            return false;
        }
    }
    return true;
}

static void hello_reply(struct session_call *call)
{
    struct reply *reply = &call->reply;
    reply->protocol = call->session->protocol;
    reply_map(reply, 7);
    reply_bulk_text(reply, "server");
    reply_bulk_text(reply, "redis");
    reply_bulk_text(reply, "version");
    reply_bulk_text(reply, REDIS_VERSION_SPOKEN);
    reply_bulk_text(reply, "proto");
    reply_integer(reply, call->session->protocol);
    reply_bulk_text(reply, "id");
    reply_integer(reply, (int64_t)call->session->id);
    reply_bulk_text(reply, "mode");
    reply_bulk_text(reply, cluster_map_is_alone(call->server) ? "standalone" : "cluster");
    reply_bulk_text(reply, "role");
    reply_bulk_text(reply, replication_leads(call->server) ? "master" : "replica");
    reply_bulk_text(reply, "modules");
    reply_array(reply, 0);
}

void hello_command(struct session_call *call)
{
    struct hello hello = {0};
    if (!hello_version(call, &hello) || !hello_options(call, &hello)) return;
    if (hello.has_auth && !authenticate(call, hello.user, hello.password)) return;
    if (!call->session->authenticated) {
        reply_error(&call->reply,
                    "NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    "the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the "
                    "client and select the RESP protocol version at the same time");
        return;
    }
    if (hello.has_name) client_set_text(&call->session->name, hello.name);
    if (hello.protocol != 0) call->session->protocol = (uint8_t)hello.protocol;
    hello_reply(call);
}

void reset_command(struct session_call *call)
{
    struct session *session = call->session;
    transaction_drop(call->server, session);
    pubsub_leave_all(call->server, session);
    session_leave(call->server->sessions, SESSIONS_MONITOR, session);
    session->flags &= ~(uint32_t)(SESSION_MONITOR | SESSION_REPLY_OFF | SESSION_REPLY_SKIP |
                                  SESSION_REPLY_SKIP_NEXT | SESSION_NO_EVICT | SESSION_NO_TOUCH |
                                  SESSION_STALE | SESSION_KNOWS_MAP | SESSION_ASKING);
    session->protocol = call->reply.protocol = 2;
    session->database = 0;
    buffer_free(&session->name);
    session_greet(call->server, session);
    reply_simple(&call->reply, "RESET");
}
