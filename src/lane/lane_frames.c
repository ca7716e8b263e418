/* lane_frames.c -- frames to and from other nodes: to which shard, and what is the doors'. */
#include <stdlib.h>

#include "lane/replica_impl.h"
#include "lane/wiring.h"

enum { FRAMES_A_TURN = 4096 };

static void note_peers(struct lane *lane, const struct link_peer *peers, uint32_t count)
{
    lane->peers = reallocarray(lane->peers, count + 1, sizeof *peers);
    ASSERT(lane->peers != NULL);
    memcpy(lane->peers, peers, count * sizeof *peers);
    lane->peers_count = count;
}

enum err lane_links_open(struct lane *lane, struct fault *fault)
{
    struct link_config config = lane->config.replication->link;
    config.tag = (io_tag){LANE_TAG_LINKS};
    note_peers(lane, config.peers, config.peers_count);
    return links_new(&config, lane->io, &lane->links, fault);
}

bool lane_knows(const struct lane *lane, node_id node)
{
    if (node_eq(node, lane->self)) return true;
    for (uint32_t i = 0; i < lane->peers_count; i++) {
        if (node_eq(lane->peers[i].node, node)) return true;
    }
    return false;
}

void lane_set_peers(struct lane *lane, const struct link_peer *peers, uint32_t count)
{
    if (lane->links == NULL) return;
    note_peers(lane, peers, count);
    links_set_peers(lane->links, peers, count);
}

void lane_links_close(struct lane *lane)
{
    if (lane->links != NULL) links_free(lane->links);
    free(lane->peers);
    while (lane->inbox != NULL) {
        struct message *message = lane->inbox;
        lane->inbox = message->next;
        message_free(message);
    }
}

/* --- from them -------------------------------------------------------------------------------- */

static void put_message(struct lane *lane, const struct link_frame *frame)
{
    struct message *message =
        message_new(frame->from.n, lane->config.number, (uint32_t)frame->kind);
    if (frame->bytes.len > 0) buffer_append(&message->bytes, frame->bytes);
    if (lane->inbox == NULL) {
        lane->inbox = message;
    } else {
        lane->inbox_last->next = message;
    }
    lane->inbox_last = message;
}

/* A frame that begins with its group. NULL: it is not here. */
static struct shard *shard_meant(const struct lane *lane, struct cursor *cursor)
{
    uint32_t group = cursor_u32(cursor);
    return cursor->bad ? NULL : lane_shard(lane, (shard_id){group});
}

/* `all`: not only those that have changed. */
static void tell_states(struct lane *lane, node_id to, bool all)
{
    enum { FRAME_BYTES = 16 * 1024 };
    struct buffer *frame = &lane->frame;
    buffer_clear(frame);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        const struct replica *replica = lane->shards[i]->replica;
        if (all || replica->state_due) replica_state_put(replica, frame);
        bool ends = i + 1 == lane->shards_here || frame->len >= FRAME_BYTES;
        if (!ends || frame->len == 0) continue;
        (void)links_send(lane->links, to, LINK_STATE, buffer_slice(frame), NULL, 0);
        buffer_clear(frame);
    }
}

void lane_tell_states(struct lane *lane)
{
    if (!lane->states_due) return;
    lane->states_due = false;
    for (uint32_t i = 0; i < lane->peers_count; i++) {
        node_id node = lane->peers[i].node;
        bool other = !node_eq(node, lane->self);
        if (other && links_is_up(lane->links, node)) tell_states(lane, node, false);
    }
    for (uint32_t i = 0; i < lane->shards_here; i++) lane->shards[i]->replica->state_due = false;
}

static void take_frame(struct lane *lane, const struct link_frame *frame)
{
    struct cursor cursor = cursor_of(frame->bytes);
    struct shard *shard;
    bool up = frame->kind == LINK_UP;
    switch (frame->kind) {
    case LINK_RAFT:
        shard = shard_meant(lane, &cursor);
        if (shard != NULL) {
            replica_take_raft(shard->replica, frame->from,
                              slice_of(cursor.at, cursor_left(&cursor)));
        }
        return;
    case LINK_STATE:
        while (!cursor.bad && cursor_left(&cursor) > 0) {
            shard = shard_meant(lane, &cursor);
            replica_state_heard(shard == NULL ? NULL : shard->replica, frame->from, &cursor);
        }
        return;
    case LINK_UP:
    case LINK_DOWN:
        for (uint32_t i = 0; i < lane->shards_here; i++) {
            replica_take_up_or_down(lane->shards[i]->replica, frame->from, up);
        }
        if (up) tell_states(lane, frame->from, true);
        if (lane->wiring != NULL) wiring_take_frame(lane->wiring, frame);
        break;
    case LINK_MAP:
    case LINK_LEADS:
    case LINK_REPORTS:
        if (lane->wiring != NULL) wiring_take_frame(lane->wiring, frame);
        return;
    case LINK_ASKS:
    case LINK_ANSWERS:
    case LINK_TELL: break;
    }
    put_message(lane, frame);
}

/* Of a long message of theirs something has come. */
static void note_who_speaks(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->peers_count; i++) {
        node_id node = lane->peers[i].node;
        if (node_eq(node, lane->self) || !links_speaks(lane->links, node)) continue;
        for (uint32_t k = 0; k < lane->shards_here; k++) {
            replica_note_speaks(lane->shards[k]->replica, node);
        }
    }
}

void lane_take_frames(struct lane *lane)
{
    struct link_frame frame;
    note_who_speaks(lane);
    for (uint32_t i = 0; i < FRAMES_A_TURN && links_next(lane->links, &frame); i++) {
        take_frame(lane, &frame);
    }
}

/* --- the doors' ------------------------------------------------------------------------------- */

bool lane_send(struct lane *lane, node_id to, uint32_t kind, struct slice bytes)
{
    if (lane->links == NULL) return false;
    return links_send(lane->links, to, (enum link_kind)kind, bytes, NULL, 0);
}

void lane_break_link(struct lane *lane, node_id node)
{
    if (lane->links != NULL) links_break(lane->links, node);
}

struct message *lane_take_messages(struct lane *lane)
{
    struct message *taken = lane->inbox;
    lane->inbox = lane->inbox_last = NULL;
    return taken;
}
