/*
 * session_gate.c -- which part of a session's output waits for what.
 *
 * Marks are in the order of the output; what is before the first waits for nothing. Only whole
 * prefixes leave: a part whose gate is open waits for those before it. In the usual case all is
 * agreed on when a reply is written, and there is no mark at all.
 */
#include "serve/lost.h"
#include "serve/session_impl.h"

struct segment { /* of a session's output: from `start` to the next one's */
    struct gate gate;
    size_t start;
};

static struct segment *segments_of(const struct session *session, size_t *count)
{
    *count = session->marks.len / sizeof(struct segment);
    return (struct segment *)(void *)session->marks.data;
}

bool gate_is_open(const struct server *server, struct gate gate)
{
    if (gate.shard.n == GATE_LANE) return gate.index <= lane_durable(server->lane);
    if (gate.index == 0) return true;
    const struct shard *shard = lane_shard(server->lane, gate.shard);
    return shard != NULL && shard_agreed(shard) >= gate.index;
}

/* A guest's answers wait for its shard. */
struct gate gate_of(const struct session *session, const struct shard *shard, uint64_t index)
{
    uint64_t position;
    if (LIKELY(shard_is_open(shard, index, &position))) return (struct gate){0};
    if (position == 0 || (session->flags & SESSION_GUEST))
        return (struct gate){shard_number(shard), index};
    return (struct gate){{GATE_LANE}, position};
}

struct gate session_last_gate(const struct session *session)
{
    size_t count;
    const struct segment *segments = segments_of(session, &count);
    if (count == 0) return (struct gate){0};
    return segments[count - 1].gate;
}

void session_mark_at(struct session *session, size_t start, struct gate gate)
{
    struct gate last = session_last_gate(session);
    bool same = shard_eq(gate.shard, last.shard) || gate.index == 0;
    if (gate.index == last.index && same) return;
    if (gate.index <= last.index && last.shard.n == GATE_LANE && same)
        return; /* behind it anyhow */
    struct segment segment = {gate, start};
    buffer_append(&session->marks, slice_of(&segment, sizeof segment));
}

size_t session_open_bytes(const struct server *server, struct session *session)
{
    size_t count, open = 0;
    const struct segment *segments = segments_of(session, &count);
    while (open < count && gate_is_open(server, segments[open].gate)) open++;
    size_t bytes = open < count ? segments[open].start : session->output.len;
    buffer_consume(&session->marks, open * sizeof(struct segment));
    return bytes;
}

bool session_waits_for_disk(const struct session *session, uint64_t durable)
{
    size_t count;
    const struct segment *first = segments_of(session, &count);
    return count > 0 && first->start <= session->sent_bytes && first->gate.shard.n == GATE_LANE &&
           first->gate.index > durable;
}

void session_marks_shift(struct session *session, size_t bytes)
{
    size_t count;
    struct segment *segments = segments_of(session, &count);
    for (size_t i = 0; i < count; i++) segments[i].start -= u64_min(segments[i].start, bytes);
}

/* --- losses ---------------------------------------------------------------------------------- */

static bool is_lost(struct gate gate, struct gate from)
{
    return gate.index >= from.index && shard_eq(gate.shard, from.shard);
}

static bool has_lost(const struct session *session, struct gate from)
{
    size_t count;
    const struct segment *segments = segments_of(session, &count);
    for (size_t i = 0; i < count; i++)
        if (is_lost(segments[i].gate, from)) return true;
    return false;
}

uint64_t session_lose(struct session *session, struct gate from, struct slice error)
{
    size_t count;
    struct segment *segments = segments_of(session, &count);
    if (!has_lost(session, from)) return 0;
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
        if (!is_lost(segments[i].gate, from)) {
            buffer_append(&session->output, bytes);
        } else {
            lost_count += lost_replace(&session->output, bytes, &manner, error);
            segments[i].gate = (struct gate){0};
        }
    }
    buffer_free(&was);
    return lost_count;
}

/* --- pushes ---------------------------------------------------------------------------------- */

void session_pushes_mark(struct sessions *sessions, struct gate gate)
{
    for (struct session *at; (at = sessions_first(sessions, SESSIONS_PUSHED)) != NULL;) {
        session_leave(sessions, SESSIONS_PUSHED, at);
        session_mark(at, at->pushed_from, gate);
    }
}
