/*
 * raft_read.c -- reads that see all that was committed before they were asked for: by a round of
 * heartbeats that a majority answers, or by the lease; a follower asks its leader for the index.
 * See raft.c for the invariants.
 */
#include "core/raft/raft_impl.h"

instant raft_lease_until(const struct raft *raft) /* [I8] */
{
    const instant none = {INT64_MIN};
    if (raft->role != RAFT_LEADER || raft->commit < raft->term_first) return none;
    uint64_t round = raft_round_of_quorum(raft);
    if (round == UINT64_MAX) return RAFT_NEVER; /* it needs nobody */
    if (!raft->config.lease || raft->lease_lost || round == 0) return none;
    ASSERT(raft->config.drift_percent < 100);
    int64_t lease_ns = raft->config.election_min.ns / 100 * (100 - raft->config.drift_percent);
    return (instant){(int64_t)round + lease_ns};
}

void raft_on_read(struct raft *raft)
{
    raft->reads_wanted++;
    if (raft->role == RAFT_LEADER || !raft->hibernating) return;
    raft->hibernating = false; /* is the leader still there? */
    raft_election_timer(raft, raft->now);
}

/* Rounds under way are void, and what they were for is asked for again. */
void raft_reads_forget(struct raft *raft)
{
    raft->reads_count = 0;
    raft->reads_started = raft->reads_done;
    raft->read_asked = 0;
}

static void read_done(struct raft *raft, uint64_t number, uint64_t index)
{
    raft->reads_done = u64_max(raft->reads_done, number);
    raft->reads_started = u64_max(raft->reads_started, number);
    raft->read_index = u64_max(raft->read_index, index);
}

static void rounds_end(struct raft *raft, uint64_t round, struct raft_outbox *out)
{
    while (raft->reads_count > 0 && raft->reads[raft->reads_head].round <= round) {
        const struct raft_read *read = &raft->reads[raft->reads_head];
        read_done(raft, read->number, read->index);
        raft->reads_head = (raft->reads_head + 1) % RAFT_READS_MAX;
        raft->reads_count--;
    }
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        struct raft_progress *peer = &raft->peers[i];
        if (peer->read_number == 0 || peer->read_round > round) continue;
        /* It learns of the commit first: what it waits for is applied at once. */
        if (peer->commit_sent < peer->read_index) raft_push_append(raft, peer, false, out);
        struct raft_msg *answer = raft_push(raft, out, RAFT_MSG_READ_ANSWER, peer->node);
        answer->read_answer.round = peer->read_number;
        answer->read_answer.index = peer->read_index;
        peer->read_number = 0;
    }
}

static void round_start(struct raft *raft, struct raft_outbox *out)
{
    if (raft->reads_wanted == raft->reads_started || raft->reads_count == RAFT_READS_MAX) return;
    if (raft_lease_until(raft).ns > raft->now.ns) {
        read_done(raft, raft->reads_wanted, raft->commit);
        return;
    }
    raft_wake(raft, out);
    raft_heartbeat(raft, out);
    uint32_t at = (raft->reads_head + raft->reads_count++) % RAFT_READS_MAX;
    raft->reads[at] = (struct raft_read){raft->reads_wanted, raft->round, raft->commit};
    raft->reads_started = raft->reads_wanted;
}

static void read_ask(struct raft *raft, struct raft_outbox *out)
{
    bool waiting = raft->read_asked > raft->reads_done && raft->now.ns < raft->read_retry_at.ns;
    if (raft->reads_wanted == raft->reads_done || raft->leader.n == 0 || waiting) return;
    struct raft_msg *ask = raft_push(raft, out, RAFT_MSG_READ_ASK, raft->leader);
    ask->read_ask.round = raft->reads_wanted;
    raft->read_asked = raft->reads_wanted;
    raft->read_retry_at = raft_after(raft->now, raft->config.election_min);
}

void raft_reads_advance(struct raft *raft, struct raft_outbox *out)
{
    bool asked = raft->reads_count > 0 || raft->reads_wanted != raft->reads_started;
    if (raft->role != RAFT_LEADER) {
        read_ask(raft, out);
    } else if (raft_peers_count(raft) == 1 && !asked) {
        return;
    } else if (raft->commit >= raft->term_first) { /* before that it does not know its commit */
        rounds_end(raft, raft_round_of_quorum(raft), out);
        round_start(raft, out);
    }
}

void raft_on_read_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    struct raft_progress *peer = raft_progress_of(raft, msg->from);
    if (raft->role != RAFT_LEADER || peer == NULL || raft->commit < raft->term_first) return;
    raft_wake(raft, out);
    peer->read_number = msg->read_ask.round;
    peer->read_index = raft->commit;
    peer->read_round = 0; /* the lease is enough */
    if (raft_lease_until(raft).ns > raft->now.ns) return;
    raft_heartbeat(raft, out);
    peer->read_round = raft->round;
}

void raft_on_read_answer(struct raft *raft, const struct raft_msg *msg)
{
    uint64_t number = msg->read_answer.round;
    if (raft->role == RAFT_LEADER || number > raft->reads_wanted) return;
    if (number > raft->reads_done) read_done(raft, number, msg->read_answer.index);
}

uint64_t raft_read_round(const struct raft *raft)
{
    return raft->reads_wanted + 1;
}

uint64_t raft_rounds_done(const struct raft *raft)
{
    return raft->reads_done;
}

uint64_t raft_read_index(const struct raft *raft)
{
    return raft->read_index;
}
