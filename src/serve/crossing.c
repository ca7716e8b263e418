/* crossing.c -- see crossing.h: the home's side. */
#include <stdlib.h>

#include "base/crc.h"
#include "serve/crossing_impl.h"
#include "serve/lost.h"

struct crossing *crossing_new(struct arena *arena, const struct crossing_config *config)
{
    struct crossing *crossing = ARENA_NEW(arena, struct crossing);
    *crossing = (struct crossing){
        .config = *config,
        .asks = ARENA_ARRAY(arena, struct message *, config->lanes_count),
        .answers = ARENA_ARRAY(arena, struct message *, config->lanes_count),
    };
    crossing->guests = guests_new(crossing_targets_max(crossing));
    return crossing;
}

void crossing_free(struct crossing *crossing)
{
    if (crossing == NULL) return;
    for (uint32_t i = 0; i < crossing->config.lanes_count; i++) {
        message_free(crossing->asks[i]);
        message_free(crossing->answers[i]);
    }
    crossing_nodes_free(crossing);
    guests_free(crossing->guests);
}

bool crossing_is_only_to_nodes(const struct crossing *crossing)
{
    return crossing != NULL && crossing->config.lanes_count == 1;
}

const struct crossing_stats *crossing_stats(const struct crossing *crossing)
{
    return &crossing->stats;
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

void crossing_answer(struct crossing *crossing, uint32_t to, const struct answer_told *answer)
{
    struct buffer *out = crossing_is_node(crossing, to)
                             ? crossing_out(crossing, to, STREAM_ANSWERS)
                             : filling(crossing, crossing->answers, to, CROSSING_ANSWERS);
    answer_write(out, answer);
}

void crossing_ask(struct server *server, struct session *session, uint32_t lane, uint64_t entry,
                  uint32_t flags, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    if (session->protocol == 3) flags |= ASK_RESP3;
    if (session->flags & SESSION_NO_TOUCH) flags |= ASK_NO_TOUCH;
    if (session->flags & SESSION_STALE) flags |= ASK_STALE;
    struct session_crossing *of = crossing_of(crossing, session);
    of->known[lane] = true;
    if (lane == crossing->config.lane && !(flags & ASK_QUIET)) of->own_until = entry + 1;
    struct ask ask = {.slot = session->slot + 1,
                      .id = session->id,
                      .entry = entry,
                      .flags = (uint8_t)flags,
                      .database = session->database,
                      .argc = argc};
    ask_write(filling(crossing, crossing->asks, lane, CROSSING_ASKS), &ask, argv);
}

void crossing_tell_all(struct server *server, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    if (crossing == NULL) return;
    struct ask ask = {.slot = CROSSING_SLOT_LANE, .flags = ASK_QUIET, .argc = argc};
    for (uint32_t lane = 0; lane < crossing->config.lanes_count; lane++) {
        if (lane == crossing->config.lane) continue;
        ask_write(filling(crossing, crossing->asks, lane, CROSSING_ASKS), &ask, argv);
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
    crossing_nodes_flush(server);
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

void crossing_hold(struct server *server, struct session *session, size_t opened, uint64_t gate)
{
    (void)server;
    struct session_crossing *of = session->crossing;
    struct slice reply = slice_from(buffer_slice(&session->output), opened);
    if (reply.len == 0) return;
    struct held *last = held_at(of, of->first + held_count(of) - 1);
    if (last->owed_count > 0 || last->gate != gate) last = held_push(of);
    last->gate = gate;
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
        if (!held->silent) {
            session_mark(server, session, session->output.len, held->gate);
            buffer_append(&session->output, buffer_slice(&held->bytes));
        }
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

static void answered(struct server *server, uint32_t from, struct session *session,
                     const struct answer_told *answer)
{
    struct session_crossing *of = session->crossing;
    struct held *held = held_at(of, answer->entry);
    struct slice reply = answer->reply;
    ASSERT(held != NULL);
    ASSERT(held->owed_count > 0);
    of->held_bytes += reply.len;
    of->answer_bytes = u64_max(reply.len, of->answer_bytes - of->answer_bytes / 8);
    buffer_append(held->parts == NULL ? &held->bytes : &held->parts[from], reply);
    if (--held->owed_count > 0) return;
    held_combine(server->crossing, held);
    release(server, session);
}

static void answers_read(struct server *server, const struct message *message)
{
    struct slice rest = buffer_slice(&message->bytes);
    const struct sessions *sessions = server->sessions;
    while (rest.len > 0) {
        struct answer_told answer;
        enum crossing_read read = answer_read(&rest, &answer);
        ASSERT(read == CROSSING_WHOLE); /* our own lanes write them */
        uint64_t slot = answer.slot - 1;
        struct session *session = slot < sessions->slots_count ? sessions->slots[slot] : NULL;
        if (session == NULL || session->id != answer.id) continue; /* it has gone */
        answered(server, message->from, session, &answer);
    }
}

static void message_take(struct server *server, struct message *message)
{
    if (message->kind == CROSSING_ASKS) {
        guests_receive(server, message->from, buffer_slice(&message->bytes));
    } else {
        answers_read(server, message);
    }
    message_free(message);
}

static bool own_take(struct server *server, struct message **messages)
{
    struct message *message = messages[server->crossing->config.lane];
    if (message == NULL) return false;
    messages[server->crossing->config.lane] = NULL;
    message_take(server, message);
    return true;
}

bool crossing_own_asks(struct server *server)
{
    return server->crossing != NULL && own_take(server, server->crossing->asks);
}

bool crossing_own_answers(struct server *server)
{
    return server->crossing != NULL && own_take(server, server->crossing->answers);
}

void crossing_turn(struct server *server)
{
    struct crossing *crossing = server->crossing;
    if (crossing == NULL) return;
    struct message *message = mailbox_take(crossing->config.mailboxes[crossing->config.lane]);
    while (message != NULL) {
        struct message *next = message->next;
        message_take(server, message);
        message = next;
    }
    crossing_look(server);
}

void crossing_look(struct server *server)
{
    if (server->crossing == NULL || !server->crossing->config.replicated) return;
    crossing_nodes_turn(server);
}

uint64_t crossing_lose(struct session *session, uint64_t from, struct slice error)
{
    struct session_crossing *of = session->crossing;
    uint64_t lost_count = 0;
    for (uint32_t i = 0; of != NULL && i < held_count(of); i++) {
        struct held *held = held_at(of, of->first + i);
        if (held->owed_count > 0 || held->gate < from) continue;
        struct buffer lost = held->bytes;
        held->bytes = (struct buffer){0};
        lost_count +=
            lost_replace(&held->bytes, buffer_slice(&lost), &(struct lost_manner){0}, error);
        held->gate = 0;
        buffer_free(&lost);
    }
    return lost_count;
}
/* --- ends ------------------------------------------------------------------------------------ */

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
