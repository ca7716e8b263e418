/* raft_readers.c -- what is read of a member between its steps. See raft.h. */
#include "core/raft/raft_impl.h"

enum raft_role raft_role(const struct raft *raft)
{
    return raft->role;
}

node_id raft_leader(const struct raft *raft)
{
    return raft->leader;
}

uint64_t raft_term(const struct raft *raft)
{
    return raft->hard.term;
}

uint64_t raft_commit(const struct raft *raft)
{
    return raft->commit;
}

struct raft_pos raft_last(const struct raft *raft)
{
    return raft->tail.last;
}

bool raft_is_recovering(const struct raft *raft)
{
    return raft->hard.recovering;
}

bool raft_hard(const struct raft *raft, struct raft_hard *hard)
{
    *hard = raft->hard;
    return raft_hard_is_durable(raft);
}

bool raft_may_propose(const struct raft *raft)
{
    bool leads = raft->role == RAFT_LEADER && raft->commit >= raft->term_first;
    if (!leads || raft->transfer_to.n != 0) return false;
    uint64_t open_bytes = raft_tail_bytes_behind(&raft->tail, raft->commit);
    return open_bytes <= raft->config.tail_bytes; /* [I10] */
}

bool raft_is_alone(const struct raft *raft)
{
    return raft_peers_count(raft) == 1 && /* not even a learner */
           raft_members_is_sole(&raft->effective.members, raft->config.self);
}

bool raft_may_change_members(const struct raft *raft)
{
    return raft->role == RAFT_LEADER && raft->commit >= raft->term_first &&
           raft->transfer_to.n == 0 && !raft->effective.members.joint &&
           raft->effective.index <= raft->commit;
}

const struct raft_members *raft_members(const struct raft *raft)
{
    return &raft->effective.members;
}

bool raft_members_at(const struct raft *raft, uint64_t index, struct raft_members *members)
{
    bool now = index >= raft->effective.index;
    if (!now && index < raft->before.index) return false;
    *members = now ? raft->effective.members : raft->before.members;
    return true;
}

bool raft_term_at(const struct raft *raft, uint64_t index, uint64_t *term)
{
    return raft_tail_term(&raft->tail, index, term);
}

bool raft_entries(const struct raft *raft, uint64_t from, uint64_t until, struct raft_span *span)
{
    if (from <= raft->tail.base.index || from > raft->tail.last.index || until < from) return false;
    *span = raft_tail_span(&raft->tail, from, until, SIZE_MAX);
    return true;
}

uint32_t raft_peers(const struct raft *raft, struct raft_peer peers[RAFT_MEMBERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; raft->role == RAFT_LEADER && i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        if (raft_is_self(raft, peer->node)) continue;
        bool snapshot = peer->sending == RAFT_SNAPSHOT;
        peers[count++] = (struct raft_peer){
            .node = peer->node,
            .matched = peer->matched,
            .is_active = raft_progress_is_active(raft, peer),
            .is_recovering = peer->recovering,
            .no_room = peer->no_room,
            .needs_snapshot = snapshot && peer->snapshot.index == 0,
            .gets_snapshot = snapshot && peer->snapshot.index > 0,
            .snapshot_bytes = peer->snapshot_bytes,
            .sent_bytes = peer->offset,
            .sent_from = peer->offset_first,
            .sent_since = peer->offset_since,
        };
    }
    return count;
}

const struct raft_stats *raft_stats(const struct raft *raft)
{
    return &raft->stats;
}
