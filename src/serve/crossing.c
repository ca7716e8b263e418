/* crossing.c -- see crossing.h: the home's side. */
#include <stdlib.h>

#include "base/crc.h"
#include "serve/acl.h"
#include "serve/crossing_impl.h"
#include "serve/transaction.h"
#include "serve/watching.h"

enum {
    HELD_MAX = 1024,      /* of one session: then it waits for answers */
    HELD_UNKNOWN_MAX = 4, /* while nobody knows how large they will be */
    KEYS_LOOKED_AT = 256,
    LANE_NONE = UINT32_MAX,
    LANE_SEVERAL = UINT32_MAX - 1,
};

struct crossing *crossing_new(struct arena *arena, const struct crossing_config *config)
{
    struct crossing *crossing = ARENA_NEW(arena, struct crossing);
    *crossing = (struct crossing){
        .config = *config,
        .asks = ARENA_ARRAY(arena, struct message *, config->lanes_count),
        .answers = ARENA_ARRAY(arena, struct message *, config->lanes_count),
        .guests = guests_new(config->lanes_count),
    };
    return crossing;
}

void crossing_free(struct crossing *crossing)
{
    if (crossing == NULL) return;
    for (uint32_t i = 0; i < crossing->config.lanes_count; i++) {
        message_free(crossing->asks[i]);
        message_free(crossing->answers[i]);
    }
    guests_free(crossing->guests);
}

uint32_t crossing_lane_of(const struct crossing *crossing, struct slice key)
{
    return slot_of_key(key) * crossing->config.lanes_count / SLOT_COUNT;
}

/* --- messages -------------------------------------------------------------------------------- */

static struct buffer *filling(struct crossing *crossing, struct message **messages, uint32_t lane,
                              uint32_t kind)
{
    if (messages[lane] == NULL) {
        messages[lane] = message_new(crossing->config.lane, lane, kind);
    }
    return &messages[lane]->bytes;
}

struct buffer *crossing_answers(struct crossing *crossing, uint32_t lane)
{
    return filling(crossing, crossing->answers, lane, CROSSING_ANSWERS);
}

static void ask_write(struct crossing *crossing, uint32_t lane, uint64_t slot, uint64_t id,
                      uint64_t entry, uint32_t flags, uint32_t database, const struct slice *argv,
                      uint32_t argc)
{
    struct buffer *out = filling(crossing, crossing->asks, lane, CROSSING_ASKS);
    put_varint(out, slot);
    put_varint(out, id);
    put_varint(out, entry);
    put_u8(out, (uint8_t)flags);
    put_varint(out, database);
    put_varint(out, argc);
    for (uint32_t i = 0; i < argc; i++) put_sized(out, argv[i]);
}

void crossing_ask(struct server *server, struct session *session, uint32_t lane, uint64_t entry,
                  uint32_t flags, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    if (session->protocol == 3) flags |= ASK_RESP3;
    if (session->flags & SESSION_NO_TOUCH) flags |= ASK_NO_TOUCH;
    struct session_crossing *of = crossing_of(crossing, session);
    of->known[lane] = true;
    if (lane == crossing->config.lane && !(flags & ASK_QUIET)) of->own_until = entry + 1;
    ask_write(crossing, lane, session->slot + 1, session->id, entry, flags, session->database, argv,
              argc);
}

void crossing_tell_all(struct server *server, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    if (crossing == NULL) return;
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        if (lane == crossing->config.lane) continue;
        ask_write(crossing, lane, CROSSING_SLOT_LANE, 0, 0, ASK_QUIET, 0, argv, argc);
    }
}

static void send_all(struct crossing *crossing, struct message **messages)
{
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        if (messages[lane] == NULL) continue;
        mailbox_put_take(crossing->config.mailboxes[lane], messages[lane]);
        messages[lane] = NULL;
    }
}

void crossing_flush(struct server *server)
{
    if (server->crossing == NULL) return;
    send_all(server->crossing, server->crossing->asks);
    send_all(server->crossing, server->crossing->answers);
}

/* --- what is held ---------------------------------------------------------------------------- */

struct session_crossing *crossing_of(const struct crossing *crossing, struct session *session)
{
    if (session->crossing != NULL) return session->crossing;
    struct session_crossing *made = calloc(1, sizeof *made);
    ASSERT(made != NULL);
    made->known = calloc(crossing->config.lanes_count, sizeof *made->known);
    ASSERT(made->known != NULL);
    session->crossing = made;
    return made;
}

uint32_t held_count(const struct session_crossing *of)
{
    return (uint32_t)(of->entries.len / sizeof(struct held));
}

static struct held *held_at(const struct session_crossing *of, uint64_t number)
{
    if (number < of->first || number - of->first >= held_count(of)) return NULL;
    return (struct held *)(void *)of->entries.data + (number - of->first);
}

struct held *held_push(struct session_crossing *of)
{
    struct held empty = {.combine = COMBINE_NOTHING};
    buffer_append(&of->entries, slice_of(&empty, sizeof empty));
    return held_at(of, of->first + held_count(of) - 1);
}

static void held_free(const struct crossing *crossing, struct held *held)
{
    buffer_free(&held->bytes);
    for (uint32_t i = 0; held->parts != NULL && i < crossing->config.lanes_count; i++) {
        buffer_free(&held->parts[i]);
    }
    free(held->parts);
    free(held->order);
}

void crossing_hold(struct server *server, struct session *session, size_t opened)
{
    (void)server;
    struct session_crossing *of = session->crossing;
    struct slice reply = slice_from(buffer_slice(&session->output), opened);
    if (reply.len == 0) return;
    struct held *last = held_at(of, of->first + held_count(of) - 1);
    if (last->owed_count > 0) last = held_push(of);
    buffer_append(&last->bytes, reply);
    of->held_bytes += reply.len;
    session->output.len = opened;
}

/* What is whole at the front may leave. */
static void release(struct server *server, struct session *session)
{
    struct session_crossing *of = session->crossing;
    uint32_t done = 0, count = held_count(of);
    session_output_begin(server, session);
    for (; done < count; done++) {
        struct held *held = held_at(of, of->first + done);
        if (held->owed_count > 0) break;
        if (!held->silent) buffer_append(&session->output, buffer_slice(&held->bytes));
        held_free(server->crossing, held);
    }
    buffer_consume(&of->entries, done * sizeof(struct held));
    of->first += done;
    if (session_output_bytes(session) > 0) {
        session_enter(server->sessions, SESSIONS_SEND, session);
    }
    if (of->entries.len > 0) return;
    of->waits = false;
    of->held_bytes = 0;
    session_leave(server->sessions, SESSIONS_OWED, session);
    session_enter(server->sessions, SESSIONS_RUN, session);
}

static void answered(struct server *server, uint32_t from, struct session *session, uint64_t entry,
                     struct slice reply)
{
    struct held *held = held_at(session->crossing, entry);
    ASSERT(held != NULL);
    ASSERT(held->owed_count > 0);
    struct session_crossing *of = session->crossing;
    of->held_bytes += reply.len;
    of->answer_bytes = u64_max(reply.len, of->answer_bytes - of->answer_bytes / 8);
    buffer_append(held->parts == NULL ? &held->bytes : &held->parts[from], reply);
    if (--held->owed_count > 0) return;
    held_combine(server->crossing, held);
    release(server, session);
}

static void answers_read(struct server *server, const struct message *message)
{
    struct cursor in = cursor_of(buffer_slice(&message->bytes));
    const struct sessions *sessions = server->sessions;
    while (cursor_left(&in) > 0) {
        uint64_t slot = cursor_varint(&in) - 1, id = cursor_varint(&in);
        uint64_t entry = cursor_varint(&in);
        struct slice reply = cursor_sized(&in);
        ASSERT(!in.bad); /* our own lanes write them */
        struct session *session = slot < sessions->slots_count ? sessions->slots[slot] : NULL;
        if (session == NULL || session->id != id) continue; /* it has gone */
        answered(server, message->from, session, entry, reply);
    }
}

void crossing_turn(struct server *server)
{
    struct crossing *crossing = server->crossing;
    if (crossing == NULL) return;
    struct message *message = mailbox_take(crossing->config.mailboxes[crossing->config.lane]);
    while (message != NULL) {
        struct message *next = message->next;
        if (message->kind == CROSSING_ASKS) {
            guests_receive(server, message->from, buffer_slice(&message->bytes));
        } else {
            answers_read(server, message);
        }
        message_free(message);
        message = next;
    }
}

/* --- ends ------------------------------------------------------------------------------------ */

static void crossing_unwatch(struct server *server, struct session *session)
{
    struct session_crossing *of = session->crossing;
    if (of == NULL || of->watch_lane == 0) return;
    const struct slice unwatch = SLICE("UNWATCH");
    crossing_ask(server, session, of->watch_lane - 1, 0, ASK_QUIET, &unwatch, 1);
    of->watch_lane = 0;
}

void crossing_leave(struct server *server, struct session *session)
{
    struct session_crossing *of = session->crossing;
    if (of == NULL) return;
    for (uint32_t lane = 0; lane < server->crossing->config.lanes_count; lane++) {
        if (of->known[lane]) crossing_ask(server, session, lane, 0, ASK_QUIET | ASK_BYE, NULL, 0);
    }
    for (uint32_t i = 0; i < held_count(of); i++) {
        held_free(server->crossing, held_at(of, of->first + i));
    }
    buffer_free(&of->entries);
    free(of->known);
    free(of);
    session->crossing = NULL;
}

/* --- which way ------------------------------------------------------------------------------- */

/* The lane of all keys of a call; LANE_NONE: it has none. */
static uint32_t lane_of_keys(const struct crossing *crossing, const struct request *request)
{
    struct key_place few[KEYS_LOOKED_AT], *places = few;
    const struct command *command = request->command;
    if (command->key_specs_count == 0) return LANE_NONE;
    int64_t count = command_keys(command, request->argv, request->argc, few, KEYS_LOOKED_AT);
    if (UNLIKELY(count > KEYS_LOOKED_AT)) {
        places = calloc((size_t)count, sizeof *places);
        ASSERT(places != NULL);
        (void)command_keys(command, request->argv, request->argc, places, (uint32_t)count);
    }
    uint32_t lane = LANE_NONE;
    for (int64_t i = 0; i < count && lane != LANE_SEVERAL; i++) {
        uint32_t one = crossing_lane_of(crossing, request->argv[places[i].index]);
        lane = lane == LANE_NONE || lane == one ? one : LANE_SEVERAL;
    }
    if (places != few) free(places);
    return lane;
}

static enum crossing_way refuse(struct session *session)
{
    struct reply reply = {&session->output, session->protocol};
    reply_error(&reply,
                "CROSSSLOT Keys in request don't belong to the same lane of this node; name "
                "them with one {tag}, or start it with --lanes 1");
    return CROSSING_REFUSED;
}

static bool is_silent(struct session *session)
{
    bool silent = (session->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP)) != 0;
    session->flags &= ~(uint32_t)SESSION_REPLY_SKIP;
    return silent;
}

static enum crossing_way send_to(struct server *server, struct session *session, uint32_t lane,
                                 const struct request *request, uint32_t flags)
{
    struct session_crossing *of = crossing_of(server->crossing, session);
    struct held *held = held_push(of);
    held->owed_count = 1;
    held->silent = is_silent(session);
    uint64_t entry = of->first + held_count(of) - 1;
    if (dispatch_keys_restricted(session, request)) flags |= ASK_RESTRICTED;
    of->waits = (request->command->flags & COMMAND_BLOCKING) != 0;
    crossing_ask(server, session, lane, entry, flags, request->argv, request->argc);
    return CROSSING_SENT;
}

struct gathering { /* where a transaction belongs */
    const struct crossing *crossing;
    const struct session *session;
    uint32_t lane;
    bool for_all;
    bool denied; /* the user's rules have changed since it was queued */
    bool restricted;
};

static void gather(void *context, const struct request *request)
{
    struct gathering *gathering = context;
    uint32_t lane = lane_of_keys(gathering->crossing, request), position;
    const struct acl_user *user = gathering->session->user;
    gathering->denied |=
        acl_check(user, request->command, request->argv, request->argc, &position) != ACL_ALLOWED;
    gathering->restricted |= dispatch_keys_restricted(gathering->session, request);
    gathering->for_all |= crossing_is_for_all(request->command->id);
    if (lane == LANE_NONE || lane == gathering->lane) return;
    gathering->lane = gathering->lane == LANE_NONE ? lane : LANE_SEVERAL;
}

struct forwarding {
    struct server *server;
    struct session *session;
    uint32_t lane;
};

static void forward_quietly(void *context, const struct request *request)
{
    struct forwarding *to = context;
    crossing_ask(to->server, to->session, to->lane, 0, ASK_QUIET, request->argv, request->argc);
}

static enum crossing_way route_exec(struct server *server, struct session *session,
                                    const struct request *request)
{
    const struct crossing *crossing = server->crossing;
    struct session_crossing *of = session->crossing;
    bool spoiled = (session->flags & (SESSION_DIRTY_EXEC | SESSION_DIRTY_WATCH)) != 0;
    if (!(session->flags & SESSION_MULTI) || spoiled) {
        crossing_unwatch(server, session);
        return CROSSING_HERE;
    }
    struct gathering where = {.crossing = crossing, .session = session, .lane = LANE_NONE};
    if (of != NULL && of->watch_lane != 0) where.lane = of->watch_lane - 1;
    if (watching_count_of(session) > 0) where.lane = crossing->config.lane;
    transaction_each(session, gather, &where);
    if (where.lane == LANE_SEVERAL || where.for_all) {
        crossing_unwatch(server, session);
        transaction_drop(server, session);
        return refuse(session);
    }
    if (where.lane == LANE_NONE || where.lane == crossing->config.lane) return CROSSING_HERE;
    if (where.denied) {
        crossing_unwatch(server, session);
        transaction_drop(server, session);
        struct reply reply = {&session->output, session->protocol};
        reply_error(&reply, "EXECABORT Transaction discarded because of: NOPERM ACLs rules changed "
                            "between the moment the transaction was accumulated and the EXEC call");
        return CROSSING_REFUSED;
    }
    struct forwarding to = {server, session, where.lane};
    const struct slice multi = SLICE("MULTI");
    crossing_ask(server, session, where.lane, 0, ASK_QUIET, &multi, 1);
    transaction_each(session, forward_quietly, &to);
    if (of != NULL) of->watch_lane = 0;
    transaction_drop(server, session);
    return send_to(server, session, where.lane, request, where.restricted ? ASK_RESTRICTED : 0);
}

static enum crossing_way route_watch(struct server *server, struct session *session, uint32_t lane,
                                     const struct request *request)
{
    uint32_t here = server->crossing->config.lane;
    struct session_crossing *of = crossing_of(server->crossing, session);
    bool elsewhere = of->watch_lane != 0 && of->watch_lane - 1 != lane;
    if (elsewhere || (watching_count_of(session) > 0 && lane != here)) return refuse(session);
    if (lane == here || (session->flags & SESSION_MULTI)) return CROSSING_HERE;
    of->watch_lane = lane + 1;
    return send_to(server, session, lane, request, 0);
}

/* Commands that act on the session itself wait until all before them is answered. */
static bool must_wait(const struct session *session, const struct command *command)
{
    if (!crossing_is_owed(session)) return false;
    const struct session_crossing *of = session->crossing;
    uint32_t count = held_count(of), most = of->answer_bytes == 0 ? HELD_UNKNOWN_MAX : HELD_MAX;
    if (count >= most || of->waits) return true;
    if (of->held_bytes + count * of->answer_bytes >= SESSION_OUTPUT_PAUSE_BYTES) return true;
    return command->handler == NULL || (command->flags & COMMAND_BLOCKING) != 0;
}

enum crossing_way crossing_route(struct server *server, struct session *session,
                                 const struct request *request)
{
    const struct crossing *crossing = server->crossing;
    const struct command *command = request->command;
    if (must_wait(session, command)) return CROSSING_WAIT;
    if (command->id == COMMAND_EXEC) return route_exec(server, session, request);
    if (command->id == COMMAND_DISCARD || command->id == COMMAND_UNWATCH ||
        command->id == COMMAND_RESET) {
        crossing_unwatch(server, session);
        return CROSSING_HERE;
    }
    uint32_t lane = lane_of_keys(crossing, request);
    if (lane == LANE_SEVERAL || lane == LANE_NONE) {
        if (crossing_share_out(server, session, request)) return CROSSING_SENT;
        return lane == LANE_NONE ? CROSSING_HERE : refuse(session);
    }
    if (command->id == COMMAND_WATCH) return route_watch(server, session, lane, request);
    const struct session_crossing *of = session->crossing;
    bool overtakes = of != NULL && of->first < of->own_until;
    if (lane == crossing->config.lane && !overtakes) return CROSSING_HERE;
    return send_to(server, session, lane, request, 0);
}
