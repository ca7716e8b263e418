/*
 * replica_log.c -- a replica's records in the lane's log: entries, whose records have their term,
 * index and kind; and HARD records, which have the term:
 *
 *   vote u32, flags u8 (1: recovering, 2: the folder was damaged), commit u64
 *
 * The commit is a hint, for the next start: it spares memory, and what it covers may be shown.
 *
 * Invariants
 *   R1  `runs` has, in the order of the log, every record that is not durable, and every entry's
 *       that the store has not seen and that was not replaced; but for those of replica_alone.c.
 *   R2  a HARD record stands behind any position that a snapshot in the folder names: what the log
 *       drops is never the last of them.
 *   R3  the commit of a HARD record covers only entries that stand before it, as they were agreed
 *       on: not those of the outbox that it belongs to, which come behind it.
 */
#include <stdlib.h>

#include "lane/replica_impl.h"

enum {
    FLAG_RECOVERING = 1,
    FLAG_DAMAGED = 2,
    MARK_BYTES = 4 << 20, /* of entries between two records of the commit */
};

static struct replica_run *run_new(struct replica_runs *runs)
{
    if (runs->count == runs->capacity) {
        runs->capacity = runs->capacity == 0 ? 16 : runs->capacity * 2;
        runs->items = reallocarray(runs->items, runs->capacity, sizeof *runs->items);
        ASSERT(runs->items != NULL);
    }
    return &runs->items[runs->count++];
}

void replica_runs_add(struct replica *replica, uint64_t position, uint64_t index,
                      uint64_t hard_count)
{
    struct replica_runs *runs = &replica->runs;
    if (runs->count > 0 && index > 0) {
        struct replica_run *last = &runs->items[runs->count - 1];
        bool goes_on = last->index > 0 && last->index + last->count == index &&
                       last->position + last->count == position;
        if (goes_on) {
            last->count++;
            return;
        }
    }
    *run_new(runs) = (struct replica_run){position, 1, index, hard_count};
}

void replica_runs_cut(struct replica *replica, uint64_t from)
{
    struct replica_runs *runs = &replica->runs;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < runs->count; i++) {
        struct replica_run run = runs->items[i];
        if (run.index > 0 && run.index >= from) continue;
        if (run.index > 0) run.count = u64_min(run.count, from - run.index);
        runs->items[kept++] = run;
    }
    runs->count = kept;
    replica->index_told = u64_min(replica->index_told, from - 1);
}

void replica_runs_durable(struct replica *replica, uint64_t position, uint64_t *index,
                          uint64_t *hard_count)
{
    for (uint32_t i = 0; i < replica->runs.count; i++) {
        const struct replica_run *run = &replica->runs.items[i];
        if (run->position > position) return;
        uint64_t count = u64_min(run->count, position - run->position + 1);
        if (run->index == 0) {
            *hard_count = u64_max(*hard_count, run->hard_count);
        } else {
            *index = u64_max(*index, run->index + count - 1);
        }
    }
}

void replica_runs_forget(struct replica *replica) /* [R1] */
{
    struct replica_runs *runs = &replica->runs;
    uint64_t durable = log_durable(replica->lane->log);
    uint32_t gone = 0;
    for (; gone < runs->count; gone++) {
        const struct replica_run *run = &runs->items[gone];
        if (run->position + run->count - 1 > durable) break;
        if (run->index > 0 && run->index + run->count - 1 > replica->stored.index) break;
    }
    if (gone == 0) return;
    runs->count -= gone;
    memmove(runs->items, runs->items + gone, runs->count * sizeof *runs->items);
}

bool replica_is_durable(const struct replica *replica)
{
    const struct replica_runs *runs = &replica->runs;
    uint64_t durable = log_durable(replica->lane->log);
    if (replica->own.last.position > durable) return false;
    if (runs->count == 0) return true;
    const struct replica_run *last = &runs->items[runs->count - 1];
    return last->position + last->count - 1 <= durable;
}

uint64_t replica_covered_position(const struct replica *replica)
{
    uint64_t next = replica->stored.index + 1;
    if (next > raft_last(replica->raft).index) return log_last(replica->lane->log);
    for (uint32_t i = 0; i < replica->runs.count; i++) {
        const struct replica_run *run = &replica->runs.items[i];
        if (run->index == 0 || next < run->index || next - run->index >= run->count) continue;
        return run->position + (next - run->index) - 1;
    }
    return replica->snapshot_position;
}

/* --- records ---------------------------------------------------------------------------------- */

void replica_log_hard(struct replica *replica)
{
    uint8_t bytes[REPLICA_HARD_BYTES];
    const struct raft_hard *hard = &replica->hard;
    uint8_t *at = u32_write(bytes, hard->vote.n);
    *at++ = (uint8_t)((hard->recovering ? FLAG_RECOVERING : 0) |
                      (hard->recovering && replica->was_damaged ? FLAG_DAMAGED : 0));
    (void)u64_write(at, replica->settled_commit); /* [R3] */
    struct slice payload = slice_of(bytes, sizeof bytes);
    struct log_record head = {
        .group = replica->shard->number.n, .kind = REPLICA_RECORD_HARD, .term = hard->term};
    uint64_t position = log_append(replica->lane->log, &head, &payload, 1);
    replica_runs_add(replica, position, 0, replica->hard_count);
    lane_touch(replica->shard);
    replica->marked_bytes = 0;
    replica->marked_commit = replica->settled_commit;
}

bool replica_hard_read(const struct log_record *record, struct raft_hard *hard, bool *damaged,
                       uint64_t *commit)
{
    struct cursor cursor = cursor_of(record->payload);
    hard->term = record->term;
    hard->vote.n = cursor_u32(&cursor);
    uint8_t flags = cursor_u8(&cursor);
    hard->recovering = (flags & FLAG_RECOVERING) != 0;
    *damaged = (flags & FLAG_DAMAGED) != 0;
    *commit = cursor_u64(&cursor);
    return !cursor.bad;
}

uint64_t replica_write_entry(struct replica *replica, const struct raft_entry *entry)
{
    struct log_record head = {.group = replica->shard->number.n,
                              .kind = entry->kind,
                              .term = entry->pos.term,
                              .index = entry->pos.index};
    return log_append(replica->lane->log, &head, &entry->payload, 1);
}

static void log_entry(struct replica *replica, const struct raft_entry *entry)
{
    replica_runs_add(replica, replica_write_entry(replica, entry), entry->pos.index, 0);
}

void replica_log_spans(struct replica *replica, const struct raft_span *spans, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct raft_span span = spans[i];
        struct raft_entry entry;
        replica->marked_bytes += span.bytes.len;
        while (raft_span_next(&span, &entry)) log_entry(replica, &entry);
    }
    if (replica->marked_bytes > MARK_BYTES && replica->is_many) replica_log_hard(replica);
}
