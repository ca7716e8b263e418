/* dispatch.c -- see dispatch.h. */
#include "serve/dispatch.h"

#include <ctype.h>

#include "io/clock.h"
#include "lane/together.h"
#include "serve/auth.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/crossing_share.h"
#include "serve/heat.h"
#include "serve/measure.h"
#include "serve/monitor.h"
#include "serve/redirect.h"
#include "serve/session_impl.h"
#include "serve/top_command.h"
#include "serve/transaction.h"

enum {
    SHOWN_BYTES_MAX = 128,
    TIMED_BELOW_US = 1000, /* somebody wants to know exactly */
    LARGE_ARGUMENT_BYTES = 16 << 10,
    MANY_ARGUMENTS = 64,
};

/* --- refusals -------------------------------------------------------------------------------- */

/* An error that was found before the command ran: a transaction is spoiled by it. */
static void refused(struct server *server, struct session *session, const struct request *request,
                    size_t opened)
{
    if (session->flags & SESSION_MULTI) session->flags |= SESSION_DIRTY_EXEC;
    if (request->command != NULL) measure_rejected(server, request->command);
    if (request->command == NULL || request->command->id != COMMAND_EXEC) return;
    /* EXEC itself: what was queued is gone. The text is what stands behind the "-" and its "ERR".
     */
    struct buffer *why = &server->sessions->scratch;
    struct slice text = slice_from(buffer_slice(&session->output), opened + 1);
    buffer_clear(why);
    buffer_append(why, slice_starts_with(text, SLICE("ERR ")) ? slice_from(text, 4) : text);
    struct reply reply = {&session->output, session->protocol};
    reply_rewind(&reply, opened);
    reply_error(&reply, "EXECABORT Transaction discarded because of: %.*s", (int)(why->len - 2),
                (const char *)why->data);
    transaction_drop(server, session);
}

static int shown_bytes(struct slice text)
{
    return (int)u64_min(text.len, SHOWN_BYTES_MAX);
}

static void unknown_command(struct server *server, const struct request *request,
                            struct reply *reply)
{
    struct slice name = request->argv[0];
    if (request->container != NULL) {
        struct slice word = request->argv[1];
        char upper[SHOWN_BYTES_MAX];
        int len = shown_bytes(name);
        for (int i = 0; i < len; i++) upper[i] = (char)toupper(name.data[i]);
        reply_error(reply, "ERR unknown subcommand '%.*s'. Try %.*s HELP.", shown_bytes(word),
                    (const char *)word.data, len, upper);
        return;
    }
    struct buffer *shown = &server->sessions->scratch;
    buffer_clear(shown);
    for (uint32_t i = 1; i < request->argc && shown->len < SHOWN_BYTES_MAX; i++) {
        struct slice argument = request->argv[i];
        size_t len = u64_min(argument.len, SHOWN_BYTES_MAX - shown->len);
        buffer_append(shown, SLICE("'"));
        buffer_append(shown, slice_of(argument.data, len));
        buffer_append(shown, SLICE("' "));
    }
    reply_error(reply, "ERR unknown command '%.*s', with args beginning with: %.*s",
                shown_bytes(name), (const char *)name.data, (int)shown->len,
                (const char *)shown->data);
}

/* The first of these that is wrong, in Redis's order. False: it is replied. */
static bool is_known(struct server *server, const struct request *request, struct reply *reply)
{
    const struct command *command = request->command;
    if (UNLIKELY(command == NULL)) {
        unknown_command(server, request, reply);
        return false;
    }
    if (LIKELY(command_arity_fits(command, request->argc))) return true;
    reply_error(reply, "ERR wrong number of arguments for '%s' command", command->name);
    return false;
}

/* Their replies are messages: CLIENT REPLY OFF does not silence them. */
static bool is_subscribing(enum command_id id)
{
    return id == COMMAND_SUBSCRIBE || id == COMMAND_UNSUBSCRIBE || id == COMMAND_PSUBSCRIBE ||
           id == COMMAND_PUNSUBSCRIBE || id == COMMAND_SSUBSCRIBE || id == COMMAND_SUNSUBSCRIBE;
}

static bool is_for_subscribers(enum command_id id)
{
    return is_subscribing(id) || id == COMMAND_PING || id == COMMAND_QUIT || id == COMMAND_RESET;
}

/* False: it is replied. */
static bool acl_allows(struct server *server, struct session *session,
                       const struct request *request, struct reply *reply)
{
    uint32_t position;
    enum acl_verdict verdict =
        acl_check(session->user, request->command, request->argv, request->argc, &position);
    struct slice object = slice_text(request->command->name);
    switch (verdict) {
    case ACL_ALLOWED: return true;
    case ACL_DENIED_COMMAND: server->stats.acl_denied_commands++; break;
    case ACL_DENIED_KEY: server->stats.acl_denied_keys++; break;
    case ACL_DENIED_CHANNEL: server->stats.acl_denied_channels++; break;
    case ACL_DENIED_AUTH: break;
    }
    if (verdict != ACL_DENIED_COMMAND) object = request->argv[position];
    session_log_denial(server, session, verdict, object, acl_user_name(session->user));
    acl_deny(reply, session->user, request->command, verdict);
    return false;
}

static bool is_allowed(struct server *server, struct session *session,
                       const struct request *request, struct reply *reply)
{
    const struct command *command = request->command;
    if (session->flags & SESSION_GUEST) return true; /* its home has asked */
    if (!session->authenticated && !(command->flags & COMMAND_NO_AUTH)) {
        reply_error(reply, "NOAUTH Authentication required.");
        return false;
    }
    if ((session->flags & SESSION_MULTI) && (command->flags & COMMAND_NO_MULTI)) {
        reply_error(reply, "ERR Command not allowed inside a transaction");
        return false;
    }
    if (!acl_allows(server, session, request, reply)) return false;
    if ((session->flags & SESSION_PUBSUB) && session->protocol == 2 &&
        !is_for_subscribers(command->id)) {
        reply_error(reply,
                    "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT "
                    "/ RESET are allowed in this context",
                    command->name);
        return false;
    }
    return true;
}

static bool is_paused(const struct server *server, const struct session *session,
                      const struct command *command)
{
    uint32_t flags = command->flags;
    switch (server->sessions->pause) {
    case PAUSE_NONE: return false;
    case PAUSE_ALL: return true;
    case PAUSE_WRITE:
        if (command->id == COMMAND_EXEC) flags = transaction_flags(session);
        return (flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) != 0;
    }
    return false;
}

/* In MULTI these run at once; all others are queued. */
static bool is_immediate(enum command_id id)
{
    return id == COMMAND_EXEC || id == COMMAND_DISCARD || id == COMMAND_MULTI ||
           id == COMMAND_WATCH || id == COMMAND_QUIT || id == COMMAND_RESET;
}

/* --- running --------------------------------------------------------------------------------- */

/* Only SORT follows patterns to keys that are not among its arguments. */
bool dispatch_keys_restricted(const struct session *session, const struct request *request)
{
    enum command_id id = request->command->id;
    if (LIKELY(id != COMMAND_SORT && id != COMMAND_SORT_RO)) return false;
    if (session->flags & SESSION_GUEST) return (session->flags & SESSION_RESTRICTED) != 0;
    return !acl_may_read_all(session->user, request->command, request->argv, request->argc);
}

/* On the shard of its keys, or over all of them together; and what its reply waits for. */
enum shard_ran dispatch_call(struct server *server, struct session *session, struct call *call)
{
    struct gate gate = {{GATE_LANE}, 0};
    shard_id *running = &server->sessions->running_shard, outer = *running;
    enum shard_ran ran;
    *running = session->shard;
    if (UNLIKELY(session->shard.n == SHARD_SEVERAL)) {
        ran = together_run(server->lane, call, &gate.index);
        if (gate_is_open(server, gate)) gate.index = 0;
    } else {
        uint64_t index = 0;
        struct shard *shard = lane_shard(server->lane, session->shard);
        ASSERT(shard != NULL);
        ran = shard_run(shard, call, &index);
        gate = gate_of(session, shard, index);
    }
    *running = outer;
    session->gate = gate;
    return ran;
}

void dispatch_set_time(struct server *server, const struct session *session)
{
    struct shard *shard = lane_shard(server->lane, session->shard);
    if (session->shard.n == SHARD_SEVERAL) together_set_time(server->lane);
    if (shard != NULL) shard_set_time(shard);
}

/* CLIENT NO-TOUCH: but TOUCH itself does. */
static void set_touch(struct server *server, const struct session *session, bool touch)
{
    struct shard *shard = lane_shard(server->lane, session->shard);
    store_set_touch(shard == NULL ? together_store(server->lane) : shard_store(shard), touch);
}

/* A command over the store. False: nothing happened, the log is making room. */
static bool run_data(struct server *server, struct session *session, const struct request *request,
                     bool may_block)
{
    struct call call = {
        .command = request->command,
        .argv = request->argv,
        .argc = request->argc,
        .database = session->database,
        .reply = {&session->output, session->protocol},
        .keys_restricted = dispatch_keys_restricted(session, request),
        .may_block = may_block,
    };
    bool quiet = (session->flags & SESSION_NO_TOUCH) != 0;
    if (UNLIKELY(quiet)) set_touch(server, session, request->command->id == COMMAND_TOUCH);
    enum shard_ran ran = dispatch_call(server, session, &call);
    if (UNLIKELY(quiet)) set_touch(server, session, true);
    if (ran == SHARD_LATER) return false;
    if (UNLIKELY(call.block.wanted)) blocked_enter(server, session, &call);
    return true;
}

/* What is said to all nodes is, unless it was where it was shared out. */
static void pass_on(struct server *server, const struct session *session,
                    const struct request *request)
{
    bool shared = (session->flags & SESSION_GUEST) != 0;
    if (shared && !(session->flags & SESSION_MULTI)) return;
    if (share_goes_to_nodes(request->command->id))
        crossing_tell_nodes(server, request->argv, request->argc);
}

static bool run_session(struct server *server, struct session *session,
                        const struct request *request)
{
    struct session_call call = {
        .server = server,
        .session = session,
        .command = request->command,
        .argv = request->argv,
        .argc = request->argc,
        .reply = {&session->output, session->protocol},
    };
    session->gate = (struct gate){0};
    pass_on(server, session, request);
    session_handler_of(request->command->id)(&call);
    return !call.later;
}

static bool run(struct server *server, struct session *session, const struct request *request,
                bool may_block)
{
    struct sessions *sessions = server->sessions;
    bool nested = sessions->is_running;
    sessions->is_running = true;
    if (request->command->handler != NULL && heat_wants(server->heat))
        top_note(server, session, request);
    bool ran = request->command->handler != NULL ? run_data(server, session, request, may_block)
                                                 : run_session(server, session, request);
    sessions->is_running = nested;
    if (UNLIKELY(sessions->list_counts[SESSIONS_PUSHED] > 0) && !nested) {
        bool waits = session->gate.index != 0;
        session_pushes_mark(sessions, waits ? session->gate : session_last_gate(session));
    }
    return ran;
}

static void silence(struct session *session, const struct request *request, size_t opened)
{
    bool push = request->command != NULL && is_subscribing(request->command->id);
    bool silent = (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0;
    if (silent && !push) session->output.len = opened;
    bool next = (session->flags & SESSION_REPLY_SKIP_NEXT) != 0;
    session->flags &= ~(uint32_t)(SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT);
    if (next) session->flags |= SESSION_REPLY_SKIP;
}

struct gate dispatch_gate(const struct session *session, const struct command *command)
{
    static const struct gate open = {0};
    if (command == NULL || (session->flags & SESSION_MULTI)) return open; /* QUEUED */
    enum command_id id = command->id;
    bool data = command->handler != NULL || id == COMMAND_EXEC || id == COMMAND_WATCH ||
                id == COMMAND_WAIT || id == COMMAND_WAITAOF || id == COMMAND_DEBUG;
    return data ? session->gate : open;
}

/* What every reply goes through: errors are counted, CLIENT REPLY, pushes that came meanwhile. */
static void settle(struct server *server, struct session *session, const struct request *request,
                   size_t opened)
{
    struct buffer *output = &session->output, *pushed = &server->sessions->pushed;
    if (UNLIKELY(output->len > opened && output->data[opened] == '-'))
        measure_error(server, slice_of(output->data + opened + 1, output->len - opened - 3));
    if (UNLIKELY(session->flags &
                 (SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT)))
        silence(session, request, opened);
    if (UNLIKELY(pushed->len > 0)) {
        buffer_append(output, buffer_slice(pushed));
        buffer_clear(pushed);
    }
    if (UNLIKELY(crossing_is_owed(session))) {
        crossing_hold(server, session, opened, dispatch_gate(session, request->command));
    } else if (!(session->flags & SESSION_GUEST)) {
        session_mark(session, opened, dispatch_gate(session, request->command));
    }
}

static void queue(struct server *server, struct session *session, const struct request *request,
                  size_t opened)
{
    struct reply reply = {&session->output, session->protocol};
    transaction_queue(server, session, request);
    reply_simple(&reply, "QUEUED");
    settle(server, session, request, opened);
}

/* In MULTI memory is asked for when a command is queued, and again for all of them at EXEC, so that
 * nothing is half done. Outside the lane asks. */
static bool has_memory(struct server *server, const struct session *session,
                       const struct request *request, struct reply *reply)
{
    if (LIKELY(!(session->flags & SESSION_MULTI))) return true;
    uint32_t flags = request->command->flags;
    if (request->command->id == COMMAND_EXEC) flags = transaction_flags(session);
    if (!(flags & COMMAND_DENYOOM) || !lane_memory_is_full(server->lane)) return true;
    reply_error(reply, "OOM command not allowed when used memory > 'maxmemory'.");
    return false;
}

enum dispatched dispatch(struct server *server, struct session *session,
                         const struct request *request)
{
    const struct command *command = request->command;
    size_t opened = session->output.len;
    struct reply reply = {&session->output, session->protocol};
    if (UNLIKELY(!is_known(server, request, &reply) ||
                 !is_allowed(server, session, request, &reply) ||
                 !has_memory(server, session, request, &reply))) {
        refused(server, session, request, opened);
        settle(server, session, request, opened);
        return DISPATCH_ANSWERED;
    }
    if (UNLIKELY(redirect_concerns(session)) && redirect_says(server, session, request, &reply)) {
        refused(server, session, request, opened);
        settle(server, session, request, opened);
        return DISPATCH_ANSWERED;
    }
    if (UNLIKELY(server->sessions->pause != PAUSE_NONE) && is_paused(server, session, command))
        return DISPATCH_PAUSED;
    session->last_command = command;
    if (UNLIKELY(session->flags & SESSION_MULTI) && !is_immediate(command->id)) {
        queue(server, session, request, opened);
        return DISPATCH_ANSWERED;
    }
    if (!(session->flags & SESSION_GUEST)) {
        switch (crossing_route(server, session, request)) {
        case CROSSING_HERE: break;
        case CROSSING_SENT: return DISPATCH_RAN;
        case CROSSING_REFUSED: settle(server, session, request, opened); return DISPATCH_ANSWERED;
        case CROSSING_WAIT: return DISPATCH_OWED;
        }
    }
    if (!run(server, session, request, true)) {
        bool replicas = (session->flags & SESSION_REPLICAS_WAIT) != 0;
        return replicas ? DISPATCH_REPLICAS : DISPATCH_LATER;
    }
    server->stats.commands_processed++;
    if (UNLIKELY(server->sessions->list_counts[SESSIONS_MONITOR] > 0))
        monitor_feed(server, session, request);
    settle(server, session, request, opened);
    if (UNLIKELY(blocked_is_ready(server->blocked))) blocked_serve(server);
    return DISPATCH_RAN;
}

/* The rules have changed since it was queued. */
static void refuse_queued(struct server *server, struct session *session,
                          const struct request *request, enum acl_verdict verdict)
{
    struct reply reply = {&session->output, session->protocol};
    session_log_denial(server, session, verdict, slice_text(request->command->name),
                       acl_user_name(session->user));
    measure_rejected(server, request->command);
    reply_error(&reply,
                "NOPERM ACLs rules changed between the moment the transaction was accumulated and "
                "the EXEC call. This command is no longer allowed for the following reason: %s",
                acl_verdict_text(verdict));
}

void dispatch_queued(struct server *server, struct session *session, const struct request *request)
{
    const struct slice *argv = request->argv;
    size_t opened = session->output.len;
    instant began = clock_now();
    uint32_t position;
    enum acl_verdict verdict = ACL_ALLOWED;
    if (!(session->flags & SESSION_GUEST)) /* else its home has asked */
        verdict = acl_check(session->user, request->command, argv, request->argc, &position);
    if (verdict != ACL_ALLOWED) {
        refuse_queued(server, session, request, verdict);
        return;
    }
    bool ran = run(server, session, request, false);
    ASSERT(ran); /* lane_begin has made room for all */
    if (server->sessions->list_counts[SESSIONS_MONITOR] > 0) monitor_feed(server, session, request);
    bool failed = session->output.len > opened && session->output.data[opened] == '-';
    if (failed)
        measure_error(
            server, slice_of(session->output.data + opened + 1, session->output.len - opened - 3));
    duration took = {clock_now().ns - began.ns};
    measure_command(server, session, request->command, argv, request->argc, took, failed);
    server->stats.commands_processed++;
}

bool dispatch_is_timed(const struct server *server, const struct request *request)
{
    int64_t slow_us = config_integer(server->config, SETTING_SLOWLOG_LOG_SLOWER_THAN);
    if (slow_us >= 0 && slow_us < TIMED_BELOW_US) return true;
    if (!(request->command->flags & COMMAND_FAST) && request->command->id != COMMAND_SET)
        return true;
    for (uint32_t i = 1; i < request->argc; i++)
        if (request->argv[i].len > LARGE_ARGUMENT_BYTES) return true;
    return request->argc > MANY_ARGUMENTS;
}
