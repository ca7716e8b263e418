/*
 * raft_change.c -- changing members, and handing leadership over. See raft.c for the invariants.
 *
 * A change goes on whenever the members in effect are committed, one entry at a time:
 *
 *   some are new          -> they are appended as learners; those of an earlier target go
 *   a learner shall vote  -> it is waited for until it has caught up
 *   voters differ         -> both sets, jointly
 *   jointly               -> the new set, by whoever leads then
 *   learners differ       -> the new set
 */
#include "core/raft/raft_impl.h"

static void append_members(struct raft *raft, const struct raft_members *members,
                           struct raft_outbox *out)
{
    struct buffer bytes = {0};
    raft_members_write(members, &bytes);
    raft_lead_append_one(raft, RAFT_ENTRY_MEMBERS, buffer_slice(&bytes), out);
    buffer_free(&bytes);
}

void raft_on_members(struct raft *raft, const struct raft_members *target)
{
    ASSERT(raft_may_change_members(raft));
    ASSERT(raft_members_fit(&raft->effective.members, target));
    raft->target = *target;
    raft->changing = true;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        raft->peers[i].caught_up = false;
        raft->peers[i].catch_index = 0;
    }
}

/* Rounds of catching up, as in the thesis: when one took less than an election may, the next is as
 * short, and it will not hold up the group as a voter. */
static bool catches_up(struct raft *raft, struct raft_progress *peer)
{
    if (peer->recovering || !raft_progress_is_active(raft, peer)) return false;
    if (peer->caught_up) return true;
    bool first = peer->catch_index == 0;
    if (!first && peer->matched < peer->catch_index) return false;
    int64_t took_ns = raft->now.ns - peer->catch_at.ns;
    peer->caught_up = !first && took_ns <= raft->config.election_min.ns;
    peer->catch_index = raft->tail.last.index;
    peer->catch_at = raft->now;
    return peer->caught_up;
}

static bool voters_differ(const struct raft_members *a, const struct raft_members *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        node_id node = a->members[i].node;
        if (raft_members_is_voter(a, node) && !raft_members_is_voter(b, node)) return true;
    }
    return false;
}

static bool learners_are_ready(struct raft *raft)
{
    const struct raft_members *members = &raft->effective.members;
    bool ready = true;
    for (uint32_t i = 0; i < members->count; i++) {
        node_id node = members->members[i].node;
        bool comes = raft_members_is_voter(&raft->target, node);
        if (!comes || raft_members_is_voter(members, node)) continue;
        if (!catches_up(raft, &raft->peers[i])) ready = false;
    }
    return ready;
}

static void change_go_on(struct raft *raft, struct raft_outbox *out)
{
    const struct raft_members *members = &raft->effective.members;
    struct raft_members all = raft_members_with_learners(members, &raft->target);
    if (!raft_members_eq(&all, members)) {
        append_members(raft, &all, out);
    } else if (!learners_are_ready(raft)) {
        return;
    } else if (voters_differ(members, &raft->target) || voters_differ(&raft->target, members)) {
        struct raft_members joint = raft_members_joint(members, &raft->target);
        append_members(raft, &joint, out);
    } else if (!raft_members_eq(members, &raft->target)) {
        append_members(raft, &raft->target, out);
    } else {
        raft->changing = false;
    }
}

/* --- handing over ---------------------------------------------------------------------------- */

static struct raft_progress *best_heir(struct raft *raft)
{
    struct raft_progress *best = NULL;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        struct raft_progress *peer = &raft->peers[i];
        bool fit = !raft_is_self(raft, peer->node) && !peer->recovering &&
                   raft_members_is_voter(&raft->effective.members, peer->node) &&
                   raft_progress_is_active(raft, peer);
        if (fit && (best == NULL || peer->matched > best->matched)) best = peer;
    }
    return best;
}

static void tell_heir(struct raft *raft, node_id to, struct raft_outbox *out)
{
    raft->lease_lost = true; /* [I8] */
    raft_push(raft, out, RAFT_MSG_TIMEOUT_NOW, to);
}

/* The members in effect are committed, and we are none of those who decide any more. */
static void leave(struct raft *raft, struct raft_outbox *out)
{
    raft_heartbeat(raft, out); /* they learn of the commit */
    const struct raft_progress *heir = best_heir(raft);
    if (heir != NULL) tell_heir(raft, heir->node, out);
    raft_become_follower(raft, raft->hard.term, NODE_NONE);
}

void raft_change_advance(struct raft *raft, struct raft_outbox *out)
{
    bool settled = raft->commit >= raft->term_first && raft->effective.index <= raft->commit;
    if (!settled) return; /* [I7] */
    if (raft->effective.members.joint) {
        struct raft_members last = raft_members_final(&raft->effective.members);
        append_members(raft, &last, out);
    } else if (!raft_members_is_voter(&raft->effective.members, raft->config.self)) {
        leave(raft, out);
    } else if (raft->changing) {
        change_go_on(raft, out);
    }
}

void raft_on_transfer(struct raft *raft, node_id to)
{
    if (raft->role != RAFT_LEADER || raft->transfer_to.n != 0) return;
    struct raft_progress *heir = to.n == 0 ? best_heir(raft) : raft_progress_of(raft, to);
    if (heir == NULL || !raft_members_is_voter(&raft->effective.members, heir->node)) return;
    raft->transfer_to = heir->node;
    raft->transfer_told = false;
    raft->transfer_until = raft_after(raft->now, raft->config.election_max);
}

void raft_transfer_advance(struct raft *raft, struct raft_outbox *out)
{
    if (raft->transfer_to.n == 0 || raft->transfer_told) return;
    const struct raft_progress *heir = raft_progress_of(raft, raft->transfer_to);
    if (heir == NULL || heir->recovering) {
        raft->transfer_to = NODE_NONE;
    } else if (heir->matched == raft->tail.last.index) {
        raft_wake(raft, out);
        tell_heir(raft, heir->node, out);
        raft->transfer_told = true;
    }
}

void raft_on_timeout_now(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    bool from_leader = raft->role == RAFT_FOLLOWER && node_eq(raft->leader, msg->from);
    if (from_leader && raft_may_campaign(raft)) raft_campaign(raft, true, out);
}
