/*
 * replica_send.c -- parts of this shard's newest snapshot, to a member that is behind the log.
 *
 * raft says which part it wants sent; it is read from the file, and goes with its head as one
 * frame. One part at a time a peer; a part that cannot be read is lost, as on a network, and raft
 * asks for it again.
 */
#include <stdlib.h>

#include "lane/replica_impl.h"

#include "lane/snapshot_format.h"

enum {
    BURST_PARTS = 2,
    STUCK_ELECTIONS = 4 /* longest waits for a leader, without anything agreed on */
};
#define NS_PER_S INT64_C(1000000000)

/* The one of that member; else a new one. */
static struct replica_part *part_of(struct replica_sending *sending, node_id node)
{
    struct replica_part **unused = NULL;
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++) {
        struct replica_part **part = &sending->parts[i];
        if (*part != NULL && node_eq((*part)->msg.to, node)) return *part;
        bool idle = *part == NULL || !((*part)->waiting || (*part)->reading);
        if (idle && (unused == NULL || *part == NULL)) unused = part;
    }
    if (unused == NULL) return NULL;
    if (*unused == NULL) *unused = calloc(1, sizeof **unused);
    ASSERT(*unused != NULL);
    return *unused;
}

static bool is_reading(const struct replica_sending *sending)
{
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++) {
        if (sending->parts[i] != NULL && sending->parts[i]->reading) return true;
    }
    return false;
}

static void close_file(struct replica *replica)
{
    struct replica_sending *sending = &replica->sending;
    if (sending->file.n >= 0) io_close(replica->lane->io, sending->file);
    sending->file = IO_NONE;
}

/* False: the snapshot that is meant is not there any more. */
static bool open_file(struct replica *replica, uint64_t index, uint64_t total_bytes)
{
    struct replica_sending *sending = &replica->sending;
    char path[SNAPSHOT_PATH_MAX];
    struct fault ignored; /* raft will be told of a newer one, and ask for that */
    if (sending->file.n < 0 || sending->index != index) {
        if (is_reading(sending)) return false; /* the older one, still: it will be asked again */
        close_file(replica);
        snapshot_path(path, replica->lane->config.folder, replica->shard->number, index, "");
        enum err err = io_open(replica->lane->io, path, IO_OPEN_READ, &sending->file, &ignored);
        if (err != ERR_OK) {
            sending->file = IO_NONE;
            return false;
        }
        sending->index = index;
        sending->file_bytes = io_file_bytes(replica->lane->io, sending->file);
    }
    return sending->file_bytes == total_bytes;
}

void replica_part_wanted(struct replica *replica, const struct raft_msg *msg)
{
    struct replica_part *part = part_of(&replica->sending, msg->to);
    if (part == NULL || part->reading) return;
    part->waiting = true;
    part->msg = *msg;
}

static void read_part(struct replica *replica, struct replica_part *part)
{
    struct lane *lane = replica->lane;
    const struct raft_msg *msg = &part->msg;
    uint64_t total = msg->snapshot_ask.total_bytes, offset = msg->snapshot_ask.offset;
    io_tag tag;
    if (!lane_slot_take(lane, replica, part, &tag)) return;
    part->waiting = false;
    if (offset >= total || !open_file(replica, msg->snapshot_ask.pos.index, total)) {
        lane_slot_give(lane, tag);
        return;
    }
    size_t size = (size_t)u64_min(total - offset, msg->snapshot_ask.bytes.len);
    lane->send_allowance_bytes -= (int64_t)size;
    buffer_clear(&part->bytes);
    put_u32(&part->bytes, replica->shard->number.n);
    raft_msg_write(msg, &part->bytes);
    part->head_bytes = part->bytes.len;
    uint8_t *to = buffer_reserve(&part->bytes, size);
    part->reading = true;
    io_read(lane->io, replica->sending.file, offset, to, size, tag);
}

void replica_part_read(struct replica *replica, struct replica_part *part,
                       const struct io_completion *completion)
{
    part->reading = false;
    const struct raft_msg *msg = &part->msg;
    bool leads = raft_role(replica->raft) == RAFT_LEADER && raft_term(replica->raft) == msg->term;
    uint64_t left = msg->snapshot_ask.total_bytes - msg->snapshot_ask.offset;
    bool whole = completion->err == ERR_OK &&
                 completion->bytes_count == u64_min(left, msg->snapshot_ask.bytes.len);
    if (!leads || !whole) return;
    part->bytes.len = part->head_bytes + completion->bytes_count;
    uint32_t lane = lane_of_shard_at(replica->lane, msg->to, replica->shard->number);
    (void)links_send(replica->lane->links, msg->to, lane, LINK_RAFT, buffer_slice(&part->bytes),
                     NULL, 0);
}

/* How much may be read now in the lane: so many bytes a second, and never many at once. */
static void refill(struct lane *lane)
{
    uint64_t rate = lane->config.replication->snapshot_bytes_a_second;
    int64_t burst = BURST_PARTS * (int64_t)lane->raft.chunk_bytes;
    int64_t passed_ns = lane->now.ns - lane->send_allowed_at.ns;
    lane->send_allowed_at = lane->now;
    if (rate == 0 || passed_ns >= NS_PER_S) {
        lane->send_allowance_bytes = burst;
        return;
    }
    lane->send_allowance_bytes += (int64_t)((double)rate * (double)passed_ns / (double)NS_PER_S);
    if (lane->send_allowance_bytes > burst) lane->send_allowance_bytes = burst;
}

bool lane_may_send(struct lane *lane)
{
    refill(lane);
    return lane->send_allowance_bytes > 0;
}

/* Does a member need a snapshot, and is the newest too old to go on from in the log? */
static bool needs_new_one(const struct replica *replica)
{
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    const struct raft *raft = replica->raft;
    uint64_t term, index = replica->snapshot.index;
    uint32_t count = raft_peers(raft, peers);
    bool wanted = false;
    for (uint32_t i = 0; i < count; i++) wanted |= peers[i].needs_snapshot && peers[i].is_active;
    if (!wanted) return false;
    return index == 0 || !raft_term_at(raft, index, &term); /* as raft chooses one to send */
}

/* A leader's snapshot is whole when all that is in its store is agreed on. Where that takes the
 * very member that waits for the snapshot, neither would ever come: so the store is taken back to
 * what is agreed on, and stays there until there is a snapshot of it. */
static void hold_if_stuck(struct replica *replica, bool needed)
{
    uint64_t commit = raft_commit(replica->raft);
    bool leads = raft_role(replica->raft) == RAFT_LEADER;
    bool stuck = needed && leads && commit < raft_last(replica->raft).index;
    if (!stuck) replica->holds_at_commit = false;
    if (!stuck || commit != replica->stuck_commit) {
        replica->stuck_commit = commit;
        replica->stuck_since = replica->lane->now;
        return;
    }
    int64_t patience_ns = STUCK_ELECTIONS * replica->lane->raft.election_max.ns;
    bool ahead = replica->stored.index > commit && !replica->reload_wanted;
    if (!ahead || replica->lane->now.ns - replica->stuck_since.ns < patience_ns) return;
    if (replica->serving) replica_end_serving(replica); /* else it led before, and does again */
    replica->holds_at_commit = true;
    replica->reload_wanted = true;
}

static void make_one_if_needed(struct replica *replica)
{
    bool needed = needs_new_one(replica);
    hold_if_stuck(replica, needed);
    bool agreed = raft_role(replica->raft) == RAFT_LEADER &&
                  replica->stored.index <= raft_commit(replica->raft);
    if (!needed || !(replica->serving || agreed) || replica->shard->save.writer != NULL) return;
    shard_save_soon(replica->shard, replica->lane->now);
}

bool replica_send_turn(struct replica *replica, instant *deadline)
{
    enum { PAUSE_NS = 10 * 1000 * 1000 };
    struct lane *lane = replica->lane;
    bool left = false;
    make_one_if_needed(replica);
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++) {
        struct replica_part *part = replica->sending.parts[i];
        if (part == NULL || !part->waiting) continue;
        if (lane_may_send(lane)) read_part(replica, part);
        left |= part->waiting;
    }
    if (left)
        deadline->ns =
            deadline->ns < lane->now.ns + PAUSE_NS ? deadline->ns : lane->now.ns + PAUSE_NS;
    return left;
}

void replica_send_close(struct replica *replica)
{
    close_file(replica); /* waits for what is under way: it borrows the parts */
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++) {
        struct replica_part *part = replica->sending.parts[i];
        if (part != NULL) buffer_free(&part->bytes);
        free(part);
    }
}
