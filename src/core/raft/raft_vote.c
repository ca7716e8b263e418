/*
 * raft_vote.c -- elections. See raft.c for the invariants.
 *
 *   follower       -> pre-candidate   raft_pre_campaign, when no leader is heard
 *   pre-candidate  -> candidate       raft_campaign, when a majority would vote for it
 *   follower       -> candidate       raft_campaign, when its leader hands over
 *   candidate      -> leader          raft_become_leader, when a majority did
 *   any            -> follower        raft_become_follower, when a later term or a leader is seen
 */
#include "core/raft/raft_impl.h"

static duration random_wait(struct raft *raft, int64_t from_ns, int64_t until_ns)
{
    uint64_t span = until_ns > from_ns ? (uint64_t)(until_ns - from_ns) : 0;
    return (duration){from_ns + (int64_t)prng_below(&raft->prng, span + 1)};
}

/* Who leaves may still be needed: those who stay may lack the entry that says so, and must not be
 * elected before they have it (Ongaro's thesis, §4.2.2). */
bool raft_may_campaign(const struct raft *raft)
{
    bool leaves = raft->effective.index > raft->commit &&
                  raft_members_is_voter(&raft->before.members, raft->config.self);
    return !raft->hard.recovering && /* [I9] */
           !raft->incoming.installing &&
           (leaves || raft_members_is_voter(&raft->effective.members, raft->config.self));
}

void raft_election_timer(struct raft *raft, instant from)
{
    const struct raft_config *config = &raft->config;
    raft->election_at =
        raft_after(from, random_wait(raft, config->election_min.ns, config->election_max.ns));
}

static void retry_timer(struct raft *raft)
{
    int64_t min = raft->config.election_min.ns;
    raft->election_at = raft_after(raft->now, random_wait(raft, min / 2, min));
}

/* Its link is gone: then it is not worth to wait for all of the silence, but for as long as others
 * are bound to refuse, and a little, so that not all of them ask at once. */
void raft_leader_down(struct raft *raft)
{
    const struct raft_config *config = &raft->config;
    instant free_at = raft_after(raft->heard, config->election_min);
    if (free_at.ns < raft->now.ns) free_at = raft->now;
    int64_t little = (config->election_max.ns - config->election_min.ns) / 4;
    raft->hibernating = false;
    raft->election_at =
        raft_sooner(raft->election_at, raft_after(free_at, random_wait(raft, 0, little)));
}

static struct raft_pos durable_pos(const struct raft *raft)
{
    uint64_t index = u64_min(raft->durable, raft->tail.last.index), term = 0;
    bool known = raft_tail_term(&raft->tail, index, &term);
    ASSERT(known);
    return (struct raft_pos){term, index};
}

static void votes_begin(struct raft *raft)
{
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) raft->peers[i].granted = false;
    raft->leader = NODE_NONE;
    raft->hibernating = false;
    retry_timer(raft);
}

static bool votes_suffice(const struct raft *raft)
{
    uint64_t values[RAFT_MEMBERS_MAX];
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) values[i] = raft->peers[i].granted;
    return raft_members_quorum(&raft->effective.members, values) == 1;
}

static void votes_ask(struct raft *raft, bool pre, bool transfer, struct raft_outbox *out)
{
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        node_id node = raft->peers[i].node;
        if (raft_is_self(raft, node) || !raft_members_is_voter(&raft->effective.members, node)) {
            continue;
        }
        struct raft_msg *ask = raft_push(raft, out, RAFT_MSG_VOTE_ASK, node);
        ask->term = raft->hard.term + pre;
        ask->vote_ask.last = durable_pos(raft); /* it has no more to offer: [I3] */
        ask->vote_ask.pre = pre;
        ask->vote_ask.transfer = transfer;
    }
}

static void vote_own(struct raft *raft)
{
    uint32_t self = raft_members_find(&raft->effective.members, raft->config.self);
    if (self != RAFT_MEMBER_NONE) raft->peers[self].granted = true;
}

void raft_pre_campaign(struct raft *raft, struct raft_outbox *out)
{
    raft->role = RAFT_PRE_CANDIDATE;
    votes_begin(raft);
    vote_own(raft);
    if (votes_suffice(raft)) {
        raft_campaign(raft, false, out);
    } else {
        votes_ask(raft, true, false, out);
    }
}

/* Its own vote counts when it is durable, in raft_vote_durable. [I2] */
void raft_campaign(struct raft *raft, bool transfer, struct raft_outbox *out)
{
    raft_become_follower(raft, raft->hard.term + 1, NODE_NONE);
    raft->role = RAFT_CANDIDATE;
    raft->hard.vote = raft->config.self;
    raft->stats.elections_started++;
    votes_begin(raft);
    votes_ask(raft, false, transfer, out);
}

void raft_vote_durable(struct raft *raft, struct raft_outbox *out)
{
    if (!raft_hard_is_durable(raft)) return;
    if (raft->role == RAFT_CANDIDATE) {
        vote_own(raft);
        if (votes_suffice(raft)) raft_become_leader(raft, out);
    }
    if (raft->vote_due.n == 0) return;
    struct raft_msg *answer = raft_push(raft, out, RAFT_MSG_VOTE_ANSWER, raft->vote_due);
    answer->vote_answer.granted = true; /* [I2] */
    raft->vote_due = NODE_NONE;
}

/* A follower that hibernates hears nothing because nothing happens: its leader is not gone. */
bool raft_is_protected(const struct raft *raft)
{
    if (raft_members_is_sole(&raft->effective.members, raft->config.self)) return false;
    if (raft->role == RAFT_LEADER || raft->hibernating) return true;
    return raft->now.ns - raft->heard.ns < raft->config.election_min.ns; /* [I8] */
}

static bool vote_is_deserved(const struct raft *raft, const struct raft_msg *msg)
{
    if (raft->hard.recovering) return false;                              /* [I9] */
    if (!msg->vote_ask.transfer && raft_is_protected(raft)) return false; /* [I8] */
    bool fresh = raft_pos_cmp(msg->vote_ask.last, raft->tail.last) >= 0;  /* [I3] */
    if (msg->vote_ask.pre) return fresh && msg->term > raft->hard.term;
    bool unspent = raft->hard.vote.n == 0 || node_eq(raft->hard.vote, msg->from);
    return fresh && unspent && msg->term == raft->hard.term; /* [I2] */
}

void raft_on_vote_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    bool granted = vote_is_deserved(raft, msg);
    if (raft->hibernating && raft->role == RAFT_FOLLOWER) { /* somebody misses the leader: do we? */
        raft->hibernating = false;
        raft->heard = raft->now;
        raft_election_timer(raft, raft->now);
    }
    if (granted && !msg->vote_ask.pre) {
        bool again = node_eq(raft->hard.vote, msg->from) && raft_hard_is_durable(raft);
        raft->hard.vote = msg->from;
        raft_election_timer(raft, raft->now); /* we have just helped someone: give them time */
        if (!again) {
            raft->vote_due = msg->from; /* [I2] */
            return;
        }
    }
    /* A refusal carries our term too: it is how a candidate left behind learns the time. */
    struct raft_msg *answer = raft_push(raft, out, RAFT_MSG_VOTE_ANSWER, msg->from);
    answer->vote_answer.granted = granted;
    answer->vote_answer.pre = msg->vote_ask.pre;
    if (granted && msg->vote_ask.pre) answer->term = msg->term;
}

void raft_on_vote_answer(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    bool pre = raft->role == RAFT_PRE_CANDIDATE;
    if (!pre && raft->role != RAFT_CANDIDATE) return;
    if (!msg->vote_answer.granted || msg->vote_answer.pre != pre) return;
    if (msg->term != raft->hard.term + pre) return; /* to an earlier question */
    struct raft_progress *peer = raft_progress_of(raft, msg->from);
    if (peer == NULL) return;
    peer->granted = true;
    if (!votes_suffice(raft)) return;
    if (pre) {
        raft_campaign(raft, false, out);
    } else {
        raft_become_leader(raft, out);
    }
}
