/* crossing.c -- see crossing.h: the home's side. */
#include <stdlib.h>

#include "base/crc.h"
#include "lane/map.h"
#include "lane/together.h"
#include "serve/crossing_impl.h"
#include "serve/crossing_share.h"
#include "serve/lost.h"
#include "serve/standing.h"

enum { WORD_BITS = 64 };

struct crossing *crossing_new(struct arena *arena, const struct crossing_config *config)
{
    struct crossing *crossing = ARENA_NEW(arena, struct crossing);
    *crossing = (struct crossing){
        .config = *config,
        .asks = ARENA_ARRAY(arena, struct message *, config->lanes_count),
        .answers = ARENA_ARRAY(arena, struct message *, config->lanes_count),
        .parts_of = ARENA_ARRAY(arena, uint32_t, config->shards_count),
        .chance = {config->seed},
    };
    crossing->guests = guests_new(config->seed);
    crossing->standings = standings_new(arena, config->shards_count);
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

shard_id crossing_shard_of(const struct crossing *crossing, struct slice key)
{
    return shard_of_slot(slot_of_key(key), crossing->config.shards_count);
}

const struct store *crossing_store_of(const struct server *server, struct slice key)
{
    struct shard *shard = lane_shard(server->lane, crossing_shard_of(server->crossing, key));
    return shard == NULL ? NULL : shard_store(shard);
}

bool crossing_has_others(const struct crossing *crossing)
{
    return crossing->config.lanes_count > 1 || crossing->config.replicated;
}

bool crossing_is_together(const struct server *server)
{
    return server->crossing->config.lanes_count == 1 && together_may(server->lane);
}

node_id crossing_leader(const struct server *server, shard_id id)
{
    const struct shard *shard = lane_shard(server->lane, id);
    node_id leader = shard == NULL ? NODE_NONE : shard_leader(shard);
    if (!node_eq(leader, NODE_NONE) || lane_map(server->lane) == NULL) return leader;
    leader = map_leader(lane_map(server->lane), id);
    if (!node_eq(leader, NODE_NONE) || shard != NULL) return leader;
    return map_somebody(lane_map(server->lane), id);
}

/* --- bits, one a shard ----------------------------------------------------------------------- */

static uint64_t *bits_new(uint32_t count)
{
    uint64_t *bits = calloc((count + WORD_BITS - 1) / WORD_BITS, sizeof *bits);
    ASSERT(bits != NULL);
    return bits;
}

static void bit_set(uint64_t *bits, uint32_t i)
{
    bits[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
}

static bool bit_is_set(const uint64_t *bits, uint32_t i)
{
    return (bits[i / WORD_BITS] >> i % WORD_BITS & 1) != 0;
}

/* The root's and those of no shard's, one a lane, are behind the shards'. */
static uint32_t known_count(const struct crossing *crossing)
{
    return crossing->config.shards_count + 1 + crossing->config.lanes_count;
}

void crossing_note_write(const struct crossing *crossing, struct session *session, shard_id shard)
{
    if (!crossing->config.replicated || shard.n >= crossing->config.shards_count) return;
    struct session_crossing *of = crossing_of(crossing, session);
    if (of->written == NULL) of->written = bits_new(crossing->config.shards_count);
    bit_set(of->written, shard.n);
}

bool crossing_has_written(const struct session *session, shard_id shard)
{
    const struct session_crossing *of = session->crossing;
    return of != NULL && of->written != NULL && bit_is_set(of->written, shard.n);
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

static uint64_t *own_place(struct session_crossing *of, shard_id shard)
{
    return &of->own_until[shard.n % CROSSING_OWN_PLACES];
}

bool crossing_overtakes(const struct session *session, shard_id shard)
{
    struct session_crossing *of = session->crossing;
    return of != NULL && of->first < *own_place(of, shard);
}

static void ask(struct server *server, struct session *session, uint32_t lane, struct ask *ask,
                const struct slice *argv)
{
    struct crossing *crossing = server->crossing;
    if (session->protocol == 3) ask->flags |= ASK_RESP3;
    if (session->flags & SESSION_NO_TOUCH) ask->flags |= ASK_NO_TOUCH;
    if (session->flags & SESSION_STALE) ask->flags |= ASK_STALE;
    ask->slot = session->slot + 1;
    ask->id = session->id;
    ask->database = session->database;
    ask_write(filling(crossing, crossing->asks, lane, CROSSING_ASKS), ask, argv);
}

void crossing_ask(struct server *server, struct session *session, shard_id shard, uint64_t entry,
                  uint32_t flags, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    uint32_t count = crossing->config.shards_count;
    uint32_t lane = shard_lane(shard, count, crossing->config.lanes_count);
    struct session_crossing *of = crossing_of(crossing, session);
    bit_set(of->known, shard.n < count ? shard.n : count);
    if (lane == crossing->config.lane && !(flags & ASK_QUIET)) *own_place(of, shard) = entry + 1;
    struct ask asked = {.entry = entry, .shard = shard, .flags = (uint8_t)flags, .argc = argc};
    ask(server, session, lane, &asked, argv);
}

void crossing_ask_lane(struct server *server, struct session *session, uint32_t lane,
                       uint64_t entry, uint32_t flags, const struct slice *argv, uint32_t argc)
{
    struct session_crossing *of = crossing_of(server->crossing, session);
    bit_set(of->known, server->crossing->config.shards_count + 1 + lane);
    struct ask asked = {
        .entry = entry, .shard = {SHARD_NONE}, .flags = (uint8_t)flags, .argc = argc};
    ask(server, session, lane, &asked, argv);
}

void crossing_ask_node(struct server *server, struct session *session, node_id node, shard_id shard,
                       uint64_t entry, const struct slice *argv, uint32_t argc)
{
    const struct crossing_config *config = &server->crossing->config;
    uint32_t lane = shard_lane(shard, config->shards_count, config->lanes_count);
    struct ask asked = {
        .entry = entry, .shard = shard, .flags = ASK_AT_NODE, .argc = argc, .node = node};
    ask(server, session, lane, &asked, argv);
}

void crossing_tell_all(struct server *server, const struct slice *argv, uint32_t argc)
{
    struct crossing *crossing = server->crossing;
    struct ask ask = {
        .slot = CROSSING_SLOT_LANE, .shard = {SHARD_NONE}, .flags = ASK_QUIET, .argc = argc};
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
    made->known = bits_new(known_count(crossing));
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
    struct held empty = {0};
    buffer_append(&of->entries, slice_of(&empty, sizeof empty));
    return held_at(of, of->first + held_count(of) - 1);
}

static void held_free(struct held *held)
{
    buffer_free(&held->bytes);
    share_free(held->share);
}

static bool gate_eq(struct gate a, struct gate b)
{
    return a.index == b.index && (a.index == 0 || shard_eq(a.shard, b.shard));
}

void crossing_hold(struct server *server, struct session *session, size_t opened, struct gate gate)
{
    (void)server;
    struct session_crossing *of = session->crossing;
    struct slice reply = slice_from(buffer_slice(&session->output), opened);
    if (reply.len == 0) return;
    struct held *last = held_at(of, of->first + held_count(of) - 1);
    if (last->owed_count > 0 || !gate_eq(last->gate, gate)) last = held_push(of);
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
            session_mark(session, session->output.len, held->gate);
            buffer_append(&session->output, buffer_slice(&held->bytes));
        }
        held_free(held);
    }
    buffer_consume(&of->entries, done * sizeof(struct held));
    of->first += done;
    if (session_output_bytes(session) > 0) {
        session_enter(server->sessions, SESSIONS_SEND, session);
    }
    if (of->entries.len > 0) return;
    of->waits = of->holds = false;
    of->held_bytes = 0;
    session_leave(server->sessions, SESSIONS_OWED, session);
    session_enter(server->sessions, SESSIONS_RUN, session);
}

static void answered(struct server *server, struct session *session,
                     const struct answer_told *answer)
{
    struct session_crossing *of = session->crossing;
    struct held *held = held_at(of, answer->entry);
    struct slice reply = answer->reply;
    ASSERT(held != NULL);
    ASSERT(held->owed_count > 0);
    of->held_bytes += reply.len;
    of->answer_bytes = u64_max(reply.len, of->answer_bytes - of->answer_bytes / 8);
    held->owed_count--;
    if (held->share == NULL) {
        buffer_append(&held->bytes, reply);
    } else {
        struct sharing sharing = {server, session, held, answer->entry};
        share_take(&sharing, answer->shard, reply);
    }
    if (held->owed_count == 0) release(server, session);
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
        answered(server, session, &answer);
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
    return own_take(server, server->crossing->asks);
}

bool crossing_own_answers(struct server *server)
{
    return own_take(server, server->crossing->answers);
}

void crossing_turn(struct server *server)
{
    struct crossing *crossing = server->crossing;
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
    if (server->crossing->config.replicated) crossing_nodes_turn(server);
}

uint64_t crossing_lose(struct session *session, struct gate from, struct slice error)
{
    struct session_crossing *of = session->crossing;
    uint64_t lost_count = 0;
    for (uint32_t i = 0; of != NULL && i < held_count(of); i++) {
        struct held *held = held_at(of, of->first + i);
        if (held->owed_count > 0 || held->gate.index < from.index) continue;
        if (held->gate.index == 0 || !shard_eq(held->gate.shard, from.shard)) continue;
        struct buffer lost = held->bytes;
        held->bytes = (struct buffer){0};
        lost_count +=
            lost_replace(&held->bytes, buffer_slice(&lost), &(struct lost_manner){0}, error);
        held->gate = (struct gate){0};
        buffer_free(&lost);
    }
    return lost_count;
}

/* --- ends ------------------------------------------------------------------------------------ */

/* To all guests of it. */
static void bye(struct server *server, struct session *session)
{
    const struct crossing *crossing = server->crossing;
    const struct session_crossing *of = session->crossing;
    uint32_t shards_count = crossing->config.shards_count, all = known_count(crossing);
    for (uint32_t i = 0; i < all; i++) {
        if (of->known[i / WORD_BITS] == 0) {
            i |= WORD_BITS - 1;
        } else if (bit_is_set(of->known, i) && i <= shards_count) {
            shard_id shard = SHARD_ROOT;
            if (i < shards_count) shard.n = i;
            crossing_ask(server, session, shard, 0, ASK_QUIET | ASK_BYE, NULL, 0);
        } else if (bit_is_set(of->known, i)) {
            uint32_t lane = i - shards_count - 1;
            crossing_ask_lane(server, session, lane, 0, ASK_QUIET | ASK_BYE, NULL, 0);
        }
    }
}

void crossing_leave(struct server *server, struct session *session)
{
    struct session_crossing *of = session->crossing;
    if (of == NULL) return;
    bye(server, session);
    for (uint32_t i = 0; i < held_count(of); i++) held_free(held_at(of, of->first + i));
    buffer_free(&of->entries);
    free(of->known);
    free(of->written);
    free(of);
    session->crossing = NULL;
}
