/*
 * raft_append.c -- the log as a follower keeps it, and what both roles need of it. See raft.c for
 * the invariants.
 */
#include "core/raft/raft_batch_impl.h"
#include "core/raft/raft_impl.h"

/* --- members, which count from the moment they are in the log ----------------------------------
 */

static void peers_match(struct raft *raft)
{
    struct raft_progress old[RAFT_MEMBERS_MAX];
    memcpy(old, raft->peers, sizeof old);
    memset(raft->peers, 0, sizeof old);
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        node_id node = raft->effective.members.members[i].node;
        struct raft_progress *peer = &raft->peers[i];
        for (uint32_t j = 0; j < RAFT_MEMBERS_MAX; j++) {
            if (!node_eq(old[j].node, node)) continue;
            *peer = old[j];
            old[j].flights = (struct buffer){0};
        }
        if (peer->node.n != 0) continue;
        peer->node = node;
        raft_progress_reset(raft, peer);
    }
    for (uint32_t j = 0; j < RAFT_MEMBERS_MAX; j++) buffer_free(&old[j].flights);
    if (raft->role == RAFT_LEADER) raft->heartbeat_at = raft->now;
}

void raft_effective_set(struct raft *raft, uint64_t index, const struct raft_members *members)
{
    raft->before = raft->effective;
    raft->effective = (struct raft_effective){index, *members};
    peers_match(raft);
}

void raft_effective_cut(struct raft *raft, uint64_t from) /* [I7] */
{
    if (raft->effective.index < from) return;
    raft->effective = raft->before;
    peers_match(raft);
}

void raft_effective_from(struct raft *raft, struct raft_batch *batch, uint32_t skip)
{
    struct raft_span span = raft_batch_span(batch, skip, raft_batch_count(batch) - skip);
    struct raft_entry entry;
    while (raft_span_next(&span, &entry)) {
        struct raft_members members;
        if (entry.kind != RAFT_ENTRY_MEMBERS) continue;
        bool good = raft_members_read(entry.payload, &members);
        ASSERT(good); /* raft_batch_read refuses others */
        raft_effective_set(raft, entry.pos.index, &members);
    }
}

/* --- the tail -------------------------------------------------------------------------------- */

/* Up to here everybody who may still be helped from memory has it. */
static uint64_t needed_behind(const struct raft *raft)
{
    uint64_t index = raft->tail.last.index;
    if (raft->role != RAFT_LEADER) return index;
    for (uint32_t i = 0; i < raft_peers_count(raft); i++) {
        const struct raft_progress *peer = &raft->peers[i];
        if (raft_is_self(raft, peer->node) || !raft_progress_is_active(raft, peer)) continue;
        uint64_t has = peer->sending == RAFT_SNAPSHOT ? peer->snapshot.index : peer->matched;
        if (peer->sending != RAFT_SNAPSHOT || has > 0) index = u64_min(index, has);
    }
    return index;
}

void raft_tail_trim(struct raft *raft) /* [I10] */
{
    if (raft->tail.bytes == 0) return;
    bool alone = raft_peers_count(raft) == 1 && /* not even a learner */
                 raft_members_is_sole(&raft->effective.members, raft->config.self);
    size_t tail_bytes = alone ? 0 : raft->config.tail_bytes; /* there is nobody to send it to */
    if (raft->tail.bytes <= tail_bytes) return;
    uint64_t settled = u64_min(raft->durable, u64_min(raft->applied, raft->commit));
    uint64_t needed = needed_behind(raft);
    const struct raft_piece *first;
    while (raft->tail.bytes > tail_bytes && (first = raft_tail_first(&raft->tail)) != NULL) {
        if (first->last.index > settled) return;
        bool spare = raft->tail.bytes / RAFT_TAIL_FACTOR <= tail_bytes;
        if (spare && first->last.index > needed) return;
        raft_tail_drop_first(&raft->tail);
    }
}

/* --- a follower's ---------------------------------------------------------------------------- */

static uint64_t acknowledged(const struct raft *raft)
{
    return u64_min(raft->durable, u64_max(raft->matched, raft->commit)); /* [I4] */
}

struct raft_msg *raft_append_answer(struct raft *raft, node_id to, struct raft_outbox *out)
{
    struct raft_msg *answer = raft_push(raft, out, RAFT_MSG_APPEND_ANSWER, to);
    answer->append_answer.matched = true;
    answer->append_answer.recovering = raft->hard.recovering;
    answer->append_answer.no_room = raft->no_room;
    answer->append_answer.index = acknowledged(raft);
    answer->append_answer.round = raft->round;
    answer->append_answer.life = raft->life;
    return answer;
}

/* `hint` is where to look for an agreement. It tells which ask it refuses by its round. */
void raft_append_refuse(struct raft *raft, const struct raft_msg *ask, struct raft_pos hint,
                        struct raft_outbox *out)
{
    struct raft_msg *answer = raft_append_answer(raft, ask->from, out);
    answer->append_answer.matched = false;
    answer->append_answer.index = hint.index;
    answer->append_answer.hint_term = hint.term;
    if (ask->kind == RAFT_MSG_APPEND_ASK) answer->append_answer.round = ask->append_ask.round;
}

static struct raft_pos pos_known(const struct raft *raft, uint64_t index)
{
    uint64_t term = 0;
    bool known = raft_tail_term(&raft->tail, index, &term);
    ASSERT(known);
    return (struct raft_pos){term, index};
}

/* What is committed is in the leader's log as it is here. [I3] */
static bool agrees(const struct raft *raft, struct raft_pos previous)
{
    uint64_t term;
    if (previous.index <= raft->commit) return true;
    return raft_tail_term(&raft->tail, previous.index, &term) && term == previous.term;
}

static struct raft_pos where_to_look(const struct raft *raft, struct raft_pos previous)
{
    struct raft_pos hint = raft_tail_before(&raft->tail, previous.index, previous.term);
    return hint.index >= raft->commit ? hint : pos_known(raft, raft->commit);
}

/* False: it may not be. Nobody who was elected asks for it. [I3] */
static bool truncate(struct raft *raft, uint64_t from, struct raft_outbox *out)
{
    bool older = raft->effective.index > raft->before.index && from <= raft->before.index;
    if (from <= raft->commit || older) {
        raft->stats.appends_refused++;
        return false;
    }
    raft_tail_truncate(&raft->tail, from);
    raft->durable = u64_min(raft->durable, from - 1);
    out->truncated = true;
    out->truncated_from = from;
    raft_effective_cut(raft, from);
    return true;
}

/* Those that are there already are passed over; the first that differs ends what was here. */
static bool take_entries(struct raft *raft, struct raft_batch *batch, struct raft_outbox *out)
{
    uint32_t count = raft_batch_count(batch), skip = 0;
    for (; skip < count; skip++) {
        struct raft_pos pos = raft_batch_entry(batch, skip).pos;
        if (pos.index > raft->tail.last.index) break;
        uint64_t term;
        if (pos.index <= raft->commit) continue;
        bool known = raft_tail_term(&raft->tail, pos.index, &term);
        ASSERT(known);
        if (term == pos.term) continue;
        if (!truncate(raft, pos.index, out)) return false;
        break;
    }
    if (skip == count) return true;
    raft_tail_append(&raft->tail, batch, skip);
    out->append[out->append_count++] = raft_batch_span(batch, skip, count - skip);
    raft_effective_from(raft, batch, skip); /* [I7] */
    return true;
}

static void hibernate_with(struct raft *raft)
{
    raft->hibernating = true;
    raft->election_at = RAFT_NEVER;
}

static void welcome(struct raft *raft, const struct raft_msg *msg)
{
    bool ours = msg->append_ask.welcomed > 0 && msg->append_ask.life == raft->life;
    bool held = u64_min(raft->durable, raft->matched) >= msg->append_ask.welcomed;
    if (ours && held) raft->hard.recovering = false; /* [I9] */
}

void raft_on_append_ask(struct raft *raft, const struct raft_msg *msg, struct raft_outbox *out)
{
    struct raft_pos previous = msg->append_ask.previous;
    if (!agrees(raft, previous)) {
        raft->stats.appends_refused++;
        raft_append_refuse(raft, msg, where_to_look(raft, previous), out);
        return;
    }
    uint64_t until = previous.index;
    bool taken = msg->append_ask.spans_count > 0 && !raft->no_room && !raft->incoming.installing;
    if (taken) {
        ASSERT(msg->append_ask.spans_count == 1);
        struct raft_span span = msg->append_ask.spans[0];
        ASSERT(raft_batch_count(span.batch) == span.count);
        if (!take_entries(raft, span.batch, out)) return;
        until += span.count;
    }
    raft->matched = u64_max(raft->matched, until);
    if (!raft->incoming.installing) {
        uint64_t commit = u64_min(msg->append_ask.commit, raft->matched);
        raft->commit = u64_max(raft->commit, commit);
    }
    welcome(raft, msg);
    bool idle = msg->append_ask.hibernate && raft->commit == raft->tail.last.index &&
                raft->matched == raft->commit && raft->durable >= raft->commit;
    if (idle) {
        hibernate_with(raft); /* and says nothing: an answer would wake the leader */
    } else if (taken && raft->durable < until) {
        raft->answer_due = true; /* [I4] */
    } else {
        raft_append_answer(raft, msg->from, out);
    }
}
