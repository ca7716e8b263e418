/*
 * replica.c -- the driver of core/raft: see raft.h for what it owes.
 *
 * Invariants
 *   P1  entries of a turn are one batch. Their indices are known when they are added, so nothing
 *       else is stepped before it is proposed.
 *   P2  what is appended to the log is appended in the order of the outboxes.
 *   P3  raft is told that something is durable only when the log says so of its record.
 *   P4  while the store is loaded again or replaced nothing is appended but HARD records: raft's
 *       messages are dropped, as the network may do.
 *   P5  an entry that the store has seen is never taken away without a reload, and whoever waits
 *       for it is told (losses).
 */
#include "lane/replica_impl.h"
#include "lane/snapshot_format.h"

#include <stdlib.h>

#include "base/prng.h"

enum {
    BATCH_BYTES_MIN = 512,
    BATCH_BYTES_MAX = 1 << 20, /* of memory taken before it is needed */
};

struct replica_peer *replica_peer(struct replica *replica, node_id node)
{
    for (uint32_t i = 0; i < replica->peers_count; i++) {
        if (node_eq(replica->peers[i].node, node)) return &replica->peers[i];
    }
    return NULL;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void note_members(struct replica *replica)
{
    const struct raft_members *members = &replica->config_members;
    for (uint32_t i = 0; i < members->count; i++) {
        node_id node = members->members[i].node;
        if (node_eq(node, replica->lane->self)) continue;
        replica->peers[replica->peers_count++].node = node;
    }
}

void replica_make(struct shard *shard, const struct raft_members *members)
{
    struct replica *replica = ARENA_NEW(shard->arena, struct replica);
    *replica = (struct replica){.shard = shard,
                                .lane = shard->lane,
                                .config_members = *members,
                                .batch_bytes = BATCH_BYTES_MIN,
                                .deadline = {INT64_MAX}};
    replica->sending.file = replica->install.file = IO_NONE;
    shard->replica = replica;
    note_members(replica);
}

void replica_begin(struct replica *replica, struct replica_loaded *loaded)
{
    struct raft_start *start = &loaded->start;
    struct raft_config config = replica->lane->raft;
    struct prng prng = {config.seed ^ (uint64_t)replica->shard->number.n << 32};
    bool empty = replica->stored.index == 0 && !loaded->has_hard;
    if (empty && replica->lane->is_linked) start->hard.recovering = true;
    start->now = replica->lane->now;
    config.seed = prng_next(&prng);
    replica->hard = start->hard;
    replica->raft = raft_new(replica->shard->arena, &config, start);
    for (uint32_t i = 0; i < loaded->batches_count; i++) {
        raft_restore(replica->raft, loaded->batches[i]);
    }
    if (replica->lane->is_linked) raft_restore_commit(replica->raft, loaded->commit);
    replica->settled_commit = replica->marked_commit = raft_commit(replica->raft);
    replica->index_told = raft_last(replica->raft).index;
    replica->applied_told = raft_commit(replica->raft);
}

void replica_begin_empty(struct replica *replica, uint64_t position)
{
    struct replica_loaded loaded = {.start.members = replica->config_members};
    replica->members = replica->config_members;
    replica->snapshot_position = position;
    replica->snapshot_bytes = SNAPSHOT_HEADER_BYTES + SNAPSHOT_HEAD_BYTES;
    replica->logged_ms = store_now_ms(replica->shard->store);
    replica_begin(replica, &loaded);
}

void replica_start(struct replica *replica)
{
    if (replica->lane->is_linked && replica->snapshot.index > 0) {
        replica_step(replica, &(struct raft_event){.kind = RAFT_EV_COMPACTED,
                                                   .pos = replica->snapshot,
                                                   .bytes_count = replica->snapshot_bytes});
    }
    if (replica->was_damaged) replica_log_hard(replica); /* an empty folder looks like a new one */
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_TICK});
}

void replica_saved(struct replica *replica, struct raft_pos pos, uint64_t position, uint64_t bytes)
{
    replica->snapshot = pos;
    replica->snapshot_position = position;
    replica->snapshot_bytes = bytes;
    replica->sending.index = 0; /* another file may have its name now */
    if (!replica->lane->is_linked) return;
    replica_propose(replica);
    replica_step(replica,
                 &(struct raft_event){.kind = RAFT_EV_COMPACTED, .pos = pos, .bytes_count = bytes});
}

void replica_close(struct replica *replica)
{
    replica_send_close(replica);
    replica_install_close(replica);
    replica_warm_close(replica);
    raft_batch_unref(replica->pending);
    if (replica->raft != NULL) raft_free(replica->raft);
    free(replica->runs.items);
}

/* --- outboxes --------------------------------------------------------------------------------- */

void replica_lose_from(struct replica *replica, uint64_t from) /* [P5] */
{
    if (replica->lost_in_turn == replica->lane->turn) {
        replica->losses_from = u64_min(replica->losses_from, from);
        return;
    }
    replica->lost_in_turn = replica->lane->turn;
    replica->lost_to_snapshot = false;
    replica->losses++;
    replica->lane->news++;
    replica->losses_from = from;
}

static void truncated(struct replica *replica, uint64_t from)
{
    struct shard *shard = replica->shard;
    replica_runs_cut(replica, from);
    if (from > replica->stored.index) return;
    replica_lose_from(replica, from);
    replica->reload_wanted = true;
    if (shard->save.writer != NULL && shard->save.index >= from) shard_save_abort(shard);
}

/* Who leads, as far as this one knows, is compared before and after. */
static void note_role(struct replica *replica)
{
    if (!replica->serving) return;
    bool leads = raft_role(replica->raft) == RAFT_LEADER &&
                 raft_term(replica->raft) == replica->serving_term;
    if (!leads) replica_end_serving(replica);
}

/* Who decides alone may do without what is done for others. */
static void note_alone(struct replica *replica)
{
    const struct raft_members *members = raft_members(replica->raft);
    bool alone = members->count == 1 && raft_members_is_voter(members, replica->lane->self);
    bool many = replica->lane->is_linked && !alone;
    if (many == replica->is_many) return;
    replica->is_many = many;
    if (!many) replica_warm_end_coming(replica); /* calls may come by another way then */
    replica->lane->many_count += many ? 1 : UINT32_MAX;
}

/* Calls that were put off may be tried again: they run, or learn who leads now. */
static void note_room(struct replica *replica)
{
    if (replica->serving && !replica->may_write) return;
    replica->shard->stalled = false;
    replica->lane->stalled_count--;
}

static void settle(struct replica *replica) /* [P2] */
{
    struct raft_outbox *out = &replica->lane->out;
    if (out->hard_changed) {
        replica->hard = out->hard;
        replica->hard_count = out->hard_count;
        replica_log_hard(replica);
    }
    note_role(replica);
    note_alone(replica);
    if (out->truncated) truncated(replica, out->truncated_from);
    ASSERT(out->append_count == 0 || !replica_is_ahead(replica)); /* [N1] */
    if (out->append_count > 0) replica_log_spans(replica, out->append, out->append_count);
    if (out->append_count > 0 && replica->serving) { /* [A1] */
        replica->stored = raft_last(replica->raft);
        replica->members = *raft_members(replica->raft);
    }
    if (out->msgs_count > 0) replica_send_messages(replica);
    if (out->has_chunk) replica_install_part(replica, &out->chunk);
    replica->settled_commit = out->commit;
    replica->may_write = replica->serving && raft_may_propose(replica->raft);
    replica->alone = replica->may_write && raft_is_alone(replica->raft);
    if (UNLIKELY(replica->ends_alone)) replica->may_write &= !replica_is_ahead(replica);
    if (UNLIKELY(replica->shard->stalled)) note_room(replica);
}

void replica_step(struct replica *replica, struct raft_event *event)
{
    ASSERT(replica->pending == NULL || event->kind == RAFT_EV_PROPOSE); /* [P1] */
    event->now = replica->lane->now;
    raft_step(replica->raft, event, &replica->lane->out);
    replica->deadline = replica->lane->out.deadline;
    lane_touch(replica->shard);
    settle(replica);
}

/* --- what the shard adds -----------------------------------------------------------------------
 */

void replica_append(struct replica *replica, struct slice record)
{
    if (LIKELY(replica->alone && (!replica->ends_alone || replica_is_ahead(replica)))) {
        replica_append_alone(replica, record);
        return;
    }
    if (replica->pending == NULL) {
        replica->pending = raft_batch_new(replica->batch_bytes);
        lane_touch(replica->shard);
    }
    raft_batch_add(replica->pending, RAFT_ENTRY_COMMANDS, &record, 1);
    replica->pending_bytes += record.len + LOG_RECORD_EXTRA_BYTES;
    replica->lane->pending_bytes += record.len + LOG_RECORD_EXTRA_BYTES;
    replica->stored.index++;
    replica->stored.term = replica->serving_term;
}

void replica_propose(struct replica *replica)
{
    struct raft_batch *batch = replica->pending;
    if (batch == NULL) return;
    uint64_t last = replica->stored.index;
    /* The next one is likely to be as large. */
    replica->batch_bytes = (size_t)u64_min(
        raft_batch_bytes(batch) + raft_batch_bytes(batch) / 4 + BATCH_BYTES_MIN, BATCH_BYTES_MAX);
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_PROPOSE, .batch = batch});
    replica->pending = NULL;
    replica->lane->pending_bytes -= replica->pending_bytes;
    replica->pending_bytes = 0;
    raft_batch_unref(batch);
    /* [P1]; behind them the leader may have put an entry of its own, as when a change of members
     * comes to its second half. */
    ASSERT(replica->stored.index >= last);
}

/* --- the turn --------------------------------------------------------------------------------- */

/* [P3] */
void replica_tell_durable(struct replica *replica)
{
    struct raft_event event = {.kind = RAFT_EV_DURABLE,
                               .durable_index = replica->index_told,
                               .durable_hard = replica->hard_told};
    replica_runs_durable(replica, log_durable(replica->lane->log), &event.durable_index,
                         &event.durable_hard);
    if (event.durable_index == replica->index_told && event.durable_hard == replica->hard_told) {
        return;
    }
    replica->index_told = event.durable_index;
    replica->hard_told = event.durable_hard;
    replica_step(replica, &event);
}

bool replica_may_reload(const struct replica *replica) /* [P4] */
{
    return replica->reload_wanted && !replica_is_installing(replica) && replica_is_durable(replica);
}

/* A leader whose disk is full lets somebody else lead, who has room. */
static void hand_over_if_full(struct replica *replica)
{
    enum { PAUSE_NS = 1000 * 1000 * 1000 };
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    if (!replica->wants_hand_over) return;
    replica->wants_hand_over = false;
    if (!replica->may_write) return;
    if (replica->lane->now.ns < replica->handed_over_at.ns + PAUSE_NS) return;
    uint32_t count = raft_peers(replica->raft, peers);
    const struct raft_peer *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct raft_peer *peer = &peers[i];
        if (!peer->is_active || peer->no_room || peer->is_recovering) continue;
        if (peer->needs_snapshot || !raft_members_is_voter(raft_members(replica->raft), peer->node))
            continue;
        if (best == NULL || peer->matched > best->matched) best = peer;
    }
    if (best == NULL) return;
    replica->handed_over_at = replica->lane->now;
    replica_hand_over(replica, best->node);
}

static void ask_round(struct replica *replica)
{
    if (!replica->wants_round) return;
    replica->wants_round = false;
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_READ});
}

/* Who could not write down a vote does not ask for any, or each attempt would wait in the log. */
static bool may_campaign(const struct replica *replica)
{
    if (raft_role(replica->raft) == RAFT_LEADER) return true;
    return log_has_room(replica->lane->log, replica->lane->pending_bytes, REPLICA_HARD_BYTES) !=
           LOG_ROOM_DISK_FULL;
}

static void tick_if_due(struct replica *replica)
{
    instant now = replica->lane->now;
    if (now.ns < replica->deadline.ns) return;
    if (may_campaign(replica)) {
        replica_step(replica, &(struct raft_event){.kind = RAFT_EV_TICK});
    } else {
        replica->deadline.ns = now.ns + LOG_RETRY_NS;
    }
}

void replica_turn(struct replica *replica)
{
    /* What came to the log behind a turn's end is durable before it could be awaited. */
    if (!replica->awaits) replica_tell_durable(replica);
    if (replica->lane->is_linked) {
        replica_install_turn(replica);
        replica_state_turn(replica);
        hand_over_if_full(replica);
        ask_round(replica);
    }
    tick_if_due(replica);
}

bool replica_settle(struct replica *replica, instant *deadline)
{
    instant now = replica->lane->now;
    if (replica_apply(replica) || replica->install.stage == INSTALL_LOAD) *deadline = now;
    bool warm = replica_warm_turn(replica, deadline);
    replica_runs_forget(replica);
    if (replica->deadline.ns < deadline->ns) *deadline = replica->deadline;
    bool still_alone = replica->alone && replica->was_alone; /* nothing of the rest can change */
    replica->was_alone = replica->alone;
    if (still_alone || !replica->lane->is_linked) return warm || replica->deadline.ns <= now.ns;
    replica_note_epoch(replica);
    bool waits = replica_send_turn(replica, deadline);
    return warm || waits || replica->reload_wanted || replica_is_installing(replica) ||
           replica->deadline.ns <= now.ns || deadline->ns <= now.ns;
}
