/*
 * replica_apply.c -- what is agreed on goes to the store, and who serves.
 *
 * Invariants
 *   A1  while a replica serves, its store is at the end of its log; else the store goes no further
 *       than what is agreed on, and only what it had as a leader, or had on its disk, is ahead.
 *   A2  the store's time is the log's, but while it serves: then nobody has seen a key go whose
 *       time the log has not.
 *   A3  keys under cache policies are those of one time of serving.
 */
#include "lane/replica_impl.h"

enum { APPLY_BYTES_A_TURN = 4 << 20 };

static bool apply_entry(struct replica *replica, const struct raft_entry *entry)
{
    struct shard *shard = replica->shard;
    struct fault fault;
    ASSERT(entry->pos.index == replica->stored.index + 1);
    enum err err = ERR_OK;
    if (entry->kind == RAFT_ENTRY_COMMANDS) {
        err = record_replay(shard, entry->pos.index, entry->payload, shard->lane->observer, &fault);
        shard_count_changes(shard, 1);
    } else if (entry->kind == RAFT_ENTRY_MEMBERS &&
               !raft_members_read(entry->payload, &replica->members)) {
        err = fault_set(&fault, ERR_CORRUPT, "entry %llu of the log: its members cannot be read",
                        (unsigned long long)entry->pos.index);
    }
    if (err != ERR_OK) {
        lane_fail(replica->lane, &fault);
        return false;
    }
    if (entry->pos.term != replica->stored.term) {
        replica->turned.term = entry->pos.term;
        replica->turned.before = replica->stored.term;
    }
    replica->stored = entry->pos;
    return true;
}

static bool apply_span(struct replica *replica, struct raft_span span)
{
    struct raft_entry entry;
    while (raft_span_next(&span, &entry)) {
        if (!apply_entry(replica, &entry)) return false;
    }
    return true;
}

static void tell_applied(struct replica *replica)
{
    uint64_t applied = u64_min(replica->stored.index, raft_commit(replica->raft));
    if (applied <= replica->applied_told) return;
    replica->applied_told = applied;
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_APPLIED, .index = applied});
}

static void begin_serving(struct replica *replica)
{
    replica->serving = replica->may_write = true;
    replica->serving_term = raft_term(replica->raft);
    replica_warm_come(replica);
}

bool replica_apply(struct replica *replica)
{
    struct raft *raft = replica->raft;
    size_t done_bytes = 0;
    if (!replica->serving) {
        /* Behind the first entry of its own term a leader has nothing but what it may serve. */
        bool leads = raft_may_propose(raft) && !replica->holds_at_commit;
        uint64_t until = leads ? raft_last(raft).index : raft_commit(raft);
        bool ready = !replica->reload_wanted && !replica_is_installing(replica);
        while (ready && !replica->lane->has_failed && replica->stored.index < until) { /* [A1] */
            struct raft_span span;
            if (done_bytes > APPLY_BYTES_A_TURN) break;
            if (!raft_entries(raft, replica->stored.index + 1, until, &span)) {
                replica->reload_wanted = true; /* they are in the log on disk */
                break;
            }
            done_bytes += span.bytes.len;
            if (!apply_span(replica, span)) break;
        }
        shard_note_memory(replica->shard);
        replica->logged_ms = store_now_ms(replica->shard->store);
        /* A store that is about to be loaded again would lose what is written to it. */
        if (ready && leads && replica->stored.index == until) begin_serving(replica);
    }
    tell_applied(replica);
    return !replica->serving && replica->stored.index < raft_commit(raft) &&
           !replica->reload_wanted && !replica_is_installing(replica);
}

void replica_end_serving(struct replica *replica)
{
    struct store *store = replica->shard->store;
    replica->serving = replica->may_write = false;
    replica->depositions++;
    replica->lane->news++;
    replica_warm_end_coming(replica);
    if (!replica->is_many) return;
    bool planned = replica->lane->now.ns < replica->hand_over_until.ns;
    replica_warm_leave(replica, planned);            /* [A3] */
    store_turn_back_time(store, replica->logged_ms); /* [A2] */
}
