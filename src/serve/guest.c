/*
 * guest.c -- see guest.h: who they are, what they run, what they answer.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   G1  nothing of a session's is run before what it asked earlier: here or elsewhere.
 *   G2  an ask stays in the query of a guest of this node's until it is answered.
 */
#include <stdlib.h>

#include "serve/acl.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/crossing_share.h"
#include "serve/guest_impl.h"
#include "serve/transaction.h"

struct guests *guests_new(uint64_t seed)
{
    enum { BUCKETS_MIN = 256 };
    struct guests *guests = calloc(1, sizeof *guests);
    ASSERT(guests != NULL);
    *guests = (struct guests){
        .buckets_count = BUCKETS_MIN, .seed = seed, .look_due = (instant){INT64_MAX}};
    guests->buckets = calloc(BUCKETS_MIN, sizeof(struct session *));
    ASSERT(guests->buckets != NULL);
    return guests;
}

void guests_free(struct guests *guests)
{
    free(guests->buckets);
    free(guests);
}

/* --- who they are ---------------------------------------------------------------------------- */

static struct session **bucket_of(const struct guests *guests, uint32_t from, uint64_t slot,
                                  shard_id shard)
{
    struct prng mix = {guests->seed ^ slot << 32 ^ (uint64_t)from << 16 ^ shard.n};
    return &guests->buckets[prng_next(&mix) & (guests->buckets_count - 1)];
}

static void guests_grow(struct guests *guests)
{
    if (guests->count < guests->buckets_count) return;
    struct session **old = guests->buckets;
    uint32_t old_count = guests->buckets_count;
    guests->buckets_count *= 2;
    guests->buckets = calloc(guests->buckets_count, sizeof(struct session *));
    ASSERT(guests->buckets != NULL);
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct session *at = old[i], *next; at != NULL; at = next) {
            struct session_guest *of = at->guest;
            next = of->in_bucket;
            struct session **bucket = bucket_of(guests, of->from, of->slot, of->shard);
            of->in_bucket = *bucket;
            *bucket = at;
        }
    }
    free(old);
}

static struct session *guest_find(const struct guests *guests, uint32_t from, const struct ask *ask)
{
    struct session *at = *bucket_of(guests, from, ask->slot, ask->shard);
    while (at != NULL &&
           !(at->guest->from == from && at->guest->slot == ask->slot &&
             shard_eq(at->guest->shard, ask->shard) && node_eq(at->guest->node, ask->node)))
        at = at->guest->in_bucket;
    return at;
}

static struct session *guest_open(struct server *server, uint32_t from, const struct ask *ask)
{
    struct session *guest = session_open(server, IO_NONE);
    guest->flags |= SESSION_GUEST;
    guest->authenticated = true; /* its home has asked the ACL */
    guest->user = acl_default_user(server->acl);
    guest->guest = calloc(1, sizeof(struct session_guest));
    ASSERT(guest->guest != NULL);
    struct guests *guests = server->crossing->guests;
    guests_grow(guests);
    struct session **bucket = bucket_of(guests, from, ask->slot, ask->shard);
    *guest->guest = (struct session_guest){.from = from,
                                           .slot = ask->slot,
                                           .id = ask->id,
                                           .shard = ask->shard,
                                           .node = ask->node,
                                           .in_bucket = *bucket,
                                           .restart = true};
    guest->shard = ask->shard;
    *bucket = guest;
    guests->count++;
    return guest;
}

struct shard *guest_shard(const struct server *server, const struct session *guest)
{
    shard_id shard = guest->guest->shard;
    return shard.n == SHARD_NONE ? NULL : lane_shard(server->lane, shard);
}

bool guest_is_remote(const struct server *server, const struct session *guest)
{
    return crossing_is_node(server->crossing, guest->guest->from);
}

/* It is found no more; what is left of it goes at the end of the turn. */
static void guest_unlink(struct guests *guests, const struct session *guest)
{
    const struct session_guest *of = guest->guest;
    struct session **at = bucket_of(guests, of->from, of->slot, of->shard);
    while (*at != NULL && *at != guest) at = &(*at)->guest->in_bucket;
    if (*at == NULL) return; /* it is not, already */
    *at = of->in_bucket;
    guests->count--;
}

void guest_free_parts(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    if (of == NULL) return;
    guest_unlink(server->crossing->guests, guest);
    guest_leave_nodes(server, guest);
    buffer_free(&of->answers);
    buffer_free(&of->asked);
    free(of);
    guest->guest = NULL;
}

static void guest_close(struct server *server, struct session *guest)
{
    guest_unlink(server->crossing->guests, guest);
    session_leave(server->sessions, SESSIONS_IDLE, guest);
    session_close(server, guest);
}

void guests_leave(struct server *server, uint32_t target)
{
    const struct sessions *sessions = server->sessions;
    for (uint32_t slot = 0; slot < sessions->slots_count; slot++) {
        struct session *guest = sessions->slots[slot];
        if (guest == NULL || guest->guest == NULL || (guest->flags & SESSION_CLOSING)) continue;
        if (guest->guest->from == target) guest_close(server, guest);
    }
}

/* Nothing is under way, and nothing is remembered that it could not begin again without. */
static bool is_idle(const struct session *guest)
{
    const struct session_guest *of = guest->guest;
    return guest->query.len == 0 && of->answers.len == 0 && of->asked.len == 0 &&
           of->watch == WATCH_NOWHERE && guest->watch == NULL && !of->waiting && !of->refusing &&
           !(guest->flags & (SESSION_MULTI | SESSION_DIRTY_WATCH | SESSION_CLOSING)) &&
           !session_in(guest, SESSIONS_RUN) && !session_in(guest, SESSIONS_PARKED);
}

static void idle_note(struct server *server, struct session *guest)
{
    struct sessions *sessions = server->sessions;
    if (!is_idle(guest)) return;
    session_leave(sessions, SESSIONS_IDLE, guest);
    session_enter(sessions, SESSIONS_IDLE, guest);
    if (sessions->list_counts[SESSIONS_IDLE] > GUESTS_IDLE_MAX)
        guest_close(server, sessions_first(sessions, SESSIONS_IDLE));
}

/* --- asks ------------------------------------------------------------------------------------ */

/* It was forgotten, or is not known: it is to begin again. This node itself is named, so that it is
 * asked again at once. */
static void refuse(struct server *server, uint32_t from, const struct ask *ask, bool full)
{
    if (ask->flags & (ASK_QUIET | ASK_BYE)) return;
    struct buffer said = {0};
    refusal_write(&said, full ? NODE_NONE : lane_self(server->lane), 0);
    struct answer_told told = {.slot = ask->slot,
                               .id = ask->id,
                               .entry = ask->entry,
                               .shard = ask->shard,
                               .kind = ANSWER_REFUSED,
                               .reply = buffer_slice(&said)};
    crossing_answer(server->crossing, from, &told);
    buffer_free(&said);
}

/* Another node's sessions: as many as may be, and none that is half way through. False: refused. */
static bool may_open(struct server *server, uint32_t from, const struct ask *ask)
{
    const struct crossing *crossing = server->crossing;
    if (!crossing_is_node(crossing, from) || ask->slot == CROSSING_SLOT_LANE) return true;
    uint64_t max = GUESTS_IDLE_MAX + (uint64_t)config_integer(server->config, SETTING_MAXCLIENTS) *
                                         crossing->config.lanes_count * NODES_MAX;
    bool full = crossing->guests->count >= max;
    if ((ask->flags & ASK_RESTART) != 0 && !full) return true;
    refuse(server, from, ask, full);
    return false;
}

void guest_receive(struct server *server, uint32_t from, const struct ask *ask, struct slice bytes)
{
    struct crossing *crossing = server->crossing;
    bool remote = crossing_is_node(crossing, from);
    if (remote && (ask->slot >= CROSSING_SLOTS_MAX || (ask->flags & ASK_AT_NODE) != 0 ||
                   (ask->shard.n != SHARD_NONE && ask->shard.n != SHARD_ROOT.n &&
                    ask->shard.n >= crossing->config.shards_count))) {
        crossing_distrust(server, from);
        return;
    }
    struct session *guest = guest_find(crossing->guests, from, ask);
    bool another = guest != NULL && guest->guest->id != ask->id;
    /* Our own lanes say bye, but to those that just pass on to a node. */
    bool unsaid = remote || ask->node.n != 0;
    ASSERT(unsaid || !another || ask->slot == CROSSING_SLOT_LANE);
    if (unsaid && another) {
        guest_close(server, guest);
        guest = NULL;
    }
    if (ask->flags & ASK_BYE) {
        if (guest != NULL) guest_close(server, guest);
        return;
    }
    if (guest == NULL && !may_open(server, from, ask)) return;
    if (guest == NULL) guest = guest_open(server, from, ask);
    session_leave(server->sessions, SESSIONS_IDLE, guest);
    buffer_borrow(server->sessions, &guest->query);
    buffer_append(&guest->query, bytes);
    session_enter(server->sessions, SESSIONS_RUN, guest);
}

void guests_receive(struct server *server, uint32_t from_lane, struct slice asks)
{
    while (asks.len > 0) {
        struct ask ask;
        struct slice bytes = asks;
        enum crossing_read read = ask_read(&asks, &ask);
        ASSERT(read == CROSSING_WHOLE); /* our own lanes write them */
        bytes.len -= asks.len;
        guest_receive(server, from_lane, &ask, bytes);
    }
}

/* --- units ----------------------------------------------------------------------------------- */

static const struct command *command_of(struct server *server, const struct ask *ask,
                                        struct slice **argv, const struct command **container)
{
    struct buffer *arguments = &server->sessions->guest_arguments;
    buffer_clear(arguments);
    *argv = (struct slice *)(void *)buffer_reserve(arguments, ask->argc * sizeof(struct slice));
    ask_arguments(ask, *argv);
    return command_find(server->commands, *argv, ask->argc, container);
}

/* A guest of another node's runs a transaction as it comes; one of this node's keeps it together,
 * for it may have to be asked again: all of it came in one message. */
bool guest_unit(struct server *server, struct session *guest, struct unit *unit)
{
    struct session_guest *of = guest->guest;
    struct slice rest = slice_from(buffer_slice(&guest->query), of->next), *argv;
    const struct command *container;
    size_t all = rest.len;
    bool together = server->crossing->config.replicated && !guest_is_remote(server, guest);
    *unit = (struct unit){0};
    do {
        if (ask_read(&rest, &unit->ask) != CROSSING_WHOLE) return false;
        unit->command = command_of(server, &unit->ask, &argv, &container);
        if (unit->command != NULL) unit->flags |= unit->command->flags;
        if (together && unit->command != NULL && unit->command->id == COMMAND_MULTI)
            unit->is_transaction = true;
    } while (unit->is_transaction && (unit->command == NULL || unit->command->id != COMMAND_EXEC));
    unit->len = all - rest.len;
    return true;
}

void guest_pass(struct session *guest, size_t len)
{
    struct session_guest *of = guest->guest;
    ASSERT(of->asked.len == 0);
    of->next += len;
    of->done = of->next;
    of->ran = 0;
    of->since = (instant){0};
}

/* --- running --------------------------------------------------------------------------------- */

void guest_answer(struct server *server, struct session *guest, uint64_t entry, uint64_t index,
                  bool quiet)
{
    struct session_guest *of = guest->guest;
    size_t begin = 0;
    if (of->answers.len > 0) {
        const struct answer *last =
            (const struct answer *)(void *)(of->answers.data + of->answers.len) - 1;
        begin = last->end;
    }
    if (quiet) {
        guest->output.len = begin;
        return;
    }
    struct answer answer = {entry, index, guest->output.len};
    buffer_append(&of->answers, slice_of(&answer, sizeof answer));
    session_enter(server->sessions, SESSIONS_SEND, guest);
}

/* A call that waited for keys has been served, or its time is over. */
static void waited(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    if (!of->waiting || (guest->flags & SESSION_BLOCKED)) return;
    of->waiting = false;
    guest_answer(server, guest, of->waiting_entry, guest->gate.index, of->waiting_quiet);
    guest_pass(guest, of->waiting_len);
}

static bool may_run(const struct session *guest)
{
    return !(guest->flags & (SESSION_BLOCKED | SESSION_CLOSING)) &&
           !session_in(guest, SESSIONS_PAUSED) && !session_in(guest, SESSIONS_LATER) &&
           !session_in(guest, SESSIONS_PARKED) && !session_in(guest, SESSIONS_REPLICAS);
}

/* What another node's guest may say besides commands over the store. */
static bool is_for_nodes(const struct command *command)
{
    if (command == NULL || command->handler != NULL) return true;
    enum command_id id = command->id;
    return id == COMMAND_MULTI || id == COMMAND_EXEC || id == COMMAND_WATCH ||
           id == COMMAND_UNWATCH || id == COMMAND_WAIT || id == COMMAND_WAITAOF ||
           id == COMMAND_REPLICATION_HANDOVER || id == COMMAND_REPLICATION_MEMBERS ||
           share_goes_to_nodes(id) || share_asks_nodes(id) || id == COMMAND_CONFIG_TOLD;
}

static void set_manner(struct session *guest, const struct ask *ask)
{
    guest->protocol = ask->flags & ASK_RESP3 ? 3 : 2;
    guest->database = ask->database;
    guest->flags &= ~(uint32_t)(SESSION_NO_TOUCH | SESSION_RESTRICTED | SESSION_STALE);
    if (ask->flags & ASK_NO_TOUCH) guest->flags |= SESSION_NO_TOUCH;
    if (ask->flags & ASK_RESTRICTED) guest->flags |= SESSION_RESTRICTED;
    if (ask->flags & ASK_STALE) guest->flags |= SESSION_STALE;
}

/* False: nothing happened to it, or it waits for keys. */
static bool ask_run(struct server *server, struct session *guest, const struct ask *ask, size_t len)
{
    struct slice *argv;
    struct request request = {.argc = ask->argc};
    struct session_guest *of = guest->guest;
    set_manner(guest, ask);
    request.command = command_of(server, ask, &argv, &request.container);
    request.argv = argv;
    session_output_begin(server, guest);
    bool quiet = (ask->flags & ASK_QUIET) != 0;
    bool queued = (guest->flags & SESSION_MULTI) != 0; /* whatever may be in a transaction */
    if (!queued && guest_is_remote(server, guest) && !is_for_nodes(request.command)) {
        struct reply reply = {&guest->output, guest->protocol};
        reply_error(&reply, "ERR '%s' is not run for another node", request.command->name);
        guest_answer(server, guest, ask->entry, 0, quiet);
        return true;
    }
    switch (dispatch(server, guest, &request)) {
    case DISPATCH_RAN:
    case DISPATCH_ANSWERED: break;
    case DISPATCH_OWED: UNREACHABLE("an answer owed to a guest"); break;
    case DISPATCH_LATER: session_await_room(server->sessions, guest); return false;
    case DISPATCH_PAUSED: session_enter(server->sessions, SESSIONS_PAUSED, guest); return false;
    case DISPATCH_REPLICAS: session_enter(server->sessions, SESSIONS_REPLICAS, guest); return false;
    }
    if (request.command != NULL) guest_note_watch(server, guest, request.command->id, WATCH_HERE);
    if (!(guest->flags & SESSION_BLOCKED)) {
        uint64_t index = dispatch_gate(guest, request.command).index;
        guest_answer(server, guest, ask->entry, index, quiet);
        return true;
    }
    of->waiting = true;
    of->waiting_entry = ask->entry;
    of->waiting_quiet = quiet;
    of->waiting_len = len;
    return false;
}

/* False: it goes on later. */
static bool unit_run(struct server *server, struct session *guest, const struct unit *unit)
{
    struct session_guest *of = guest->guest;
    while (of->ran < unit->len) {
        struct ask ask;
        struct slice rest = slice_of(guest->query.data + of->next + of->ran, unit->len - of->ran);
        enum crossing_read read = ask_read(&rest, &ask);
        ASSERT(read == CROSSING_WHOLE); /* it was, as a part of the unit */
        if (!ask_run(server, guest, &ask, unit->len)) return false;
        of->ran = unit->len - rest.len;
    }
    guest_pass(guest, unit->len);
    return true;
}

/* False: no more for now. */
static bool unit_step(struct server *server, struct session *guest)
{
    struct unit unit;
    uint32_t to;
    if (!guest_unit(server, guest, &unit)) return false;
    switch (guest_way(server, guest, &unit, &to)) {
    case GUEST_RUN:
        if (guest_has_lost_watch(server, guest, &unit, WATCH_HERE)) return true;
        return unit_run(server, guest, &unit);
    case GUEST_FORWARD:
        if (guest_has_lost_watch(server, guest, &unit, WATCH_AT + to)) return true;
        guest_forward(server, guest, &unit, to);
        return true;
    case GUEST_REFUSE: guest_refuse(server, guest, &unit); return true;
    case GUEST_UNREACHED: guest_unreached(server, guest, &unit); return true;
    case GUEST_PARK: guest_park(server, guest); return false;
    case GUEST_STAY: return false;
    }
    UNREACHABLE("no such way");
}

/* What is done with is forgotten. [G2] */
static void query_tidy(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    of->covered = 0;
    if (of->done == 0) return;
    of->round_until -= u64_min(of->round_until, of->done);
    if (of->done == guest->query.len) {
        buffer_return(server->sessions, &guest->query);
    } else {
        buffer_consume(&guest->query, of->done);
    }
    of->next -= of->done;
    of->done = 0;
}

void guest_run(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    waited(server, guest);
    server->sessions->current = guest;
    while (of->next < guest->query.len && may_run(guest) && unit_step(server, guest)) {}
    server->sessions->current = NULL;
    query_tidy(server, guest);
    idle_note(server, guest);
}

/* --- answers --------------------------------------------------------------------------------- */

void guest_send(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    const struct shard *shard = guest_shard(server, guest);
    uint64_t agreed = shard == NULL ? 0 : shard_agreed(shard);
    const struct answer *answers = (const struct answer *)(void *)of->answers.data;
    size_t count = of->answers.len / sizeof *answers, sent = 0, begin = 0;
    for (; sent < count && answers[sent].index <= agreed; sent++) {
        struct slice reply = slice_of(guest->output.data + begin, answers[sent].end - begin);
        struct answer_told told = {.slot = of->slot,
                                   .id = of->id,
                                   .entry = answers[sent].entry,
                                   .shard = of->shard,
                                   .kind = ANSWER_REPLY,
                                   .reply = reply};
        crossing_answer(server->crossing, of->from, &told);
        begin = answers[sent].end;
    }
    buffer_consume(&guest->output, begin);
    buffer_consume(&of->answers, sent * sizeof *answers);
    struct answer *rest = (struct answer *)(void *)of->answers.data;
    for (size_t i = 0; i < count - sent; i++) rest[i].end -= begin;
    if (of->answers.len > 0) return;
    session_leave(server->sessions, SESSIONS_SEND, guest);
    if (guest->output.len == 0) buffer_return(server->sessions, &guest->output);
    idle_note(server, guest);
}

uint64_t guest_lose(struct session *guest, struct gate from, struct slice error)
{
    struct session_guest *of = guest->guest;
    if (!shard_eq(of->shard, from.shard) || of->answers.len == 0) return 0;
    struct answer *answers = (struct answer *)(void *)of->answers.data;
    size_t count = of->answers.len / sizeof *answers, begin = 0;
    uint64_t lost_count = 0;
    struct buffer was = guest->output;
    guest->output = (struct buffer){0};
    for (size_t i = 0; i < count; i++) {
        struct slice reply = slice_of(was.data + begin, answers[i].end - begin);
        bool lost = answers[i].index >= from.index;
        begin = answers[i].end;
        buffer_append(&guest->output, lost ? error : reply);
        if (lost) answers[i].index = 0;
        lost_count += lost;
        answers[i].end = guest->output.len;
    }
    buffer_append(&guest->output, slice_from(buffer_slice(&was), begin));
    buffer_free(&was);
    return lost_count;
}
