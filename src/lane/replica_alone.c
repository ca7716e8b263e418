/*
 * replica_alone.c -- entries of a group that has no other member. Nobody asks for them, and to be
 * durable is to be agreed on: so they go to the log at once, and raft hears of them now and then
 * (lane_turn.c). A reply waits for the place of its entry in the lane's log, whatever its shard.
 *
 * Invariants
 *   N1  until raft has heard of them nothing else is appended, no message is taken, and nobody
 *       becomes a member.
 *   N2  `marked` is at or before `last`, and what is at or before `durable_index` is on disk.
 */
#include "lane/replica_impl.h"

bool replica_is_ahead(const struct replica *replica)
{
    return replica->serving && replica->pending == NULL &&
           replica->stored.index > raft_last(replica->raft).index;
}

void replica_append_alone(struct replica *replica, struct slice record)
{
    struct raft_pos pos = {replica->serving_term, replica->stored.index + 1};
    struct raft_entry entry = {.kind = RAFT_ENTRY_COMMANDS, .pos = pos, .payload = record};
    struct replica_alone *own = &replica->own;
    struct lane *lane = replica->lane;
    ASSERT(replica->pending == NULL);
    own->last = (struct replica_place){pos.index, replica_write_entry(replica, &entry)};
    replica->stored = pos;
    if (own->marked.position <= log_durable(lane->log)) { /* [N2] */
        own->durable_index = own->marked.index;
        own->marked = own->last;
    }
    if (own->is_listed) return;
    own->is_listed = true;
    lane->ahead[lane->ahead_count++] = replica->shard;
}

uint64_t replica_alone_agreed(const struct replica *replica)
{
    const struct replica_alone *own = &replica->own;
    uint64_t durable = log_durable(replica->lane->log);
    if (own->last.position <= durable) return own->last.index;
    return own->marked.position <= durable ? own->marked.index : own->durable_index;
}

void replica_tell_alone(struct replica *replica)
{
    uint64_t index = replica_alone_agreed(replica);
    if (!replica_is_ahead(replica) || index <= raft_last(replica->raft).index) return;
    struct raft_event event = {.kind = RAFT_EV_ALONE, .pos = {replica->serving_term, index}};
    ASSERT(index <= replica->stored.index);
    replica->index_told = replica->applied_told = index;
    replica_step(replica, &event);
}

bool replica_ends_alone(struct replica *replica) /* [N1] */
{
    replica_tell_alone(replica);
    replica->ends_alone = replica_is_ahead(replica);
    if (replica->ends_alone) replica->may_write = replica->lane->ahead_rests = false;
    return !replica->ends_alone;
}
