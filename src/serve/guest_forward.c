/*
 * guest_forward.c -- what a lane may not run now: waits, is asked of the node that leads, or is
 * refused; see guest.h.
 *
 * Invariants. The brackets mark the lines that keep them.
 *   F1  what another node was asked is at one node, and in the order of asking. Only when all of it
 *       is answered is something run here, or asked of the next.
 *   F2  a change that may have happened is never asked again: its client is told so.
 *   F3  after a refusal nothing overtakes what was refused: the other node refuses all that comes
 *       until ASK_RESTART, which only the first that is asked again has.
 */
#include "core/resp/reply_length.h"
#include "lane/map.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/guest_impl.h"
#include "serve/transaction.h"

#define NS_PER_MS INT64_C(1000000)
#define RETRY_NS  (10 * NS_PER_MS) /* a node has refused that we think leads */

enum { ASKED_MAX = 1024 };

static struct asked *asked_at(const struct session_guest *of, size_t i)
{
    return (struct asked *)(void *)of->asked.data + i;
}

static size_t asked_count(const struct session_guest *of)
{
    return of->asked.len / sizeof(struct asked);
}

static void say(struct server *server, struct session *guest, uint64_t entry, struct slice reply,
                bool quiet)
{
    buffer_borrow(server->sessions, &guest->output);
    buffer_append(&guest->output, reply);
    guest_answer(server, guest, entry, 0, quiet);
}

/* "-UNANSWERED 3 why": who asked several puts it in their answers' place. */
static void say_unreached(struct server *server, struct session *guest, uint64_t entry,
                          struct slice why)
{
    struct buffer error = {0};
    buffer_append_format(&error, "-UNANSWERED %u %.*s\r\n", guest->guest->node.n, (int)why.len,
                         (const char *)why.data);
    say(server, guest, entry, buffer_slice(&error), false);
    buffer_free(&error);
}

void guest_unreached(struct server *server, struct session *guest, const struct unit *unit)
{
    say_unreached(server, guest, unit->ask.entry,
                  SLICE("no link to it: it is down, or cut off from the node that was asked"));
    guest_pass(guest, unit->len);
}

/* --- which way ------------------------------------------------------------------------------- */

static enum shard_way way_of(struct shard *shard, struct session *guest, enum standing_need need,
                             const struct standing_call *call)
{
    struct session_guest *of = guest->guest;
    if (need == NEED_LEADER || of->asked.len > 0) return shard_way_of_write(shard);
    bool began = of->round != 0;
    enum shard_way way = standing_way(shard, call, &of->round);
    if (way == SHARD_WAIT && !began && of->round != 0) of->round_until = guest->query.len;
    if (way == SHARD_HERE && began) of->covered = of->round_until;
    return way;
}

/* Of one node alone: there is no other to ask, and nothing to wait for. */
static enum guest_way way_to_node(const struct server *server, const struct session *guest,
                                  uint32_t *to)
{
    const struct session_guest *of = guest->guest;
    *to = crossing_target_of(server, of->node, of->shard);
    if (of->asked.len > 0 && (*to != of->to || asked_count(of) >= ASKED_MAX)) return GUEST_STAY;
    return *to == CROSSING_NOBODY ? GUEST_UNREACHED : GUEST_FORWARD;
}

static enum guest_way way_to_leader(const struct server *server, const struct session *guest,
                                    const struct unit *unit, uint32_t *to)
{
    const struct session_guest *of = guest->guest;
    bool busy = of->asked.len > 0;
    *to = crossing_target_of(server, crossing_leader(server, of->shard), of->shard);
    if (*to == CROSSING_NOBODY || of->retry_at.ns > server->sessions->now.ns)
        return busy ? GUEST_STAY : GUEST_PARK;
    if (busy && *to != of->to) return GUEST_STAY; /* [F1] */
    if (busy && (asked_count(of) >= ASKED_MAX || unit->len > CROSSING_BYTES_MAX)) return GUEST_STAY;
    return GUEST_FORWARD;
}

/* Its group may go on without it: the map may know better. But who reads old data here would read
 * newer there, and older here again; until it is whole it has shown nothing. */
static bool may_be_left_behind(const struct shard *shard, const struct unit *unit)
{
    bool stale = (unit->ask.flags & ASK_STALE) != 0;
    if (!node_eq(shard_leader(shard), NODE_NONE)) return false;
    return !stale || shard_is_recovering(shard);
}

enum guest_way guest_way(struct server *server, struct session *guest, const struct unit *unit,
                         uint32_t *to)
{
    struct session_guest *of = guest->guest;
    if (!server->crossing->config.replicated) return GUEST_RUN;
    if (guest->guest->node.n != 0) return way_to_node(server, guest, to);
    bool busy = of->asked.len > 0, remote = guest_is_remote(server, guest);
    struct standing_call call = {
        .command = unit->command,
        .argc = unit->ask.argc,
        .argv = (const struct slice *)(const void *)server->sessions->guest_arguments.data,
        .database = unit->ask.database,
        /* Old data is that of the node at hand: one that passes a read on gets it from whoever, and
         * the next one from another, which may be further behind. */
        .stale = ((unit->ask.flags & ASK_STALE) != 0 && !remote) || of->next < of->covered};
    enum standing_need need = standing_need(&call);
    bool begins = unit->command != NULL && unit->command->id == COMMAND_MULTI;
    if (unit->is_transaction || begins || (guest->flags & SESSION_MULTI)) need = NEED_LEADER;
    if (of->shard.n == SHARD_NONE || need == NEED_NOTHING) return busy ? GUEST_STAY : GUEST_RUN;
    if (unit->ask.flags & ASK_RESTART) of->refusing = false;
    if (of->refusing) return GUEST_REFUSE; /* [F3] */
    struct shard *shard = guest_shard(server, guest);
    if (shard == NULL) return remote ? GUEST_REFUSE : way_to_leader(server, guest, unit, to);
    switch (way_of(shard, guest, need, &call)) {
    case SHARD_HERE: return busy ? GUEST_STAY : GUEST_RUN; /* [F1] */
    case SHARD_AT_LEADER: return remote ? GUEST_REFUSE : way_to_leader(server, guest, unit, to);
    case SHARD_WAIT:
        if (remote && !shard_is_leader(shard)) return GUEST_REFUSE;
        if (!remote && may_be_left_behind(shard, unit)) {
            of->round = 0;
            return way_to_leader(server, guest, unit, to);
        }
        return busy ? GUEST_STAY : GUEST_PARK;
    }
    UNREACHABLE("no such way");
}

/* --- to another node ------------------------------------------------------------------------- */

static void drop_transaction(struct server *server, struct session *guest)
{
    if (guest->flags & SESSION_MULTI) transaction_drop(server, guest);
    guest->guest->ran = 0;
}

static bool is_too_large(struct server *server, struct session *guest, const struct unit *unit)
{
    if (unit->len <= CROSSING_BYTES_MAX) return false;
    struct buffer error = {0};
    buffer_append_format(&error,
                         "-ERR %llu bytes are too much to pass on to the node that leads; nothing "
                         "was written. Ask that node itself\r\n",
                         (unsigned long long)unit->len);
    say(server, guest, unit->ask.entry, buffer_slice(&error), false);
    buffer_free(&error);
    guest_pass(guest, unit->len);
    return true;
}

/* As the other node is told: what is asked of a node is of its lane, not of a shard. */
static shard_id shard_there(const struct session *guest)
{
    const shard_id none = {SHARD_NONE};
    return guest->guest->node.n != 0 ? none : guest->guest->shard;
}

static void say_to(struct server *server, const struct session *guest, uint32_t target,
                   uint8_t flags, const struct slice *argv, uint32_t argc)
{
    struct ask ask = {.slot = guest->slot + 1,
                      .id = guest->id,
                      .shard = shard_there(guest),
                      .flags = flags | ASK_QUIET,
                      .argc = argc};
    if (crossing_node(server->crossing, target)->is_up)
        ask_write(crossing_out(server->crossing, target, STREAM_ASKS), &ask, argv);
}

/* Who has a guest of it is told when it goes; of too many the first at once: it was asked long
 * ago. */
static void note_known(struct server *server, struct session *guest, uint32_t target)
{
    struct session_guest *of = guest->guest;
    for (uint32_t i = 0; i < of->known_count; i++)
        if (of->known[i] == target) return;
    if (of->known_count == GUEST_TARGETS_MAX) {
        say_to(server, guest, of->known[0], ASK_BYE, NULL, 0);
        if (of->watch == WATCH_AT + of->known[0]) of->watch = WATCH_LOST;
        of->known_count--;
        memmove(of->known, of->known + 1, of->known_count * sizeof of->known[0]);
    }
    of->known[of->known_count++] = target;
}

void guest_forward(struct server *server, struct session *guest, const struct unit *unit,
                   uint32_t to)
{
    struct session_guest *of = guest->guest;
    enum { PASSED_ON = ASK_RESP3 | ASK_NO_TOUCH | ASK_QUIET | ASK_RESTRICTED };
    drop_transaction(server, guest);
    if (is_too_large(server, guest, unit)) return;
    struct buffer *out = crossing_out(server->crossing, to, STREAM_ASKS);
    struct slice rest = slice_of(guest->query.data + of->next, unit->len);
    uint64_t number = of->next_number++;
    while (rest.len > 0) {
        struct ask ask;
        enum crossing_read read = ask_read(&rest, &ask);
        ASSERT(read == CROSSING_WHOLE); /* it was, as a part of the unit */
        ask.slot = guest->slot + 1;
        ask.id = guest->id;
        ask.entry = number;
        ask.shard = shard_there(guest);
        ask.flags = (uint8_t)((ask.flags & PASSED_ON) | (of->restart ? ASK_RESTART : 0)); /* [F3] */
        of->restart = false;
        ask_copy(out, &ask);
    }
    struct asked asked = {.number = number,
                          .len = unit->len,
                          .until = crossing_wrote(server->crossing, to, STREAM_ASKS),
                          .at = server->sessions->now,
                          .entry = unit->ask.entry,
                          .quiet = (unit->ask.flags & ASK_QUIET) != 0,
                          .changes = (unit->flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) != 0,
                          .ends_watch = unit->is_transaction};
    buffer_append(&of->asked, slice_of(&asked, sizeof asked));
    of->next += unit->len;
    of->since = (instant){0};
    of->to = to;
    note_known(server, guest, to);
    server->crossing->stats.forwarded++;
    guest_note_watch(server, guest, unit->command->id, WATCH_AT + to);
}

/* The first `count` of what was asked are done with. */
static void asked_pass(struct session_guest *of, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct asked *asked = asked_at(of, i);
        of->done += asked->len;
        if (asked->ends_watch) of->watch = WATCH_NOWHERE;
    }
    buffer_consume(&of->asked, count * sizeof(struct asked));
}

/* What is left of a call's time to wait for keys, in the ask at `next`. */
static void shorten(struct server *server, struct session *guest, duration passed)
{
    struct session_guest *of = guest->guest;
    struct unit unit;
    char text[BLOCKED_TIMEOUT_TEXT];
    if (!guest_unit(server, guest, &unit) || unit.command == NULL ||
        !(unit.command->flags & COMMAND_BLOCKING))
        return;
    struct slice *argv = (struct slice *)(void *)server->sessions->guest_arguments.data;
    struct buffer query = {0};
    blocked_shorten(unit.command, argv, unit.ask.argc, passed, text);
    buffer_append(&query, slice_of(guest->query.data, of->next));
    ask_write(&query, &unit.ask, argv);
    buffer_append(&query, slice_from(buffer_slice(&guest->query), of->next + unit.len));
    buffer_free(&guest->query);
    guest->query = query;
    of->round = 0;
}

/* It and what was asked behind it was not done: it is to be run, or asked, again. */
static void take_back(struct server *server, struct session *guest, size_t first)
{
    struct session_guest *of = guest->guest;
    instant at = asked_at(of, first)->at;
    of->next = of->done;
    for (size_t i = 0; i < first; i++) of->next += asked_at(of, i)->len;
    of->asked.len = first * sizeof(struct asked);
    of->restart = true;
    shorten(server, guest, (duration){server->sessions->now.ns - at.ns});
}

static void refused(struct server *server, struct session *guest, uint32_t from, size_t index,
                    struct slice said)
{
    struct session_guest *of = guest->guest;
    node_id leader;
    uint64_t term;
    if (!refusal_read(said, &leader, &term)) {
        crossing_distrust(server, from);
        return;
    }
    /* It has forgotten the guest, which begins again. */
    bool forgot = node_eq(leader, crossing_node(server->crossing, from)->node);
    if (of->node.n != 0 && !forgot) {
        for (size_t i = 0; i <= index; i++)
            say_unreached(server, guest, asked_at(of, i)->entry, SLICE("it is too busy"));
        asked_pass(of, index + 1);
        return;
    }
    take_back(server, guest, index);
    server->crossing->stats.refused++;
    struct map *map = lane_map(server->lane);
    if (!forgot && map != NULL && !node_eq(leader, NODE_NONE))
        map_note_leader(map, of->shard, leader, term);
    node_id next = crossing_leader(server, of->shard);
    bool same = crossing_target_of(server, next, of->shard) == from;
    of->retry_at.ns = same && !forgot ? server->sessions->now.ns + RETRY_NS : 0;
}

/* Without its sign, and without its end. */
static struct slice error_text(struct slice reply)
{
    enum { AROUND = 3 };
    return slice_of(reply.data + 1, reply.len - AROUND);
}

static void replied(struct server *server, struct session *guest, uint32_t from, size_t index,
                    struct slice reply)
{
    struct session_guest *of = guest->guest;
    bool in_turn = reply.len > 0 && reply_length(reply) == reply.len;
    for (size_t i = 0; i < index; i++) in_turn = in_turn && asked_at(of, i)->quiet;
    if (!in_turn) {
        crossing_distrust(server, from);
        return;
    }
    uint64_t entry = asked_at(of, index)->entry;
    if (of->node.n != 0 && reply.data[0] == '-') {
        say_unreached(server, guest, entry, error_text(reply));
    } else {
        say(server, guest, entry, reply, false);
    }
    asked_pass(of, index + 1);
}

void guest_answered(struct server *server, uint32_t from, const struct answer_told *answer)
{
    const struct sessions *sessions = server->sessions;
    uint64_t slot = answer->slot - 1;
    struct session *guest = slot < sessions->slots_count ? sessions->slots[slot] : NULL;
    if (guest == NULL || guest->id != answer->id || guest->guest == NULL) return; /* gone */
    struct session_guest *of = guest->guest;
    size_t count = asked_count(of), i = 0;
    if ((guest->flags & SESSION_CLOSING) || of->to != from) return;
    while (i < count && asked_at(of, i)->number != answer->entry) i++;
    if (i == count) return; /* it was taken back, and asked again */
    switch (answer->kind) {
    case ANSWER_REPLY: replied(server, guest, from, i, answer->reply); break;
    case ANSWER_REFUSED: refused(server, guest, from, i, answer->reply); break;
    case ANSWER_KINDS: UNREACHABLE("no such answer"); break;
    }
    session_enter(server->sessions, SESSIONS_RUN, guest);
}

void guest_leave_nodes(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    for (uint32_t i = 0; i < of->known_count; i++)
        say_to(server, guest, of->known[i], ASK_BYE, NULL, 0);
    of->known_count = 0;
}

/* --- the link broke -------------------------------------------------------------------------- */

static void answer_unknown(struct server *server, struct session *guest, const struct asked *asked,
                           node_id node)
{
    struct buffer error = {0};
    if (asked->changes) {
        buffer_append_format(
            &error,
            "-UNKNOWN the write may or may not have happened: the link to node %u, which leads, "
            "broke before it answered. Read to see which\r\n",
            node.n);
        server->crossing->stats.unknown++;
    } else {
        buffer_append_format(&error,
                             "-TRYAGAIN nothing was read: the link to node %u, which leads, broke "
                             "before it answered\r\n",
                             node.n);
        server->crossing->stats.tried_again++;
    }
    say(server, guest, asked->entry, buffer_slice(&error), asked->quiet);
    buffer_free(&error);
}

/* Up to the last change that was sent nothing is asked again [F2]; reads behind it are. */
static void unanswered(struct server *server, struct session *guest, uint32_t target)
{
    struct session_guest *of = guest->guest;
    node_id node = crossing_node(server->crossing, target)->node;
    size_t count = asked_count(of), known = 0;
    for (size_t i = 0; i < count; i++) {
        const struct asked *asked = asked_at(of, i);
        if (asked->changes && crossing_was_sent(server->crossing, target, asked->until))
            known = i + 1;
    }
    for (size_t i = 0; i < known; i++) answer_unknown(server, guest, asked_at(of, i), node);
    asked_pass(of, known);
    if (asked_count(of) > 0) take_back(server, guest, 0);
    session_enter(server->sessions, SESSIONS_RUN, guest);
}

static bool forget_known(struct session_guest *of, uint32_t target)
{
    uint32_t i = 0;
    while (i < of->known_count && of->known[i] != target) i++;
    if (i == of->known_count) return false;
    of->known[i] = of->known[--of->known_count];
    return true;
}

void guests_unanswered(struct server *server, uint32_t target)
{
    const struct sessions *sessions = server->sessions;
    for (uint32_t slot = 0; slot < sessions->slots_count; slot++) {
        struct session *guest = sessions->slots[slot];
        if (guest == NULL || guest->guest == NULL || (guest->flags & SESSION_CLOSING)) continue;
        struct session_guest *of = guest->guest;
        if (!forget_known(of, target)) continue;
        if (of->asked.len > 0 && of->to == target) unanswered(server, guest, target);
        of->restart = true;
        if (of->watch == WATCH_AT + target) of->watch = WATCH_LOST;
    }
}

/* --- refusing and waiting -------------------------------------------------------------------- */

/* Who leads instead, for the asker; itself would mean that it has forgotten the guest. */
static void say_leader(const struct server *server, const struct session *guest, struct buffer *out)
{
    shard_id id = guest->guest->shard;
    const struct shard *shard = guest_shard(server, guest);
    const struct map *map = lane_map(server->lane);
    node_id leader = NODE_NONE;
    uint64_t term = 0;
    if (shard != NULL) {
        struct shard_replication told;
        shard_tell_replication(shard, &told);
        leader = told.leader;
        term = told.term;
    } else if (map != NULL) {
        leader = map_leader(map, id);
        term = map_leader_term(map, id);
    }
    if (node_eq(leader, lane_self(server->lane))) leader = NODE_NONE;
    refusal_write(out, leader, term);
}

static void refuse(struct server *server, struct session *guest, uint64_t entry, bool quiet)
{
    struct session_guest *of = guest->guest;
    of->refusing = true;
    of->round = 0;
    if (guest->flags & SESSION_MULTI) {
        bool watched = guest->watch != NULL || (guest->flags & SESSION_DIRTY_WATCH);
        transaction_drop(server, guest);
        if (watched) guest->flags |= SESSION_DIRTY_WATCH; /* nobody has looked meanwhile */
    }
    if (quiet) return;
    struct buffer said = {0};
    say_leader(server, guest, &said);
    struct answer_told told = {.slot = of->slot,
                               .id = of->id,
                               .entry = entry,
                               .shard = of->shard,
                               .kind = ANSWER_REFUSED,
                               .reply = buffer_slice(&said)};
    crossing_answer(server->crossing, of->from, &told);
    buffer_free(&said);
}

void guest_refuse(struct server *server, struct session *guest, const struct unit *unit)
{
    refuse(server, guest, unit->ask.entry, (unit->ask.flags & ASK_QUIET) != 0);
    guest_pass(guest, unit->len);
}

static instant due(const struct server *server, const struct session_guest *of)
{
    int64_t until_ns = of->since.ns + standing_wait(server).ns;
    if (of->retry_at.ns != 0 && of->retry_at.ns < until_ns) until_ns = of->retry_at.ns;
    return (instant){until_ns};
}

void guest_park(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    struct guests *guests = server->crossing->guests;
    if (of->since.ns == 0) of->since = server->sessions->now;
    session_enter(server->sessions, SESSIONS_PARKED, guest);
    instant look = due(server, of);
    if (look.ns < guests->look_due.ns) guests->look_due = look;
}

void guests_look_again(struct server *server, shard_id shard)
{
    struct sessions *sessions = server->sessions;
    struct session *guest = sessions_first(sessions, SESSIONS_PARKED);
    for (struct session *next; guest != NULL; guest = next) {
        next = guest->links[SESSIONS_PARKED].next;
        bool elsewhere = shard.n == SHARD_NONE && guest_shard(server, guest) == NULL;
        if (!elsewhere && !shard_eq(guest->guest->shard, shard)) continue;
        session_leave(sessions, SESSIONS_PARKED, guest);
        session_enter(sessions, SESSIONS_RUN, guest);
    }
}

void guests_look_up(struct server *server)
{
    struct sessions *sessions = server->sessions;
    for (struct session *at; (at = sessions_first(sessions, SESSIONS_PARKED)) != NULL;) {
        session_leave(sessions, SESSIONS_PARKED, at);
        session_enter(sessions, SESSIONS_RUN, at);
    }
}

/* All that waits is told the same. */
static void give_up(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    struct buffer error = {0};
    struct unit unit;
    standing_no_leader(server, of->shard, &error);
    drop_transaction(server, guest);
    while (of->next < guest->query.len && guest_unit(server, guest, &unit)) {
        say(server, guest, unit.ask.entry, buffer_slice(&error), (unit.ask.flags & ASK_QUIET) != 0);
        guest_pass(guest, unit.len);
        server->crossing->stats.tried_again++;
    }
    of->round = 0;
    buffer_free(&error);
}

instant guests_expire(struct server *server, instant now)
{
    struct guests *guests = server->crossing->guests;
    if (now.ns < guests->look_due.ns) return guests->look_due;
    instant earliest = {INT64_MAX};
    struct session *guest = sessions_first(server->sessions, SESSIONS_PARKED);
    for (struct session *next; guest != NULL; guest = next) {
        next = guest->links[SESSIONS_PARKED].next;
        struct session_guest *of = guest->guest;
        instant look = due(server, of);
        if (look.ns > now.ns) {
            if (look.ns < earliest.ns) earliest = look;
            continue;
        }
        of->retry_at = (instant){0};
        if (of->since.ns + standing_wait(server).ns <= now.ns) give_up(server, guest);
        session_leave(server->sessions, SESSIONS_PARKED, guest);
        session_enter(server->sessions, SESSIONS_RUN, guest);
    }
    guests->look_due = earliest;
    return earliest;
}

void guest_deposed(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    if (!(guest->flags & SESSION_BLOCKED)) return;
    duration passed = {server->sessions->now.ns - blocked_since(guest).ns};
    blocked_leave(server, guest);
    of->waiting = false;
    if (guest_is_remote(server, guest)) {
        refuse(server, guest, of->waiting_entry, of->waiting_quiet);
        guest_pass(guest, of->waiting_len);
    } else {
        shorten(server, guest, passed);
    }
}

/* --- what it watches ------------------------------------------------------------------------- */

static void unwatch_nodes(struct server *server, struct session *guest)
{
    struct session_guest *of = guest->guest;
    const struct slice word = SLICE("UNWATCH");
    for (uint32_t i = 0; of->nodes_watch && i < of->known_count; i++)
        say_to(server, guest, of->known[i], 0, &word, 1);
    of->nodes_watch = false;
    of->watch = WATCH_NOWHERE;
}

void guest_note_watch(struct server *server, struct session *guest, enum command_id id,
                      uint32_t where)
{
    struct session_guest *of = guest->guest;
    bool here = where == WATCH_HERE;
    if (id == COMMAND_WATCH) {
        of->watch = of->watch == WATCH_NOWHERE || of->watch == where ? where : WATCH_LOST;
        of->nodes_watch |= !here;
    } else if (here && (id == COMMAND_UNWATCH || id == COMMAND_EXEC || id == COMMAND_DISCARD)) {
        unwatch_nodes(server, guest);
    }
}

bool guest_has_lost_watch(struct server *server, struct session *guest, const struct unit *unit,
                          uint32_t where)
{
    struct session_guest *of = guest->guest;
    if (!unit->is_transaction || of->watch == WATCH_NOWHERE || of->watch == where) return false;
    bool resp3 = (unit->ask.flags & ASK_RESP3) != 0;
    transaction_drop(server, guest);
    unwatch_nodes(server, guest);
    say(server, guest, unit->ask.entry, resp3 ? SLICE("_\r\n") : SLICE("*-1\r\n"), false);
    guest_pass(guest, unit->len);
    return true;
}
