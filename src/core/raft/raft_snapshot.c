/*
 * raft_snapshot.c -- snapshots, in parts: one on its way to a member at a time, and the answer says
 * where to go on. Heartbeats and appends to others go on meanwhile. See raft.c for the invariants.
 */
#include "core/raft/raft_impl.h"

/* --- a leader's side ------------------------------------------------------------------------- */

void raft_snapshot_begin(struct raft *raft, struct raft_progress *peer)
{
    raft_progress_rewind(raft, peer);
    peer->sending = RAFT_SNAPSHOT;
    peer->snapshot = (struct raft_pos){0, 0};
    peer->chunk_out = false;
}

/* One that ends where the log in memory can go on. */
static bool snapshot_choose(struct raft *raft, struct raft_progress *peer)
{
    if (peer->snapshot.index > 0) return true;
    bool helps = raft->snapshot.index > 0 && raft->snapshot_bytes > 0 &&
                 raft->snapshot.index >= raft->tail.base.index;
    if (!helps) return false;
    peer->snapshot = raft->snapshot;
    peer->snapshot_bytes = raft->snapshot_bytes;
    peer->offset = 0;
    peer->offset_since = (instant){0};
    peer->place_known = false;
    return true;
}

void raft_snapshot_send(struct raft *raft, struct raft_progress *peer, struct raft_outbox *out)
{
    if (peer->no_room || !snapshot_choose(raft, peer)) return;
    if (peer->chunk_out) {
        if (raft->now.ns - peer->chunk_at.ns < raft->config.election_max.ns) return;
        peer->place_known = false; /* it was lost, or its answer */
    }
    struct raft_msg *ask = raft_push(raft, out, RAFT_MSG_SNAPSHOT_ASK, peer->node);
    uint64_t left = peer->snapshot_bytes - peer->offset;
    size_t len = peer->place_known ? u64_min(raft->config.chunk_bytes, left) : 0;
    ask->snapshot_ask.pos = peer->snapshot;
    ask->snapshot_ask.total_bytes = peer->snapshot_bytes;
    ask->snapshot_ask.offset = peer->offset;
    ask->snapshot_ask.bytes = (struct slice){NULL, len};
    ask->snapshot_ask.round = raft->round;
    peer->chunk_out = true;
    peer->chunk_at = raft->now;
}

void raft_on_snapshot_answer(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    struct raft_progress *peer = raft_progress_of(raft, msg->from);
    if (raft->role != RAFT_LEADER || peer == NULL) return;
    raft_progress_heard(raft, peer, msg->snapshot_answer.round, msg->snapshot_answer.recovering,
                        msg->snapshot_answer.life, out);
    bool ours = peer->sending == RAFT_SNAPSHOT && peer->snapshot.index > 0 &&
                raft_pos_cmp(msg->snapshot_answer.pos, peer->snapshot) == 0;
    if (!ours) return;
    if (msg->snapshot_answer.failed) { /* not at once again */
        peer->chunk_out = true;
        peer->chunk_at = raft->now;
        return;
    }
    peer->chunk_out = false;
    peer->place_known = true;
    peer->offset = u64_min(msg->snapshot_answer.offset, peer->snapshot_bytes);
    if (peer->offset_since.ns == 0) {
        peer->offset_first = peer->offset;
        peer->offset_since = raft->now;
    }
    if (peer->offset < peer->snapshot_bytes) return;
    raft->stats.snapshots_sent++;
    peer->next = u64_max(peer->snapshot.index, peer->matched) + 1;
    peer->sending = RAFT_PROBE;
    peer->paused = false;
}

void raft_on_compacted(struct raft *raft, const struct raft_event *event)
{
    if (event->pos.index < raft->snapshot.index) return;
    raft->snapshot = event->pos;
    raft->snapshot_bytes = event->bytes_count;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        struct raft_progress *peer = &raft->peers[i];
        if (peer->sending == RAFT_SNAPSHOT) raft_snapshot_begin(raft, peer);
    }
}

/* --- a follower's side ----------------------------------------------------------------------- */

static void snapshot_answer(struct raft *raft, node_id to, struct raft_pos pos, uint64_t offset,
                            bool failed, struct raft_outbox *out)
{
    struct raft_msg *answer = raft_push(raft, out, RAFT_MSG_SNAPSHOT_ANSWER, to);
    answer->snapshot_answer.pos = pos;
    answer->snapshot_answer.offset = offset;
    answer->snapshot_answer.recovering = raft->hard.recovering;
    answer->snapshot_answer.failed = failed;
    answer->snapshot_answer.round = raft->round;
    answer->snapshot_answer.life = raft->life;
}

/* What it has is in the log here already: it would put an older state over a newer. [I11] */
static bool is_held(const struct raft *raft, struct raft_pos pos)
{
    uint64_t term;
    if (pos.index <= raft->commit) return true;
    return raft_tail_term(&raft->tail, pos.index, &term) && term == pos.term;
}

static void hold(struct raft *raft, struct raft_pos pos) /* what is in a snapshot is committed */
{
    raft->commit = u64_max(raft->commit, pos.index);
    raft->matched = u64_max(raft->matched, pos.index);
}

void raft_on_snapshot_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    struct raft_incoming *incoming = &raft->incoming;
    struct raft_pos pos = msg->snapshot_ask.pos;
    uint64_t total_bytes = msg->snapshot_ask.total_bytes;
    if (incoming->installing || incoming->storing) return; /* it will be answered for */
    if (is_held(raft, pos)) {
        hold(raft, pos);
        snapshot_answer(raft, msg->from, pos, total_bytes, false, out);
        return;
    }
    if (raft_pos_cmp(pos, incoming->pos) != 0 || total_bytes != incoming->total_bytes) {
        *incoming = (struct raft_incoming){.pos = pos, .total_bytes = total_bytes};
    }
    incoming->from = msg->from;
    struct slice bytes = msg->snapshot_ask.bytes;
    if (bytes.len == 0 || raft->no_room || msg->snapshot_ask.offset != incoming->stored) {
        snapshot_answer(raft, msg->from, pos, incoming->stored, raft->no_room, out);
        return;
    }
    incoming->storing = true;
    out->has_chunk = true;
    out->chunk = (struct raft_chunk){pos, total_bytes, incoming->stored, bytes};
}

void raft_on_chunk_stored(struct raft *raft, const struct raft_event *event,
                          struct raft_outbox *out)
{
    struct raft_incoming *incoming = &raft->incoming;
    if (!incoming->storing && !incoming->installing) return;
    struct raft_pos pos = incoming->pos;
    uint64_t total_bytes = incoming->total_bytes;
    node_id from = incoming->from;
    incoming->storing = false;
    if (!event->ok) {
        *incoming = (struct raft_incoming){0}; /* from the beginning */
        snapshot_answer(raft, from, pos, 0, true, out);
        return;
    }
    incoming->stored = u64_min(event->offset, total_bytes);
    if (incoming->stored == total_bytes && is_held(raft, pos)) { /* meanwhile [I11] */
        hold(raft, pos);
        *incoming = (struct raft_incoming){0};
    } else if (incoming->stored == total_bytes) {
        incoming->installing = true;
        out->install = true;
        return;
    }
    snapshot_answer(raft, from, pos, u64_min(event->offset, total_bytes), false, out);
}

void raft_on_installed(struct raft *raft, const struct raft_event *event, struct raft_outbox *out)
{
    struct raft_incoming incoming = raft->incoming;
    ASSERT(incoming.installing);
    ASSERT(raft_pos_cmp(incoming.pos, event->pos) == 0);
    ASSERT(event->pos.index > raft->commit); /* [I11]: nothing was committed since */
    raft->incoming = (struct raft_incoming){0};
    raft_tail_clear(&raft->tail, event->pos);
    raft->durable = raft->commit = raft->applied = event->pos.index;
    raft->matched = u64_max(raft->matched, event->pos.index);
    raft->answer_due = false;
    raft_effective_set(raft, event->pos.index, &event->members);
    raft->before = raft->effective;
    raft->snapshot = event->pos;
    raft->snapshot_bytes = incoming.total_bytes;
    raft->stats.snapshots_received++;
    snapshot_answer(raft, incoming.from, event->pos, incoming.total_bytes, false, out);
}
