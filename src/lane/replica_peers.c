/* replica_peers.c -- frames to and from the same lane of the other nodes. */
#include "lane/replica_impl.h"

enum { FRAMES_A_TURN = 4096 };

enum err replica_peers_open(struct replica *replica, struct fault *fault)
{
    replica->config.link.tag = (io_tag){LANE_TAG_LINKS};
    return links_new(&replica->config.link, replica->lane->io, &replica->links, fault);
}

void replica_peers_close(struct replica *replica)
{
    if (replica->links != NULL) links_free(replica->links);
    while (replica->inbox != NULL) {
        struct message *message = replica->inbox;
        replica->inbox = message->next;
        message_free(message);
    }
}

/* --- to them ---------------------------------------------------------------------------------- */

/* The frame's head is put together in replica->frame. */
static void send_message(struct replica *replica, const struct raft_msg *msg)
{
    buffer_clear(&replica->frame);
    put_u32(&replica->frame, replica->config.link.lane);
    raft_msg_write(msg, &replica->frame);
    bool appends = msg->kind == RAFT_MSG_APPEND_ASK;
    const struct raft_span *spans = appends ? msg->append_ask.spans : NULL;
    /* What cannot be sent is lost, as on a network. */
    (void)links_send(replica->links, msg->to, LINK_RAFT, buffer_slice(&replica->frame), spans,
                     appends ? msg->append_ask.spans_count : 0);
}

void replica_send_messages(struct replica *replica)
{
    const struct raft_outbox *out = &replica->out;
    if (replica->links == NULL) return; /* while it is opened */
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

static void put_message(struct replica *replica, const struct link_frame *frame)
{
    struct message *message =
        message_new(frame->from.n, replica->config.link.lane, (uint32_t)frame->kind);
    if (frame->bytes.len > 0) buffer_append(&message->bytes, frame->bytes);
    if (replica->inbox == NULL) {
        replica->inbox = message;
    } else {
        replica->inbox_last->next = message;
    }
    replica->inbox_last = message;
}

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

static void take_raft(struct replica *replica, const struct link_frame *frame)
{
    struct raft_msg msg;
    struct cursor cursor = cursor_of(frame->bytes);
    uint32_t group = cursor_u32(&cursor);
    if (replica->reload_wanted || replica_is_installing(replica)) return; /* [P4] */
    if (cursor.bad || group != replica->config.link.lane) return;
    if (!raft_msg_read(slice_of(cursor.at, cursor_left(&cursor)), &msg)) return;
    struct raft_batch *batch = batch_of(&msg);
    bool meant = node_eq(msg.from, frame->from) && node_eq(msg.to, replica->config.raft.self);
    if (meant) {
        replica_step(replica, &(struct raft_event){.kind = RAFT_EV_MSG,
                                                   .msg = &msg,
                                                   .no_room = disk_is_full(replica, batch)});
    }
    raft_batch_unref(batch);
}

static void take_up_or_down(struct replica *replica, struct replica_peer *peer, bool up)
{
    peer->is_up = up;
    peer->state = 0;
    replica_step(replica, &(struct raft_event){.kind = up ? RAFT_EV_PEER_UP : RAFT_EV_PEER_DOWN,
                                               .peer = peer->node});
    if (up) replica_state_tell(replica, peer->node);
}

static void take_frame(struct replica *replica, const struct link_frame *frame)
{
    struct replica_peer *peer = replica_peer(replica, frame->from);
    if (peer == NULL) return;
    switch (frame->kind) {
    case LINK_RAFT: take_raft(replica, frame); return;
    case LINK_STATE: replica_state_heard(replica, peer, frame->bytes); return;
    case LINK_UP:
    case LINK_DOWN: take_up_or_down(replica, peer, frame->kind == LINK_UP); break;
    case LINK_ASKS:
    case LINK_ANSWERS:
    case LINK_TELL: break;
    }
    put_message(replica, frame);
}

static void note_who_speaks(struct replica *replica)
{
    node_id leader = raft_leader(replica->raft);
    bool quiet = replica->reload_wanted || replica_is_installing(replica); /* [P4] */
    if (quiet || leader.n == 0 || !links_speaks(replica->links, leader)) return;
    replica_step(replica, &(struct raft_event){.kind = RAFT_EV_PEER_SPEAKS, .peer = leader});
}

void replica_take_frames(struct replica *replica)
{
    struct link_frame frame;
    note_who_speaks(replica);
    for (uint32_t i = 0; i < FRAMES_A_TURN && links_next(replica->links, &frame); i++) {
        take_frame(replica, &frame);
    }
}
