/*
 * raft_lead.c -- a leader's own part: its log, rounds, commit, and rest. See raft.c for the
 * invariants.
 */
#include "core/raft/raft_batch_impl.h"
#include "core/raft/raft_impl.h"

void raft_round_begin(struct raft *raft)
{
    raft->round = u64_max(raft->round + 1, (uint64_t)raft->now.ns); /* [I8] */
}

void raft_lead_append(struct raft *raft, struct raft_batch *batch, struct raft_outbox *out)
{
    ASSERT(out->append_count < RAFT_SPANS_MAX);
    raft_batch_stamp(batch, (struct raft_pos){raft->hard.term, raft->tail.last.index + 1});
    raft_tail_append(&raft->tail, batch, 0);
    out->append[out->append_count++] = raft_batch_span(batch, 0, raft_batch_count(batch));
    raft_wake(raft, out);
}

void raft_lead_append_one(struct raft *raft, enum raft_entry_kind kind, struct slice payload,
                          struct raft_outbox *out)
{
    struct raft_batch *batch = raft_batch_new(RAFT_ENTRY_HEADER_BYTES + payload.len);
    raft_batch_add(batch, kind, &payload, 1);
    raft_lead_append(raft, batch, out);
    raft_effective_from(raft, batch, 0); /* [I7] */
    raft_batch_unref(batch);
}

void raft_become_leader(struct raft *raft, struct raft_outbox *out)
{
    ASSERT(raft->role == RAFT_CANDIDATE);
    raft->role = RAFT_LEADER;
    raft->leader = raft->config.self;
    raft->stats.elections_won++;
    raft->term_first = raft->tail.last.index + 1;
    raft->lease_lost = false;
    raft->transfer_to = NODE_NONE;
    raft->changing = false;
    raft->answer_due = false;
    raft_reads_forget(raft);
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        raft_progress_reset(raft, &raft->peers[i]);
    }
    raft_round_begin(raft);
    raft->heartbeat_at = raft_after(raft->now, raft->config.heartbeat);
    raft_lead_append_one(raft, RAFT_ENTRY_EMPTY, (struct slice){0}, out); /* [I5] */
}

/* A leader's own acknowledgement is what it has durable, as everybody's: they may outvote it. */
void raft_lead_commit(struct raft *raft)
{
    uint64_t values[RAFT_MEMBERS_MAX];
    if (raft->commit == raft->tail.last.index) return; /* there is nothing more */
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        bool self = raft_is_self(raft, peer->node);
        values[i] = self ? raft->durable : peer->recovering ? 0 : peer->matched; /* [I4] [I9] */
    }
    uint64_t index = raft_members_quorum(&raft->effective.members, values);
    if (index < raft->term_first || index <= raft->commit) return; /* [I5] */
    ASSERT(index <= raft->tail.last.index);
    raft->commit = index;
}

uint64_t raft_round_of_quorum(const struct raft *raft)
{
    uint64_t values[RAFT_MEMBERS_MAX];
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        bool self = raft_is_self(raft, peer->node);
        values[i] = self ? UINT64_MAX : peer->recovering ? 0 : peer->round; /* [I9] */
    }
    return raft_members_quorum(&raft->effective.members, values);
}

/* On a grid that all groups of a node share: what several of them send goes as one. */
static instant next_heartbeat(const struct raft *raft)
{
    int64_t every_ns = raft->config.heartbeat.ns;
    return (instant){raft->now.ns - raft->now.ns % every_ns + every_ns};
}

void raft_heartbeat(struct raft *raft, struct raft_outbox *out)
{
    raft_round_begin(raft);
    bool alone = raft_peers_count(raft) == 1;
    raft->heartbeat_at = alone ? RAFT_NEVER : next_heartbeat(raft);
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        if (raft_is_self(raft, raft->peers[i].node)) continue;
        raft_push_append(raft, &raft->peers[i], false, out);
    }
}

/* Something happened. */
void raft_wake(struct raft *raft, struct raft_outbox *out)
{
    raft->busy_at = raft->now;
    if (!raft->hibernating) return;
    raft->hibernating = false;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) raft->peers[i].answered = raft->now;
    raft_heartbeat(raft, out);
}

static bool quorum_answers(const struct raft *raft)
{
    uint64_t values[RAFT_MEMBERS_MAX];
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        bool self = raft_is_self(raft, peer->node);
        values[i] = self || (!peer->recovering && raft_progress_is_active(raft, peer));
    }
    return raft_members_quorum(&raft->effective.members, values) == 1;
}

static bool is_idle(const struct raft *raft)
{
    duration wait = raft->config.hibernate_after;
    if (wait.ns == 0 || raft->now.ns - raft->busy_at.ns < wait.ns) return false;
    uint64_t last = raft->tail.last.index;
    if (raft->commit != last || raft->durable != last || raft->transfer_to.n != 0) return false;
    if (raft->changing || raft->effective.members.joint) return false;
    if (raft->reads_wanted > raft->reads_done) return false;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        if (raft_is_self(raft, peer->node)) continue;
        bool settled = peer->matched == last && peer->commit_sent == last &&
                       peer->round == raft->round && !peer->recovering;
        if (!settled) return false;
    }
    return true;
}

static void hibernate(struct raft *raft, struct raft_outbox *out)
{
    raft->hibernating = true;
    raft->heartbeat_at = RAFT_NEVER;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        if (raft_is_self(raft, raft->peers[i].node)) continue;
        raft_push_append(raft, &raft->peers[i], true, out);
    }
}

void raft_lead_tick(struct raft *raft, struct raft_outbox *out)
{
    if (raft->transfer_to.n != 0 && raft->now.ns >= raft->transfer_until.ns) {
        raft->transfer_to = NODE_NONE; /* it did not come to it: we go on */
    }
    if (raft->now.ns < raft->heartbeat_at.ns) return;
    if (!quorum_answers(raft)) {
        raft_become_follower(raft, raft->hard.term, NODE_NONE);
    } else if (is_idle(raft)) {
        hibernate(raft, out);
    } else {
        raft_heartbeat(raft, out);
    }
}
