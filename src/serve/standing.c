/* standing.c -- see standing.h. */
#include "serve/standing.h"

#include "cmd/call.h"
#include "serve/blocked.h"
#include "serve/config.h"
#include "serve/crossing_impl.h"
#include "serve/lost.h"

#define NS_PER_MS INT64_C(1000000)

/* --- what a command needs -------------------------------------------------------------------- */

enum standing_need standing_need(const struct standing_call *call)
{
    if (call->command == NULL) return NEED_NOTHING;
    if (call->command->handler != NULL) return NEED_CALL;
    enum command_id id = call->command->id;
    bool leader = id == COMMAND_WATCH || id == COMMAND_EXEC || id == COMMAND_WAIT ||
                  id == COMMAND_WAITAOF || id == COMMAND_REPLICATION_HANDOVER ||
                  id == COMMAND_REPLICATION_MEMBERS;
    return leader ? NEED_LEADER : NEED_NOTHING;
}

enum shard_way standing_way(struct server *server, const struct standing_call *call,
                            uint64_t *round)
{
    switch (standing_need(call)) {
    case NEED_NOTHING: return SHARD_HERE;
    case NEED_LEADER: return shard_way_of_write(lane_only(server->lane));
    case NEED_CALL: break;
    }
    const struct call asked = {.command = call->command,
                               .argv = call->argv,
                               .argc = call->argc,
                               .database = call->database,
                               .may_block = true};
    return shard_way(lane_only(server->lane), &asked, call->stale, round);
}

duration standing_wait(const struct server *server)
{
    return (duration){config_integer(server->config, SETTING_LEADER_WAIT_MS) * NS_PER_MS};
}

void standing_no_leader(const struct server *server, struct buffer *error)
{
    buffer_append_format(
        error,
        "-TRYAGAIN no leader: for %lld ms lane %u of node %u has found no node that leads and can "
        "be reached; nothing was done. Try again when a majority of the nodes runs and reaches "
        "each other\r\n",
        (long long)standing_wait(server).ns / NS_PER_MS, lane_number(server->lane),
        lane_self(server->lane).n);
}

/* --- replies whose entries are not to be ----------------------------------------------------- */

struct segment { /* of a session's output: from `start` to the next one's */
    uint64_t gate;
    size_t start;
};

void session_mark(const struct server *server, struct session *session, size_t start, uint64_t gate)
{
    if (LIKELY(server->crossing == NULL) || !server->crossing->config.replicated) return;
    struct buffer *marks = &session->marks;
    uint64_t last = 0;
    if (marks->len > 0)
        last = ((const struct segment *)(void *)(marks->data + marks->len))[-1].gate;
    if (gate == last) return;
    struct segment segment = {gate, start};
    buffer_append(marks, slice_of(&segment, sizeof segment));
}

void session_marks_shift(struct session *session, size_t bytes)
{
    struct segment *segments = (struct segment *)(void *)session->marks.data;
    size_t count = session->marks.len / sizeof *segments, gone = 0;
    for (size_t i = 0; i < count; i++) {
        segments[i].start -= u64_min(segments[i].start, bytes);
        if (segments[i].start == 0) gone = i; /* those before it are empty now */
    }
    buffer_consume(&session->marks, gone * sizeof *segments);
}

static uint64_t output_lose(struct session *session, uint64_t from, struct slice error)
{
    struct segment *segments = (struct segment *)(void *)session->marks.data;
    size_t count = session->marks.len / sizeof *segments;
    struct buffer was = session->output;
    struct lost_manner manner = {(session->flags & SESSION_PUBSUB) != 0,
                                 (session->flags & SESSION_MONITOR) != 0};
    uint64_t lost_count = 0;
    session->output = (struct buffer){0};
    buffer_append(&session->output, slice_of(was.data, segments[0].start));
    for (size_t i = 0; i < count; i++) {
        size_t end = i + 1 < count ? segments[i + 1].start : was.len;
        struct slice bytes = slice_of(was.data + segments[i].start, end - segments[i].start);
        segments[i].start = session->output.len;
        if (segments[i].gate < from) {
            buffer_append(&session->output, bytes);
        } else {
            lost_count += lost_replace(&session->output, bytes, &manner, error);
            segments[i].gate = 0;
        }
    }
    session->early_bytes = 0;
    buffer_free(&was);
    return lost_count;
}

static bool has_lost(const struct session *session, uint64_t from)
{
    const struct segment *segments = (const struct segment *)(void *)session->marks.data;
    size_t count = session->marks.len / sizeof *segments;
    for (size_t i = 0; i < count; i++)
        if (segments[i].gate >= from) return true;
    return false;
}

/* Every reply of this lane that waits for a gate from `from` on becomes `error`. */
static uint64_t lose_all(struct server *server, uint64_t from, struct slice error)
{
    const struct sessions *sessions = server->sessions;
    uint64_t count = 0;
    for (uint32_t slot = 0; slot < sessions->slots_count; slot++) {
        struct session *session = sessions->slots[slot];
        if (session == NULL || (session->flags & SESSION_CLOSING)) continue;
        if (session->guest != NULL) {
            count += guest_lose(session, from, error);
        } else if (has_lost(session, from)) {
            count += output_lose(session, from, error);
        }
        count += crossing_lose(session, from, error);
        session->gate = u64_min(session->gate, from - 1);
        session->gate_early = u64_min(session->gate_early, from - 1);
    }
    return count;
}

static void check_losses(struct server *server)
{
    uint64_t from;
    bool for_good;
    struct standing *standing = &server->crossing->standing;
    struct crossing_stats *stats = &server->crossing->stats;
    uint64_t losses = shard_losses(lane_only(server->lane), &from, &for_good);
    if (LIKELY(losses == standing->losses)) return;
    standing->losses = losses;
    if (for_good) {
        stats->tried_again += lose_all(
            server, from,
            SLICE("-TRYAGAIN not kept: this node ceased to lead before a majority had it, and the "
                  "next leader goes on without it; nothing of it was done. Try again\r\n"));
    } else {
        stats->unknown += lose_all(
            server, from,
            SLICE("-UNKNOWN the write may or may not have happened: this node ceased to lead "
                  "before a majority had it, and its log was replaced since. Read to see "
                  "which\r\n"));
    }
}

static instant check_unsettled(struct server *server, instant now)
{
    struct standing *standing = &server->crossing->standing;
    uint64_t agreed = shard_agreed(lane_only(server->lane));
    int64_t wait_ns = standing_wait(server).ns;
    instant until = {standing->unsettled_since.ns + wait_ns};
    if (standing->unsettled_gate == 0) return (instant){INT64_MAX};
    if (standing->unsettled_gate > agreed && now.ns < until.ns) return until;
    if (standing->unsettled_gate > agreed)
        server->crossing->stats.unknown += lose_all(
            server, agreed + 1,
            SLICE("-UNKNOWN the write may or may not have happened: this node ceased to lead "
                  "before a majority had it, and has not heard of it since. Read to see "
                  "which\r\n"));
    standing->unsettled_gate = 0;
    return (instant){INT64_MAX};
}

/* --- ceasing to lead ------------------------------------------------------------------------- */

/* A client of this lane that waits for keys: its guest asks the next leader, for what is left of
 * the time. */
static void wait_elsewhere(struct server *server, struct session *session)
{
    struct request request;
    char text[BLOCKED_TIMEOUT_TEXT];
    struct slice *argv;
    blocked_request(session, &request, &argv);
    duration passed = {server->sessions->now.ns - blocked_since(session).ns};
    blocked_shorten(request.command, argv, request.argc, passed, text);
    crossing_ask_own(server, session, &request);
    blocked_leave(server, session);
}

static void deposed(struct server *server)
{
    struct standing *standing = &server->crossing->standing;
    const struct sessions *sessions = server->sessions;
    for (uint32_t slot = 0; slot < sessions->slots_count; slot++) {
        struct session *session = sessions->slots[slot];
        if (session == NULL || (session->flags & SESSION_CLOSING)) continue;
        if (session->watch != NULL) session->flags |= SESSION_DIRTY_WATCH;
        if (!(session->flags & SESSION_BLOCKED)) continue;
        if (session->guest != NULL) {
            guest_deposed(server, session);
        } else {
            wait_elsewhere(server, session);
        }
    }
    if (standing->unsettled_gate == 0) standing->unsettled_since = server->sessions->now;
    standing->unsettled_gate =
        u64_max(standing->unsettled_gate, shard_last(lane_only(server->lane)));
}

void standing_check(struct server *server)
{
    if (LIKELY(server->crossing == NULL) || !server->crossing->config.replicated) return;
    struct standing *standing = &server->crossing->standing;
    uint64_t depositions = shard_depositions(lane_only(server->lane)),
             epoch = shard_epoch(lane_only(server->lane));
    if (UNLIKELY(depositions != standing->depositions)) {
        standing->depositions = depositions;
        deposed(server);
    }
    check_losses(server);
    if (LIKELY(epoch == standing->epoch)) return;
    standing->epoch = epoch;
    guests_look_again(server);
}

instant standing_turn(struct server *server, instant now)
{
    if (LIKELY(server->crossing == NULL) || !server->crossing->config.replicated)
        return (instant){INT64_MAX};
    instant unsettled = check_unsettled(server, now), parked = guests_expire(server, now);
    return unsettled.ns < parked.ns ? unsettled : parked;
}
