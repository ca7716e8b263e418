/*
 * replica_state.c -- who has ever had data.
 *
 * A folder that is empty may be new, or lost. Its node promises nothing (it is recovering) until
 * it is whole again: filled by a leader; or until it has heard, over links that are up, from all
 * others that they hold no entry either, and a majority of all has no damaged folder. No entry can
 * have been agreed on then, and a new cluster begins. Said when a link comes up and whenever it
 * changes, of several groups in a LINK_STATE frame: group u32, state u8, term u64, last u64.
 *
 * Invariants
 *   F1  a majority is not enough to begin: of three, one may hold what was agreed on and be away,
 *       one have lost its copy, and the third never have had one.
 *   F2  who has lost its folder may have voted, but in no term in which somebody led that is later
 *       than the last of the others: it begins behind that.
 */
#include "lane/replica_impl.h"

static enum replica_state own_state(const struct replica *replica)
{
    if (!raft_is_recovering(replica->raft)) return REPLICA_WHOLE;
    bool has_data = replica->was_damaged || raft_last(replica->raft).index > 0;
    return has_data ? REPLICA_RECOVERING : REPLICA_NEW;
}

void replica_state_put(const struct replica *replica, struct buffer *frame)
{
    put_u32(frame, replica->shard->number.n);
    put_u8(frame, (uint8_t)own_state(replica));
    put_u64(frame, raft_term(replica->raft));
    put_u64(frame, raft_last(replica->raft).index);
}

static bool state_of(uint8_t byte, enum replica_state *state)
{
    switch (byte) {
    case REPLICA_NEW: *state = REPLICA_NEW; return true;
    case REPLICA_WHOLE: *state = REPLICA_WHOLE; return true;
    case REPLICA_RECOVERING: *state = REPLICA_RECOVERING; return true;
    default: return false;
    }
}

void replica_state_heard(struct replica *replica, node_id from, struct cursor *cursor)
{
    struct replica_peer *peer = replica == NULL ? NULL : replica_peer(replica, from);
    enum replica_state state = REPLICA_NEW;
    bool known = state_of(cursor_u8(cursor), &state);
    uint64_t term = cursor_u64(cursor), last = cursor_u64(cursor);
    if (cursor->bad || !known || peer == NULL) return;
    peer->state = state;
    peer->term = term;
    peer->last = last;
    lane_touch(replica->shard);
}

/* Nobody holds anything. */
static bool may_form(const struct replica *replica)
{
    uint32_t sound = 1;
    if (own_state(replica) != REPLICA_NEW) return false;
    if (!raft_members_has(&replica->config_members, replica->lane->self)) return false;
    for (uint32_t i = 0; i < replica->peers_count; i++) {
        const struct replica_peer *peer = &replica->peers[i];
        if (!peer->is_up || peer->state == 0 || peer->last > 0) return false; /* [F1] */
        sound += peer->state != REPLICA_RECOVERING;
    }
    return sound > (replica->peers_count + 1) / 2;
}

static void form(struct replica *replica)
{
    struct raft_event event = {.kind = RAFT_EV_FORMED};
    for (uint32_t i = 0; i < replica->peers_count; i++) {
        event.term = u64_max(event.term, replica->peers[i].term); /* [F2] */
    }
    replica_step(replica, &event);
}

void replica_state_turn(struct replica *replica)
{
    if (raft_is_recovering(replica->raft) && may_form(replica)) form(replica);
    enum replica_state state = own_state(replica);
    if (state == replica->told_state) return;
    replica->told_state = state;
    replica->state_due = replica->lane->states_due = true;
}
