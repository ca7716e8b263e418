/*
 * raft_progress.c -- what a leader sends to each member, and what it learns of it. See raft.c for
 * the invariants.
 *
 *   probe      -> replicate  on_matched
 *   replicate  -> probe      on_refused, and when its link is lost: what was on its way may be lost
 *   any        -> snapshot   raft_snapshot_begin, when what it lacks is not in memory any more
 *   snapshot   -> probe      on_matched, and raft_on_snapshot_answer
 */
#include "core/raft/raft_impl.h"

void raft_progress_reset(struct raft *raft, struct raft_progress *peer)
{
    buffer_free(&peer->flights);
    *peer = (struct raft_progress){
        .node = peer->node, .next = raft->tail.last.index + 1, .answered = raft->now};
}

bool raft_progress_is_active(const struct raft *raft, const struct raft_progress *peer)
{
    return raft->now.ns - peer->answered.ns <= raft->config.election_max.ns;
}

/* What is on its way is taken for lost: it begins again with the oldest of it. Refusals of what was
 * sent before say nothing any more: if each made it begin again, a network that reorders would
 * carry the same entries over and over. [I6] */
void raft_progress_rewind(struct raft *raft, struct raft_progress *peer)
{
    if (peer->flights_count > 0) {
        peer->next = u64_max(raft_flights(peer)[peer->flights_head].first, peer->matched + 1);
    }
    peer->flights_count = 0;
    peer->flights_bytes = 0;
    if (peer->sending == RAFT_REPLICATE) peer->sending = RAFT_PROBE;
    raft_round_begin(raft);
    peer->rewound = raft->round;
    peer->paused = false;
}

/* --- sending --------------------------------------------------------------------------------- */

void raft_push_append(struct raft *raft, struct raft_progress *peer, bool hibernate,
                      struct raft_outbox *out)
{
    struct raft_pos previous = {0, peer->next - 1};
    /* Nothing is before the first entry: to who gets a snapshot, that is agreed upon at least. */
    if (!raft_tail_term(&raft->tail, previous.index, &previous.term)) previous.index = 0;
    struct raft_msg *ask = raft_push(raft, out, RAFT_MSG_APPEND_ASK, peer->node);
    ask->append_ask.previous = previous;
    ask->append_ask.commit = raft->commit;
    ask->append_ask.round = raft->round;
    bool welcomed = peer->recovering && peer->welcomed <= raft->commit; /* [I9] */
    ask->append_ask.welcomed = welcomed ? peer->welcomed : 0;
    ask->append_ask.life = peer->life;
    ask->append_ask.hibernate = hibernate;
    ask->append_ask.spans_count = 0;
    peer->commit_sent = raft->commit;
}

static uint32_t entries_in_flight(const struct raft_progress *peer)
{
    if (peer->flights_count == 0) return 0;
    return (uint32_t)(peer->next - raft_flights(peer)[peer->flights_head].first);
}

/* Each append costs its receiver a wake and a write. While some are on their way the next waits
 * until it is as large, as a write of the log does; it may go when they are answered, or soon: over
 * a long way an answer takes long. No timer is needed, for one of these comes. */
static bool gathers(const struct raft *raft, const struct raft_progress *peer)
{
    uint64_t waiting = raft->tail.last.index - peer->next + 1;
    uint32_t in_flight = entries_in_flight(peer);
    if (in_flight < RAFT_GATHER_MIN || waiting >= in_flight) return false;
    return raft->now.ns - peer->sent.ns < RAFT_GATHER_NS;
}

static bool window_is_open(const struct raft *raft, const struct raft_progress *peer) /* [I6] */
{
    if (gathers(raft, peer)) return false;
    if (peer->no_room || peer->paused || peer->flights_count == RAFT_FLIGHTS_MAX) return false;
    return peer->flights_bytes < raft->config.window_bytes &&
           entries_in_flight(peer) < raft->config.window_entries;
}

static void flight_add(struct raft_progress *peer, uint64_t last, size_t bytes)
{
    uint32_t at = (peer->flights_head + peer->flights_count) % RAFT_FLIGHTS_MAX;
    if (peer->flights.data == NULL) {
        (void)buffer_reserve(&peer->flights, RAFT_FLIGHTS_MAX * sizeof(struct raft_flight));
    }
    raft_flights(peer)[at] = (struct raft_flight){peer->next, last, bytes};
    peer->flights_count++;
    peer->flights_bytes += bytes;
    peer->next = last + 1;
}

static void send_entries(struct raft *raft, struct raft_progress *peer, struct raft_outbox *out)
{
    const struct raft_config *config = &raft->config;
    size_t room = u64_min(config->append_bytes, config->window_bytes - peer->flights_bytes);
    uint64_t last = u64_min(raft->tail.last.index,
                            peer->next + config->window_entries - entries_in_flight(peer) - 1);
    raft_push_append(raft, peer, false, out);
    struct raft_msg *ask = &out->msgs[out->msgs_count - 1];
    uint64_t from = peer->next;
    size_t bytes = 0;
    uint32_t count = 0;
    while (from <= last && count < RAFT_SPANS_MAX && bytes < room) {
        struct raft_span span = raft_tail_span(&raft->tail, from, last, room - bytes);
        if (count > 0 && span.bytes.len > room - bytes) break;
        ask->append_ask.spans[count++] = span;
        bytes += span.bytes.len;
        from += span.count;
    }
    ask->append_ask.spans_count = count;
    flight_add(peer, from - 1, bytes);
    peer->sent = raft->now;
    if (peer->sending == RAFT_PROBE) peer->paused = true;
}

static void replicate_to(struct raft *raft, struct raft_progress *peer, struct raft_outbox *out)
{
    for (uint32_t sent = 0; peer->sending != RAFT_SNAPSHOT; sent++) {
        if (peer->next - 1 < raft->tail.base.index) {
            raft_snapshot_begin(raft, peer);
            break;
        }
        if (peer->next > raft->tail.last.index || !window_is_open(raft, peer)) return;
        if (sent == RAFT_SENDS_MAX) {
            raft->more = true;
            return;
        }
        send_entries(raft, peer, out);
    }
    raft_snapshot_send(raft, peer, out);
}

void raft_replicate(struct raft *raft, struct raft_outbox *out)
{
    raft->more = false;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        if (!raft_is_self(raft, raft->peers[i].node)) replicate_to(raft, &raft->peers[i], out);
    }
}

/* --- answers --------------------------------------------------------------------------------- */

/* A member that has forgotten everything, in a life we have not heard of: what it said before is
 * void, and an entry that is appended now will show that it is whole again. [I9] */
static void begin_recovery(struct raft *raft, struct raft_progress *peer, uint64_t life,
                           struct raft_outbox *out)
{
    raft_progress_rewind(raft, peer);
    peer->recovering = true;
    peer->life = life;
    peer->matched = 0;
    peer->round = 0;
    raft_lead_append_one(raft, RAFT_ENTRY_EMPTY, (struct slice){0}, out);
    peer->welcomed = raft->tail.last.index;
}

void raft_progress_heard(struct raft *raft, struct raft_progress *peer, uint64_t round,
                         bool recovering, uint64_t life, struct raft_outbox *out)
{
    peer->answered = raft->now;
    if (recovering && (!peer->recovering || peer->life != life)) {
        begin_recovery(raft, peer, life, out);
    }
    if (!recovering) peer->recovering = false;
    if (round <= raft->round) peer->round = u64_max(peer->round, round);
}

static void flights_landed(struct raft_progress *peer, uint64_t index)
{
    while (peer->flights_count > 0) {
        const struct raft_flight *flight = &raft_flights(peer)[peer->flights_head];
        if (flight->last > index) return;
        peer->flights_bytes -= flight->bytes;
        peer->flights_head = (peer->flights_head + 1) % RAFT_FLIGHTS_MAX;
        peer->flights_count--;
    }
}

static void on_matched(struct raft *raft, struct raft_progress *peer, uint64_t index)
{
    if (index > raft->tail.last.index) return; /* nobody has what was never sent */
    peer->matched = u64_max(peer->matched, index);
    flights_landed(peer, peer->matched);
    peer->next = u64_max(peer->next, peer->matched + 1);
    peer->paused = false;
    if (peer->sending == RAFT_PROBE) peer->sending = RAFT_REPLICATE;
    bool reachable = peer->next - 1 >= raft->tail.base.index;
    if (peer->sending == RAFT_SNAPSHOT && reachable) peer->sending = RAFT_PROBE;
}

static void on_refused(struct raft *raft, struct raft_progress *peer, uint64_t round,
                       struct raft_pos hint)
{
    if (peer->sending == RAFT_SNAPSHOT || round < peer->rewound) return;
    if (hint.index < peer->matched && !peer->recovering) return; /* an old answer */
    raft_progress_rewind(raft, peer);
    struct raft_pos agreed = raft_tail_before(&raft->tail, hint.index, hint.term);
    /* It may be behind what is in memory, and then a snapshot is what it needs. */
    if (agreed.term > hint.term) agreed.index--;
    agreed.index = u64_min(agreed.index, hint.index);
    peer->next = u64_max(u64_min(peer->next, agreed.index + 1), peer->matched + 1);
}

void raft_on_append_answer(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    struct raft_progress *peer = raft_progress_of(raft, msg->from);
    if (raft->role != RAFT_LEADER || peer == NULL) return;
    raft_progress_heard(raft, peer, msg->append_answer.round, msg->append_answer.recovering,
                        msg->append_answer.life, out);
    if (msg->append_answer.no_room && !peer->no_room) raft_progress_rewind(raft, peer);
    peer->no_room = msg->append_answer.no_room;
    if (raft->hibernating) raft_wake(raft, out); /* who is content says nothing */
    struct raft_pos hint = {msg->append_answer.hint_term, msg->append_answer.index};
    if (msg->append_answer.matched) {
        on_matched(raft, peer, hint.index);
    } else {
        on_refused(raft, peer, msg->append_answer.round, hint);
        raft_wake(raft, out);
    }
}
