/*
 * lane_turn.c -- a lane's turn over its shards. What a turn costs depends on how many of them
 * something happens to, not on how many there are.
 *
 * Invariants
 *   T1  to whom something happened is touched, and has the rest of the turn.
 *   T2  whoever has records that are not on disk awaits it: is touched when they are.
 *   T3  no shard's raft wants its turn before lane->deadline.
 *   T4  whoever had a turn is among `turned` until somebody has looked at it.
 *   T5  whoever has entries that its raft has not heard of is among the lane's `ahead`.
 */
#include "lane/replica_impl.h"
#include "lane/wiring.h"

#include <stdlib.h>

enum {
    WORK_SHARDS = 16, /* whose stores' own work is done in one go */
    WORK_PAUSE_NS = 10 * 1000 * 1000,
    TURN_PAUSE_NS = 100 * 1000 * 1000,
    MARK_IDLE_NS = 50 * 1000 * 1000,
    AHEAD_NS = 50 * 1000 * 1000, /* between two times that raft hears of them */
};

void lane_touch(struct shard *shard) /* [T1] */
{
    struct lane *lane = shard->lane;
    if (shard->touched) return;
    shard->touched = true;
    lane->touched[lane->touched_count++] = shard;
}

static void note_turned(struct shard *shard) /* [T4] */
{
    struct lane *lane = shard->lane;
    if (shard->turned) return;
    shard->turned = true;
    lane->turned[lane->turned_count++] = shard;
}

struct shard *lane_take_turned(struct lane *lane)
{
    if (lane->turned_count == 0) return NULL;
    struct shard *shard = lane->turned[--lane->turned_count];
    shard->turned = false;
    return shard;
}

/* --- what files of replicas are read and written ---------------------------------------------- */

bool lane_slot_take(struct lane *lane, struct replica *replica, struct replica_part *part,
                    io_tag *tag)
{
    for (uint32_t i = 0; i < LANE_SLOTS; i++) {
        if (lane->slots[i].replica != NULL) continue;
        lane->slots[i] = (struct lane_slot){replica, part};
        *tag = (io_tag){LANE_TAG_REPLICA + i};
        return true;
    }
    return false;
}

void lane_slot_give(struct lane *lane, io_tag tag)
{
    lane->slots[tag.n - LANE_TAG_REPLICA].replica = NULL;
}

static void complete_slot(struct lane *lane, const struct io_completion *completion)
{
    struct lane_slot slot = lane->slots[completion->tag.n - LANE_TAG_REPLICA];
    if (slot.replica == NULL) return;
    lane_slot_give(lane, completion->tag);
    lane_touch(slot.replica->shard);
    if (slot.part != NULL) {
        replica_part_read(slot.replica, slot.part, completion);
    } else {
        replica_install_complete(slot.replica, completion);
    }
}

void lane_complete(struct lane *lane, const struct io_completion *completion)
{
    if (completion->tag.n < LANE_TAG_SNAPSHOT) {
        log_complete(lane->log, completion);
    } else if (completion->tag.n < LANE_TAG_REPLICA) {
        lane_save_complete(lane, completion);
    } else if (completion->tag.n < LANE_TAG_LINKS) {
        complete_slot(lane, completion);
    } else if (completion->tag.n < LANE_TAG_FILING) {
        links_complete(lane->links, completion);
    } else if (completion->tag.n < LANE_TAG_GOSSIP) {
        lane_filing_complete(lane, completion);
    } else {
        wiring_complete(lane->wiring, completion);
    }
}

/* --- the first half --------------------------------------------------------------------------- */

/* Some of the shards at a time, so that all have their turn; those that have more, at once. */
static void work(struct lane *lane, int64_t unix_ms)
{
    uint32_t here = lane->shards_here, width = here < WORK_SHARDS ? here : WORK_SHARDS;
    bool next = lane->now.ns - lane->worked.ns >= WORK_PAUSE_NS, due = false;
    if (here == 0 || (!next && !lane->work_due)) return;
    if (next) {
        lane->worked = lane->now;
        lane->work_at = (lane->work_at + width) % here;
    }
    for (uint32_t i = 0; i < width; i++) {
        struct shard *shard = lane->shards[(lane->work_at + i) % here];
        if (next || shard->work_due) due |= shard_work(shard, unix_ms);
    }
    lane->work_due = due;
}

static void note_durable(struct lane *lane) /* [T2] */
{
    uint64_t durable = log_durable(lane->log);
    uint32_t kept = 0;
    if (durable == lane->log_seen) return;
    lane->log_seen = durable;
    for (uint32_t i = 0; i < lane->awaiting_count; i++) {
        struct replica *replica = lane->awaiting[i]->replica;
        replica_tell_durable(replica);
        replica->awaits = !replica_is_durable(replica);
        if (replica->awaits) lane->awaiting[kept++] = lane->awaiting[i];
    }
    lane->awaiting_count = kept;
}

/* What waits for them goes by the log: raft need not hear of each flush. [T5] */
static void tell_ahead(struct lane *lane)
{
    uint32_t kept = 0;
    if (lane->ahead_count == 0) return;
    if (lane->ahead_rests && lane->now.ns - lane->ahead_told.ns < AHEAD_NS) return;
    lane->ahead_rests = true;
    lane->ahead_told = lane->now;
    for (uint32_t i = 0; i < lane->ahead_count; i++) {
        struct replica *replica = lane->ahead[i]->replica;
        replica_tell_alone(replica);
        replica->own.is_listed = replica_is_ahead(replica);
        if (!replica->own.is_listed) continue;
        lane->ahead[kept++] = lane->ahead[i];
        lane->ahead_rests &= !replica->ends_alone;
    }
    lane->ahead_count = kept;
}

/* All that can be, in one pass over the log. */
static void reload(struct lane *lane)
{
    struct replica_load_ask ask = {0};
    struct replica_to_load *wanted = NULL;
    for (uint32_t i = 0; i < lane->touched_count; i++) {
        struct replica *replica = lane->touched[i]->replica;
        if (!replica_may_reload(replica)) continue;
        struct replica_to_load *more = reallocarray(wanted, ask.count + 1, sizeof *wanted);
        ASSERT(more != NULL);
        wanted = more;
        wanted[ask.count++] = (struct replica_to_load){replica, NULL, raft_commit(replica->raft),
                                                       replica->snapshot.index};
    }
    ask.replicas = wanted;
    if (ask.count > 0) replica_reload(lane, &ask);
    free(wanted);
}

static void touch_due(struct lane *lane) /* [T3] */
{
    if (lane->now.ns < lane->deadline.ns) return;
    lane->deadline = (instant){INT64_MAX};
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        instant deadline = lane->shards[i]->replica->deadline;
        if (deadline.ns <= lane->now.ns) {
            lane_touch(lane->shards[i]);
        } else if (deadline.ns < lane->deadline.ns) {
            lane->deadline = deadline;
        }
    }
}

/* Write marks behind what is durable when nothing else comes: a batch says what was durable before
 * it, so that what is damaged later does not look like a write that was not whole; and each says
 * what is agreed on in its group. */
static void mark_when_idle(struct lane *lane)
{
    uint64_t last = log_last(lane->log);
    if (last != lane->idle_position) {
        lane->idle_position = last;
        lane->idle_since = lane->now;
    }
    bool is_said = last == lane->marked_position && !lane->marks_due;
    if (is_said || last == 0 || lane->shards_here == 0 || log_durable(lane->log) != last) return;
    if (lane->now.ns < lane->idle_since.ns + MARK_IDLE_NS) return;
    size_t bytes = (size_t)lane->shards_here * (REPLICA_HARD_BYTES + LOG_RECORD_EXTRA_BYTES);
    if (log_has_room(lane->log, lane->pending_bytes, bytes) != LOG_ROOM) return;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct replica *replica = lane->shards[i]->replica;
        bool says = replica->is_many && replica->settled_commit != replica->marked_commit;
        if (says && !replica_is_installing(replica)) replica_log_hard(replica);
    }
    if (log_last(lane->log) == last) replica_log_hard(lane->shards[0]->replica); /* one will do */
    lane->marked_position = log_last(lane->log);
    lane->marks_due = false;
}

static void propose(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->touched_count; i++) replica_propose(lane->touched[i]->replica);
}

void lane_turn(struct lane *lane, instant now, int64_t unix_ms)
{
    if (now.ns > lane->now.ns) lane->now = now;
    lane->turn++;
    work(lane, unix_ms);
    propose(lane);
    note_durable(lane);
    tell_ahead(lane);
    if (lane->links != NULL) {
        reload(lane);
        lane_take_frames(lane);
    }
    lane_filing_turn(lane);
    touch_due(lane);
    for (uint32_t i = 0; i < lane->touched_count; i++) replica_turn(lane->touched[i]->replica);
    if (lane->wiring != NULL) {
        lane->wiring_due = wiring_turn(lane->wiring, lane->now, unix_ms);
        propose(
            lane); /* what the root has decided: whoever is settled has nothing left to propose */
    }
    if (lane->links == NULL) return;
    if (lane->many_count > 0) mark_when_idle(lane);
    lane_tell_states(lane);
}

/* --- the second half -------------------------------------------------------------------------- */

static instant earlier(instant a, instant b)
{
    return a.ns < b.ns ? a : b;
}

static void await(struct shard *shard) /* [T2] */
{
    struct lane *lane = shard->lane;
    struct replica *replica = shard->replica;
    if (replica->awaits || replica_is_durable(replica)) return;
    replica->awaits = true;
    lane->awaiting[lane->awaiting_count++] = shard;
}

static void settle(struct lane *lane, instant *deadline)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < lane->touched_count; i++) { /* it may become longer */
        struct shard *shard = lane->touched[i];
        struct replica *replica = shard->replica;
        shard->touched = replica_settle(replica, deadline);
        lane->deadline = earlier(lane->deadline, replica->deadline); /* [T3] */
        lane->marks_due |= replica->is_many && replica->settled_commit != replica->marked_commit;
        await(shard);
        note_turned(shard);
        if (shard->touched) lane->touched[kept++] = shard;
    }
    lane->touched_count = kept;
}

instant lane_settle(struct lane *lane, instant now, int64_t unix_ms)
{
    instant deadline = {now.ns + TURN_PAUSE_NS};
    log_flush(lane->log);
    settle(lane, &deadline);
    bool more = lane_save_turn(lane, now, unix_ms);
    more |= lane_discard_turn(lane);
    deadline = earlier(deadline, lane->deadline);
    if (lane->wiring != NULL) deadline = earlier(deadline, lane->wiring_due);
    if (lane->links != NULL) deadline = earlier(deadline, links_turn(lane->links, lane->now));
    log_flush(lane->log); /* what came to it since then */
    return lane->work_due || more ? now : deadline;
}
