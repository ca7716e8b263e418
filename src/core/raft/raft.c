/*
 * raft.c -- making a member, its step, and what is read of it. See raft.h.
 *
 * Invariants. The brackets mark the lines that keep them; raft_check sweeps what one member can
 * know of them.
 *   I1  the term never goes back.
 *   I2  at most one vote a term, also a candidate's for itself, and it is durable before it counts.
 *   I3  what is committed is in the log, and stays; no leader lacks any of it.
 *   I4  a member answers for what is durable with it and in its leader's log, and for no more; a
 *       leader answers for itself by the same rule.
 *   I5  a leader commits by counting when an entry of its own term has its majority, and its first
 *       one is empty, so that this never waits for a client.
 *   I6  on its way to one member is what its windows allow: bytes, entries, messages.
 *   I7  members count from the moment they are in the log to the moment they are cut off it; a
 *       leader appends others only when the last are committed: before the last one, all are.
 *   I8  who has heard a leader gives nobody a vote for election_min, unless that leader asks it to;
 *       a lease is shorter than that, and begins when the question was sent that a majority
 *       answered.
 *   I9  who may have forgotten what it said neither votes, nor leads, nor counts.
 *   I10 the tail in memory is about tail_bytes, plus what is not durable, committed, applied; and
 *       up to RAFT_TAIL_FACTOR as much for members who are behind and answer.
 *   I11 a snapshot is never put over a newer state.
 */
#include "core/raft/raft_batch_impl.h"
#include "core/raft/raft_impl.h"

struct raft *raft_new(struct arena *arena, const struct raft_config *config,
                      const struct raft_start *start)
{
    struct raft *raft = ARENA_NEW(arena, struct raft);
    raft->config = *config;
    raft->prng.state = config->seed;
    raft->now = raft->heard = start->now; /* we may have heard a leader just before: [I8] */
    raft->life = prng_next(&raft->prng);
    raft->hard = start->hard;
    raft->tail.base = raft->tail.last = raft->snapshot = start->snapshot;
    raft->durable = raft->commit = raft->applied = start->snapshot.index;
    raft->hard.term = u64_max(start->hard.term, start->snapshot.term);
    raft_effective_set(raft, start->snapshot.index, &start->members);
    raft->before = raft->effective;
    /* Numbers of an earlier life are none of this one: its answers may still come. */
    raft->reads_wanted = raft->reads_started = raft->reads_done = prng_next(&raft->prng) >> 8;
    raft->election_at = start->now;
    if (!raft_members_is_sole(&start->members, config->self)) {
        raft_election_timer(raft, start->now);
    }
    return raft;
}

void raft_free(struct raft *raft)
{
    raft_tail_clear(&raft->tail, raft->tail.base);
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++) buffer_free(&raft->peers[i].flights);
}

/* Also what the snapshot has already may replace what is behind it; until that comes, what will be
 * replaced may be of an earlier term than the snapshot, and what follows on it has a gap before. */
static void restore_piece(struct raft *raft, struct raft_batch *batch)
{
    uint64_t base = raft->tail.base.index;
    uint64_t first = raft_batch_entry(batch, 0).pos.index;
    uint64_t skip = first > base ? 0 : base + 1 - first;
    uint64_t cut = u64_max(first, base + 1);
    if (cut <= raft->tail.last.index) {
        raft_tail_truncate(&raft->tail, cut);
        raft_effective_cut(raft, cut);
    }
    if (skip >= raft_batch_count(batch) || cut > raft->tail.last.index + 1) return;
    if (raft_batch_entry(batch, (uint32_t)skip).pos.term < raft->tail.base.term) return;
    raft_tail_append(&raft->tail, batch, (uint32_t)skip);
    raft_effective_from(raft, batch, (uint32_t)skip);
}

void raft_restore(struct raft *raft, struct raft_batch *batch)
{
    if (raft_batch_count(batch) == 0) return;
    restore_piece(raft, batch);
    raft->durable = raft->tail.last.index;
    raft->hard.term = u64_max(raft->hard.term, raft->tail.last.term); /* [I1] */
    /* Who decides alone has decided what it has: it need not be kept. Others do not know. */
    if (!raft_members_is_sole(&raft->effective.members, raft->config.self)) return;
    raft->commit = raft->applied = raft->durable;
    raft_tail_trim(raft);
}

void raft_restore_commit(struct raft *raft, uint64_t commit)
{
    commit = u64_min(commit, raft->tail.last.index);
    raft->commit = raft->applied = u64_max(raft->commit, commit); /* [I3] */
}

struct raft_msg *raft_push(struct raft *raft, struct raft_outbox *out, enum raft_msg_kind kind,
                           node_id to)
{
    ASSERT(out->msgs_count < RAFT_OUT_MSGS_MAX);
    struct raft_msg *msg = &out->msgs[out->msgs_count++];
    memset(msg, 0, offsetof(struct raft_msg, append_ask.spans)); /* which are large, and counted */
    msg->kind = kind;
    msg->from = raft->config.self;
    msg->to = to;
    msg->term = raft->hard.term;
    return msg;
}

struct raft_progress *raft_progress_of(struct raft *raft, node_id node)
{
    uint32_t i = raft_members_find(&raft->effective.members, node);
    return i == RAFT_MEMBER_NONE || raft_is_self(raft, node) ? NULL : &raft->peers[i];
}

bool raft_hard_is_durable(const struct raft *raft)
{
    return raft->hard_durable == raft->hard_count;
}

void raft_become_follower(struct raft *raft, uint64_t term, node_id leader)
{
    ASSERT(term >= raft->hard.term); /* [I1] */
    if (term > raft->hard.term) {
        raft->hard.term = term;
        raft->hard.vote = NODE_NONE; /* [I2] */
        raft->vote_due = NODE_NONE;
        raft->matched = 0; /* [I4] */
        raft->round = 0;
        raft->answer_due = false;
    }
    bool led = raft->role == RAFT_LEADER;
    if (led || !node_eq(raft->leader, leader)) raft_reads_forget(raft);
    if (led || raft->election_at.ns == INT64_MAX) raft_election_timer(raft, raft->now);
    if (leader.n != 0 && !node_eq(raft->leader, leader)) raft->stats.leaders_seen++;
    raft->role = RAFT_FOLLOWER;
    raft->leader = leader;
    raft->hibernating = false;
    raft->changing = false;
    raft->transfer_to = NODE_NONE;
    raft->more = false;
}

/* --- messages -------------------------------------------------------------------------------- */

/* A later term outranks all we believe, whoever sends it and whatever else it says; but for who
 * only asks what would be, and for who asks while we hear a leader. */
static bool is_outranked(const struct raft *raft, const struct raft_msg *msg)
{
    if (msg->term <= raft->hard.term) return false;
    if (msg->kind == RAFT_MSG_VOTE_ANSWER)
        return !msg->vote_answer.pre || !msg->vote_answer.granted;
    if (msg->kind != RAFT_MSG_VOTE_ASK) return true;
    return !msg->vote_ask.pre && (msg->vote_ask.transfer || !raft_is_protected(raft)); /* [I8] */
}

/* Who speaks in a term that is over is told so, if it believes to lead or wants to. */
static void on_old_term(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    if (msg->kind == RAFT_MSG_VOTE_ASK) {
        raft_on_vote_ask(raft, msg, out);
    } else if (msg->kind == RAFT_MSG_APPEND_ASK || msg->kind == RAFT_MSG_SNAPSHOT_ASK) {
        raft_append_refuse(raft, msg, (struct raft_pos){0, 0}, out);
    }
}

/* False: it is no leader's. */
static bool follow(struct raft *raft, const struct raft_msg *msg, uint64_t round)
{
    if (raft->role == RAFT_LEADER) return false; /* of our own term there is no other */
    if (raft->role != RAFT_FOLLOWER || !node_eq(raft->leader, msg->from)) {
        raft_become_follower(raft, raft->hard.term, msg->from);
    }
    raft->heard = raft->now; /* [I8] */
    raft->hibernating = false;
    raft->round = u64_max(raft->round, round);
    raft_election_timer(raft, raft->now);
    return true;
}

static void on_msg_kind(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    switch (msg->kind) {
    case RAFT_MSG_VOTE_ASK: raft_on_vote_ask(raft, msg, out); break;
    case RAFT_MSG_VOTE_ANSWER: raft_on_vote_answer(raft, msg, out); break;
    case RAFT_MSG_APPEND_ASK:
        if (follow(raft, msg, msg->append_ask.round)) raft_on_append_ask(raft, msg, out);
        break;
    case RAFT_MSG_APPEND_ANSWER: raft_on_append_answer(raft, msg, out); break;
    case RAFT_MSG_SNAPSHOT_ASK:
        if (follow(raft, msg, msg->snapshot_ask.round)) raft_on_snapshot_ask(raft, msg, out);
        break;
    case RAFT_MSG_SNAPSHOT_ANSWER: raft_on_snapshot_answer(raft, msg, out); break;
    case RAFT_MSG_TIMEOUT_NOW: raft_on_timeout_now(raft, msg, out); break;
    case RAFT_MSG_READ_ASK: raft_on_read_ask(raft, msg, out); break;
    case RAFT_MSG_READ_ANSWER: raft_on_read_answer(raft, msg); break;
    }
}

static void on_msg(struct raft *raft, const struct raft_event *event, struct raft_outbox *out)
{
    const struct raft_msg *msg = event->msg;
    raft->no_room = event->no_room;
    if (raft_is_self(raft, msg->from)) return; /* nobody else has our name */
    if (is_outranked(raft, msg)) raft_become_follower(raft, msg->term, NODE_NONE);
    bool asks = msg->kind == RAFT_MSG_VOTE_ASK;
    if (raft->role == RAFT_LEADER && asks && raft->hibernating) raft_wake(raft, out);
    bool future = msg->term > raft->hard.term; /* refused votes, and answers to pre-votes */
    if (msg->term < raft->hard.term) {
        on_old_term(raft, msg, out);
    } else if (!future || asks || msg->kind == RAFT_MSG_VOTE_ANSWER) {
        on_msg_kind(raft, msg, out);
    }
}

/* --- the step -------------------------------------------------------------------------------- */

static void on_tick(struct raft *raft, struct raft_outbox *out)
{
    if (raft->role == RAFT_LEADER) {
        raft_lead_tick(raft, out);
    } else if (raft->now.ns >= raft->election_at.ns) {
        /* A candidate's own vote may still be on its way to the disk. To begin anew in a later term
         * would put it off again, and for ever where the disk takes longer than an election. */
        bool waits = raft->role == RAFT_CANDIDATE && !raft_hard_is_durable(raft);
        if (waits) {
            raft_election_timer(raft, raft->now);
        } else if (raft_may_campaign(raft)) {
            raft_pre_campaign(raft, out);
        } else {
            raft_become_follower(raft, raft->hard.term, NODE_NONE);
            raft_election_timer(raft, raft->now);
        }
    }
}

static void on_propose(struct raft *raft, struct raft_batch *batch, struct raft_outbox *out)
{
    ASSERT(raft->role == RAFT_LEADER);
    ASSERT(raft->commit >= raft->term_first);
    if (raft_batch_count(batch) > 0) raft_lead_append(raft, batch, out);
}

/* What nobody will ask for is not kept. */
static void on_alone(struct raft *raft, struct raft_pos pos)
{
    ASSERT(raft->role == RAFT_LEADER);
    ASSERT(raft_is_alone(raft));
    ASSERT(pos.index > raft->tail.last.index);
    ASSERT(pos.term == raft->hard.term);
    raft_tail_clear(&raft->tail, pos); /* [I10] */
    raft->durable = raft->commit = raft->applied = pos.index;
}

static void on_formed(struct raft *raft, uint64_t term)
{
    bool may_have_voted = term > 0 && term >= raft->hard.term;
    if (may_have_voted) raft_become_follower(raft, term + 1, NODE_NONE); /* [I2] */
    raft->hard.recovering = false;
}

static void on_durable(struct raft *raft, const struct raft_event *event, struct raft_outbox *out)
{
    uint64_t index = u64_min(event->durable_index, raft->tail.last.index);
    raft->durable = u64_max(raft->durable, index);
    ASSERT(event->durable_hard <= raft->hard_count);
    raft->hard_durable = u64_max(raft->hard_durable, event->durable_hard);
    raft_vote_durable(raft, out);
    if (raft->role != RAFT_FOLLOWER || !raft->answer_due || raft->leader.n == 0) return;
    raft->answer_due = raft->durable < raft->matched;
    raft_append_answer(raft, raft->leader, out);
}

static void on_peer(struct raft *raft, node_id node, bool up, struct raft_outbox *out)
{
    if (raft->role != RAFT_LEADER) {
        if (!up && node_eq(raft->leader, node)) raft_leader_down(raft);
        return;
    }
    struct raft_progress *peer = raft_progress_of(raft, node);
    if (peer == NULL) return;
    raft_wake(raft, out);
    raft_progress_rewind(raft, peer);
    peer->paused = !up;
    peer->chunk_out = peer->chunk_out && !up;
}

/* What a leader says in many parts may take longer than an election: it is alive, and is told that
 * we are, which it must hear of a majority. [I8] */
static void on_speaks(struct raft *raft, node_id node, struct raft_outbox *out)
{
    bool led = raft->role == RAFT_FOLLOWER && node.n != 0 && node_eq(raft->leader, node);
    if (!led || raft->hibernating) return;
    raft->heard = raft->now;
    raft_election_timer(raft, raft->now);
    if (raft->now.ns - raft->reassured.ns < raft->config.heartbeat.ns) return;
    raft->reassured = raft->now;
    raft_append_answer(raft, node, out);
}

static void on_event(struct raft *raft, const struct raft_event *event, struct raft_outbox *out)
{
    switch (event->kind) { /* no default: a new kind must not compile until it is placed here */
    case RAFT_EV_TICK: on_tick(raft, out); break;
    case RAFT_EV_MSG: on_msg(raft, event, out); break;
    case RAFT_EV_PROPOSE: on_propose(raft, event->batch, out); break;
    case RAFT_EV_ALONE: on_alone(raft, event->pos); break;
    case RAFT_EV_DURABLE: on_durable(raft, event, out); break;
    case RAFT_EV_APPLIED: raft->applied = event->index; break;
    case RAFT_EV_READ: raft_on_read(raft); break;
    case RAFT_EV_MEMBERS: raft_on_members(raft, &event->members); break;
    case RAFT_EV_TRANSFER: raft_on_transfer(raft, event->peer); break;
    case RAFT_EV_PEER_DOWN: on_peer(raft, event->peer, false, out); break;
    case RAFT_EV_PEER_UP: on_peer(raft, event->peer, true, out); break;
    case RAFT_EV_PEER_SPEAKS: on_speaks(raft, event->peer, out); break;
    case RAFT_EV_COMPACTED: raft_on_compacted(raft, event); break;
    case RAFT_EV_CHUNK_STORED: raft_on_chunk_stored(raft, event, out); break;
    case RAFT_EV_INSTALLED: raft_on_installed(raft, event, out); break;
    case RAFT_EV_FORMED: on_formed(raft, event->term); break;
    }
}

/* What follows from anything, whatever it was. */
static void advance(struct raft *raft, struct raft_outbox *out)
{
    if (raft->role == RAFT_LEADER) {
        raft_lead_commit(raft);
        raft_change_advance(raft, out);
    }
    if (raft->role == RAFT_LEADER) {
        raft_transfer_advance(raft, out);
        raft_replicate(raft, out);
    }
    raft_reads_advance(raft, out);
}

static instant deadline_of(const struct raft *raft)
{
    if (raft->more) return raft->now;
    if (raft->role == RAFT_LEADER) {
        if (raft->transfer_to.n == 0) return raft->heartbeat_at;
        return raft_sooner(raft->heartbeat_at, raft->transfer_until);
    }
    bool asks = raft->reads_wanted > raft->reads_done && raft->leader.n != 0;
    return asks ? raft_sooner(raft->election_at, raft->read_retry_at) : raft->election_at;
}

static void out_begin(struct raft_outbox *out) /* it is large: what has a count stays as it was */
{
    out->append_count = 0;
    out->msgs_count = 0;
    out->truncated = false;
    out->has_chunk = false;
    out->install = false;
}

static void step_check(const struct raft *raft)
{
    ASSERT(raft->commit <= raft->tail.last.index); /* [I3] */
    ASSERT(raft->tail.base.index <= raft->commit);
    ASSERT(raft->durable <= raft->tail.last.index);
    ASSERT(raft->role != RAFT_LEADER || !raft->hard.recovering); /* [I9] */
}

void raft_step(struct raft *raft, const struct raft_event *event, struct raft_outbox *out)
{
    ASSERT(event->now.ns >= raft->now.ns);
    const struct raft_hard hard = raft->hard;
    const uint64_t commit = raft->commit;
    raft->now = event->now;
    out_begin(out);
    raft_tail_trim(raft); /* before there is anything in the outbox that borrows from it */
    on_event(raft, event, out);
    advance(raft, out);

    /* Found by comparing, not by flags that each handler would have to remember to raise. [I2] */
    out->hard_changed = raft->hard.term != hard.term || !node_eq(raft->hard.vote, hard.vote) ||
                        raft->hard.recovering != hard.recovering;
    raft->hard_count += out->hard_changed;
    out->hard = raft->hard;
    out->hard_count = raft->hard_count;
    out->commit = raft->commit;
    out->deadline = deadline_of(raft);

    ASSERT(raft->hard.term >= hard.term); /* [I1] */
    ASSERT(raft->commit >= commit);       /* [I3] */
    step_check(raft);
}

static void peer_check(const struct raft *raft, const struct raft_progress *peer)
{
    ASSERT(peer->matched <= raft->tail.last.index);
    ASSERT(peer->next > peer->matched);
    ASSERT(peer->next <= raft->tail.last.index + 1);
    ASSERT(peer->flights_count <= RAFT_FLIGHTS_MAX); /* [I6] */
    ASSERT(peer->flights_count > 0 || peer->flights_bytes == 0);
}

void raft_check(const struct raft *raft)
{
    step_check(raft);
    ASSERT(raft->effective.index <= raft->tail.last.index); /* [I7] */
    ASSERT(raft->before.index <= raft->effective.index);
    ASSERT(raft->hard_durable <= raft->hard_count);
    ASSERT(raft->tail.last.term <= raft->hard.term); /* [I1] */
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        ASSERT(node_eq(peer->node, raft->effective.members.members[i].node));
        bool other = raft->role == RAFT_LEADER && !raft_is_self(raft, peer->node);
        if (other) peer_check(raft, peer);
    }
}
