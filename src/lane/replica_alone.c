/*
 * replica_alone.c -- entries of a group that has no other member. Nobody asks for them, and to be
 * durable is to be agreed on: so they go to the log at once, and raft hears of them once a flush.
 *
 * Invariants
 *   N1  until raft has heard of them nothing else is appended, no message is taken, and nobody
 *       becomes a member.
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
    ASSERT(replica->pending == NULL);
    replica_log_entry(replica, &entry);
    replica->stored = pos;
    lane_touch(replica->shard);
}

void replica_tell_alone(struct replica *replica, uint64_t index)
{
    if (!replica_is_ahead(replica) || index <= raft_last(replica->raft).index) return;
    struct raft_event event = {.kind = RAFT_EV_ALONE, .pos = {replica->serving_term, index}};
    ASSERT(index <= replica->stored.index);
    replica->index_told = replica->applied_told = index;
    replica_step(replica, &event);
}

bool replica_ends_alone(struct replica *replica) /* [N1] */
{
    replica->ends_alone = replica_is_ahead(replica);
    if (replica->ends_alone) replica->may_write = false;
    return !replica->ends_alone;
}
