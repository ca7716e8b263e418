/* blocked.c -- see blocked.h. */
#include <stdio.h>
#include <stdlib.h>

#include "serve/blocked.h"
#include "serve/crossing.h"
#include "serve/dispatch.h"
#include "serve/name_map.h"
#include "serve/session_impl.h"

struct blocked {
    struct name_map keys; /* node->first, last: struct wait; count: an enum ready */
    struct buffer ready;  /* of struct name_node *, in the order of their changes */
    uint64_t count;       /* clients */
    instant next_timeout; /* no one's time is over before */
};

/* A key that is served may become ready again by that. */
enum ready { READY_NOT, READY_YES, READY_SERVED };

/* One key of one client. */
struct wait {
    struct wait *previous, *next; /* of the key */
    struct name_node *key;
    struct session *session;
};

struct session_wait {
    const struct command *command;
    struct slice *argv; /* behind the waits; the bytes are behind them */
    uint32_t argc, database;
    shard_id shard;          /* of its keys */
    instant since, deadline; /* 0: never */
    enum call_timeout_reply timeout_reply;
    uint32_t waits_count;
    struct wait waits[];
};

struct blocked *blocked_new(const struct hash_secret *secret)
{
    struct blocked *blocked = calloc(1, sizeof(struct blocked));
    ASSERT(blocked != NULL);
    blocked->keys.secret = secret;
    blocked->next_timeout = (instant){INT64_MAX};
    return blocked;
}

void blocked_free(struct blocked *blocked)
{
    name_map_free(&blocked->keys);
    buffer_free(&blocked->ready);
    free(blocked);
}

uint64_t blocked_count(const struct blocked *blocked)
{
    return blocked->count;
}

bool blocked_has_keys(const struct blocked *blocked)
{
    return blocked->keys.count > 0;
}

bool blocked_is_ready(const struct blocked *blocked)
{
    return blocked->ready.len > 0;
}

/* --- waiting --------------------------------------------------------------------------------- */

static struct session_wait *wait_new(const struct call *call)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < call->argc; i++) bytes += call->argv[i].len;
    size_t head = sizeof(struct session_wait) + call->block.keys_count * sizeof(struct wait);
    struct session_wait *wait = calloc(1, head + call->argc * sizeof(struct slice) + bytes);
    ASSERT(wait != NULL);
    wait->argv = (struct slice *)(void *)((uint8_t *)wait + head);
    uint8_t *to = (uint8_t *)(wait->argv + call->argc);
    for (uint32_t i = 0; i < call->argc; i++) {
        if (call->argv[i].len > 0) memcpy(to, call->argv[i].data, call->argv[i].len);
        wait->argv[i] = slice_of(to, call->argv[i].len);
        to += call->argv[i].len;
    }
    wait->command = call->command;
    wait->argc = call->argc;
    wait->database = call->database;
    wait->timeout_reply = call->block.timeout_reply;
    return wait;
}

static bool waits_for(const struct session_wait *wait, const struct name_node *key)
{
    for (uint32_t i = 0; i < wait->waits_count; i++)
        if (wait->waits[i].key == key) return true;
    return false;
}

static void wait_for(struct blocked *blocked, struct session *session, struct slice name)
{
    struct session_wait *wait = session->wait;
    struct name_node *key = name_map_add(&blocked->keys, wait->database, name);
    if (waits_for(wait, key)) return; /* named twice */
    struct wait *added = &wait->waits[wait->waits_count++];
    *added = (struct wait){.previous = key->last, .key = key, .session = session};
    if (added->previous == NULL) {
        key->first = added;
    } else {
        added->previous->next = added;
    }
    key->last = added;
}

void blocked_enter(struct server *server, struct session *session, const struct call *call)
{
    struct blocked *blocked = server->blocked;
    session->wait = wait_new(call);
    session->wait->since = server->sessions->now;
    session->wait->shard = session->shard;
    for (uint32_t i = 0; i < call->block.keys_count; i++)
        wait_for(blocked, session, call->argv[call->block.first_key + i]);
    session->flags |= SESSION_BLOCKED;
    blocked->count++;
    if (call->block.timeout_ms > 0) {
        int64_t now_ms = server->sessions->now.ns / 1000000;
        int64_t until_ms = INT64_MAX / 1000000;
        if (call->block.timeout_ms < until_ms - now_ms)
            until_ms = now_ms + call->block.timeout_ms + 1; /* never too early */
        session->wait->deadline = (instant){until_ms * 1000000};
        session_enter(server->sessions, SESSIONS_WAIT, session);
        if (session->wait->deadline.ns < blocked->next_timeout.ns)
            blocked->next_timeout = session->wait->deadline;
    }
    session_observe(server);
}

static void key_drop_unused(struct blocked *blocked, struct name_node *key)
{
    if (key->first == NULL && key->count == READY_NOT) name_map_remove(&blocked->keys, key);
}

void blocked_leave(struct server *server, struct session *session)
{
    struct session_wait *wait = session->wait;
    if (wait == NULL) return;
    for (uint32_t i = 0; i < wait->waits_count; i++) {
        struct wait *gone = &wait->waits[i];
        if (gone->previous == NULL) {
            gone->key->first = gone->next;
        } else {
            gone->previous->next = gone->next;
        }
        if (gone->next == NULL) {
            gone->key->last = gone->previous;
        } else {
            gone->next->previous = gone->previous;
        }
        key_drop_unused(server->blocked, gone->key);
    }
    free(wait);
    session->wait = NULL;
    session->flags &= ~(uint32_t)SESSION_BLOCKED;
    session_leave(server->sessions, SESSIONS_WAIT, session);
    session_enter(server->sessions, SESSIONS_RUN, session); /* what it has said meanwhile */
    server->blocked->count--;
    session_observe(server);
}

/* --- elsewhere ------------------------------------------------------------------------------- */

shard_id blocked_shard(const struct session *session)
{
    return session->wait->shard;
}

instant blocked_since(const struct session *session)
{
    return session->wait->since;
}

void blocked_request(const struct session *session, struct request *request, struct slice **argv)
{
    const struct session_wait *wait = session->wait;
    *argv = wait->argv;
    *request = (struct request){.command = wait->command, .argv = wait->argv, .argc = wait->argc};
}

void blocked_shorten(const struct command *command, struct slice *argv, uint32_t argc,
                     duration passed, char text[BLOCKED_TIMEOUT_TEXT])
{
    bool first = command->id == COMMAND_BLMPOP || command->id == COMMAND_BZMPOP;
    struct slice *timeout = &argv[first ? 1 : argc - 1];
    double seconds;
    if (!double_parse(*timeout, &seconds) || seconds <= 0) return; /* for ever, or refused there */
    seconds -= (double)passed.ns / 1e9;
    if (seconds < 0.001) seconds = 0.001; /* 0 would be for ever */
    int len = snprintf(text, BLOCKED_TIMEOUT_TEXT, "%.3f", seconds);
    *timeout = slice_of(text, (size_t)len);
}

/* --- what wakes them ------------------------------------------------------------------------- */

static void make_ready(struct blocked *blocked, struct name_node *key)
{
    if (key->count == READY_YES) return;
    key->count = READY_YES;
    buffer_append(&blocked->ready, slice_of(&key, sizeof(struct name_node *)));
}

void blocked_touch(struct blocked *blocked, uint32_t database, struct slice key)
{
    struct name_node *node = name_map_find(&blocked->keys, database, key);
    if (node != NULL) make_ready(blocked, node);
}

void blocked_touch_database(struct blocked *blocked, uint32_t database)
{
    struct name_walk walk = {0};
    for (struct name_node *node; (node = name_map_next(&blocked->keys, &walk)) != NULL;)
        if (node->database == database) make_ready(blocked, node);
}

static enum value_type type_wanted(const struct command *command)
{
    return strcmp(command->group, "list") == 0 ? VALUE_LIST : VALUE_ZSET;
}

/* Run its call again. False: nothing happened, the log is making room. */
static bool run_again(struct server *server, struct session *session)
{
    struct session_wait *wait = session->wait;
    struct sessions *sessions = server->sessions;
    session_output_begin(server, session);
    size_t opened = session->output.len;
    struct call call = {
        .command = wait->command,
        .argv = wait->argv,
        .argc = wait->argc,
        .database = wait->database,
        .reply = {&session->output, session->protocol},
        .may_block = true,
    };
    struct session *running = sessions->current;
    struct buffer pushed = sessions->pushed;
    sessions->current = session;
    sessions->pushed = (struct buffer){0};
    bool nested = sessions->is_running;
    sessions->is_running = true;
    session->shard = wait->shard;
    enum shard_ran ran = dispatch_call(server, session, &call);
    sessions->is_running = nested;
    if (ran == SHARD_RAN && !call.block.wanted) {
        blocked_leave(server, session);
        if (session->guest == NULL) session_mark(session, opened, session->gate);
        buffer_append(&session->output, buffer_slice(&sessions->pushed));
    }
    if (!nested) session_pushes_mark(sessions, session->gate);
    buffer_free(&sessions->pushed);
    sessions->pushed = pushed;
    sessions->current = running;
    return ran == SHARD_RAN;
}

/* In the order of waiting, as long as there is something of their type. */
static bool serve_key(struct server *server, const struct name_node *key)
{
    const struct store *store = crossing_store_of(server, name_of(key));
    if (store == NULL) return true;
    for (struct wait *at = key->first, *next; at != NULL; at = next) {
        next = at->next;
        const struct entry *entry = store_peek(store, key->database, name_of(key));
        if (entry == NULL) return true;
        if (entry_type(entry) != type_wanted(at->session->wait->command)) continue;
        if (at->session->flags & SESSION_CLOSING) continue;
        if (!run_again(server, at->session)) return false;
    }
    return true;
}

static struct name_node *ready_at(const struct blocked *blocked, size_t at)
{
    void *key;
    memcpy(&key, blocked->ready.data + at, sizeof key);
    return key;
}

void blocked_serve(struct server *server)
{
    struct blocked *blocked = server->blocked;
    size_t at = 0;
    while (at < blocked->ready.len) { /* it grows while they are served */
        struct name_node *key = ready_at(blocked, at);
        key->count = READY_SERVED;
        if (!serve_key(server, key)) {
            make_ready(blocked, key);
            at += sizeof(void *);
            break;
        }
        if (key->count == READY_SERVED) key->count = READY_NOT;
        key_drop_unused(blocked, key);
        at += sizeof(void *);
    }
    buffer_consume(&blocked->ready, at);
}

/* --- ends ------------------------------------------------------------------------------------ */

void blocked_end(struct server *server, struct session *session, enum blocked_end how)
{
    session_output_begin(server, session);
    struct reply reply = {&session->output, session->protocol};
    if (how == BLOCKED_ERROR) {
        reply_error(&reply, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    } else if (session->wait->timeout_reply == TIMEOUT_NULL_ARRAY) {
        reply_null_array(&reply);
    } else {
        reply_null(&reply);
    }
    blocked_leave(server, session);
}

instant blocked_expire(struct server *server, instant now)
{
    struct blocked *blocked = server->blocked;
    if (now.ns < blocked->next_timeout.ns) return blocked->next_timeout;
    instant earliest = {INT64_MAX};
    struct session *session = sessions_first(server->sessions, SESSIONS_WAIT);
    for (struct session *next; session != NULL; session = next) {
        next = session->links[SESSIONS_WAIT].next;
        instant deadline = session->wait->deadline;
        if (deadline.ns <= now.ns) {
            blocked_end(server, session, BLOCKED_TIMEOUT);
        } else if (deadline.ns < earliest.ns) {
            earliest = deadline;
        }
    }
    blocked->next_timeout = earliest;
    return earliest;
}
