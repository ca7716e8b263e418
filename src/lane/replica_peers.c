/* replica_peers.c -- messages to and from the other members of the group. */
#include "lane/replica_impl.h"

/* --- to them ---------------------------------------------------------------------------------- */

/* The frame's head is put together in replica->lane->frame. */
static void send_message(struct replica *replica, const struct raft_msg *msg)
{
    buffer_clear(&replica->lane->frame);
    put_u32(&replica->lane->frame, replica->shard->number.n);
    raft_msg_write(msg, &replica->lane->frame);
    bool appends = msg->kind == RAFT_MSG_APPEND_ASK;
    const struct raft_span *spans = appends ? msg->append_ask.spans : NULL;
    /* What cannot be sent is lost, as on a network. */
    uint32_t lane = lane_of_shard_at(replica->lane, msg->to, replica->shard->number);
    (void)links_send(replica->lane->links, msg->to, lane, LINK_RAFT,
                     buffer_slice(&replica->lane->frame), spans,
                     appends ? msg->append_ask.spans_count : 0);
}

void replica_send_messages(struct replica *replica)
{
    const struct raft_outbox *out = &replica->lane->out;
    if (replica->lane->links == NULL) return; /* while it is opened */
    for (uint32_t i = 0; i < out->msgs_count; i++) {
        const struct raft_msg *msg = &out->msgs[i];
        if (msg->kind == RAFT_MSG_SNAPSHOT_ASK && msg->snapshot_ask.bytes.len > 0) {
            replica_part_wanted(replica, msg);
        } else {
            send_message(replica, msg);
        }
    }
}

/* --- from them -------------------------------------------------------------------------------- */

static struct raft_batch *batch_of(const struct raft_msg *msg)
{
    bool appends = msg->kind == RAFT_MSG_APPEND_ASK && msg->append_ask.spans_count > 0;
    return appends ? msg->append_ask.spans[0].batch : NULL;
}

static bool disk_is_full(struct replica *replica, const struct raft_batch *batch)
{
    size_t bytes = 0;
    if (batch != NULL) {
        bytes = raft_batch_bytes(batch) + raft_batch_count(batch) * (size_t)LOG_RECORD_EXTRA_BYTES;
    }
    return log_has_room(replica->lane->log, 0, bytes) == LOG_ROOM_DISK_FULL;
}

void replica_take_raft(struct replica *replica, node_id from, struct slice bytes)
{
    struct raft_msg msg;
    if (replica->reload_wanted || replica_is_installing(replica)) return; /* [P4] */
    if (replica_is_ahead(replica)) return;                                /* [N1] */
    if (!raft_msg_read(bytes, &msg)) return;
    struct raft_batch *batch = batch_of(&msg);
    bool meant = node_eq(msg.from, from) && node_eq(msg.to, replica->lane->self);
    if (meant) {
        replica_step(replica, &(struct raft_event){.kind = RAFT_EV_MSG,
                                                   .msg = &msg,
                                                   .no_room = disk_is_full(replica, batch)});
    }
    raft_batch_unref(batch);
}

void replica_take_up_or_down(struct replica *replica, node_id node, bool up)
{
    struct replica_peer *peer = replica_peer(replica, node);
    bool knows = raft_members_has(raft_members(replica->raft), node) ||
                 node_eq(raft_leader(replica->raft), node);
    if (peer != NULL) {
        peer->is_up = up;
        peer->state = 0;
    }
    if (knows)
        replica_step(replica, &(struct raft_event){.kind = up ? RAFT_EV_PEER_UP : RAFT_EV_PEER_DOWN,
                                                   .peer = node});
}

void replica_note_speaks(struct replica *replica, node_id node)
{
    bool quiet = replica->reload_wanted || replica_is_installing(replica); /* [P4] */
    if (quiet || !node_eq(raft_leader(replica->raft), node)) return;
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_PEER_SPEAKS, .peer = node});
}
