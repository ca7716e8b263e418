/* lane_frames.c -- frames to and from other nodes: to which shard, and what is the doors'. */
#include <stdlib.h>

#include "core/peer/peer.h"
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
    config.may_be_deaf = lane->config.cluster != NULL && lane->config.cluster->may_be_deaf;
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

uint32_t lane_of_shard_at(const struct lane *lane, node_id node, shard_id shard)
{
    uint32_t lanes_count = 0;
    for (uint32_t i = 0; i < lane->peers_count && lanes_count == 0; i++) {
        if (node_eq(lane->peers[i].node, node)) lanes_count = lane->peers[i].lanes_count;
    }
    if (lanes_count == 0) lanes_count = lane->config.lanes_count;
    return shard_lane(shard, lane->config.shards_count, lanes_count);
}

static uint32_t lanes_of(const struct lane *lane, const struct link_peer *peer)
{
    return peer->lanes_count == 0 ? lane->config.lanes_count : peer->lanes_count;
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
    struct message *message = message_new(frame->from.n, frame->lane, (uint32_t)frame->kind);
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

/* Of the shards that are in that lane there. `all`: not only those that have changed. */
static void tell_states(struct lane *lane, node_id to, uint32_t to_lane, bool all)
{
    enum { FRAME_BYTES = 16 * 1024 };
    struct buffer *frame = &lane->frame;
    buffer_clear(frame);
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        const struct replica *replica = lane->shards[i]->replica;
        bool meant = (all || replica->state_due) &&
                     lane_of_shard_at(lane, to, lane->shards[i]->number) == to_lane;
        if (meant) replica_state_put(replica, frame);
        bool ends = i + 1 == lane->shards_here || frame->len >= FRAME_BYTES;
        if (!ends || frame->len == 0) continue;
        (void)links_send(lane->links, to, to_lane, LINK_STATE, buffer_slice(frame), NULL, 0);
        buffer_clear(frame);
    }
}

void lane_tell_states(struct lane *lane)
{
    if (!lane->states_due) return;
    lane->states_due = false;
    for (uint32_t i = 0; i < lane->peers_count; i++) {
        node_id node = lane->peers[i].node;
        if (node_eq(node, lane->self)) continue;
        for (uint32_t k = 0; k < lanes_of(lane, &lane->peers[i]); k++) {
            if (links_is_up(lane->links, node, k)) tell_states(lane, node, k, false);
        }
    }
    for (uint32_t i = 0; i < lane->shards_here; i++) lane->shards[i]->replica->state_due = false;
}

/* Only to those groups whose members there are in that lane: the others have a link of their own.
 */
static void take_up_or_down(struct lane *lane, const struct link_frame *frame)
{
    bool up = frame->kind == LINK_UP;
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = lane->shards[i];
        if (lane_of_shard_at(lane, frame->from, shard->number) != frame->lane) continue;
        replica_take_up_or_down(shard->replica, frame->from, up);
        if (!up) replica_warm_down(shard->replica, frame->from);
    }
    if (up) tell_states(lane, frame->from, frame->lane, true);
    bool first = lane->config.number == 0 && frame->lane == 0;
    if (lane->wiring != NULL && first) wiring_take_frame(lane->wiring, frame);
}

static void take_frame(struct lane *lane, const struct link_frame *frame)
{
    struct cursor cursor = cursor_of(frame->bytes);
    struct shard *shard;
    switch (frame->kind) {
    case LINK_RAFT:
        shard = shard_meant(lane, &cursor);
        if (shard != NULL) {
            replica_take_raft(shard->replica, frame->from,
                              slice_of(cursor.at, cursor_left(&cursor)));
        }
        return;
    case LINK_WARM:
        shard = shard_meant(lane, &cursor);
        if (shard != NULL) {
            replica_warm_take(shard->replica, frame->from,
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
    case LINK_DOWN: take_up_or_down(lane, frame); break;
    case LINK_MAP:
    case LINK_LEADS:
    case LINK_REPORTS:
        if (lane->wiring != NULL) wiring_take_frame(lane->wiring, frame);
        return;
    case LINK_ASKS:
    case LINK_ANSWERS:
    case LINK_TELL:
    case LINK_GONE: break;
    }
    put_message(lane, frame);
}

static void note_speaks(struct lane *lane, node_id node, uint32_t node_lane)
{
    for (uint32_t i = 0; i < lane->shards_here; i++) {
        struct shard *shard = lane->shards[i];
        if (lane_of_shard_at(lane, node, shard->number) != node_lane) continue;
        replica_note_speaks(shard->replica, node);
    }
}

/* Of a long message of theirs something has come. */
static void note_who_speaks(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->peers_count; i++) {
        node_id node = lane->peers[i].node;
        if (node_eq(node, lane->self)) continue;
        for (uint32_t k = 0; k < lanes_of(lane, &lane->peers[i]); k++) {
            if (links_speaks(lane->links, node, k)) note_speaks(lane, node, k);
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

bool lane_send(struct lane *lane, node_id to, uint32_t to_lane, uint32_t kind, struct slice bytes)
{
    if (lane->links == NULL) return false;
    return links_send(lane->links, to, to_lane, (enum link_kind)kind, bytes, NULL, 0);
}

bool lane_peer_can_be_told(const struct lane *lane, node_id node, uint32_t node_lane)
{
    return lane->links != NULL && links_version(lane->links, node, node_lane) >= PEER_VERSION_TOLD;
}

bool lane_is_linked_to(const struct lane *lane, node_id node, uint32_t node_lane)
{
    return lane->links != NULL && links_is_up(lane->links, node, node_lane);
}

void lane_break_link(struct lane *lane, node_id node, uint32_t node_lane)
{
    if (lane->links != NULL) links_break(lane->links, node, node_lane);
}

void lane_part_link(struct lane *lane, node_id node, uint32_t node_lane)
{
    if (lane->links != NULL) links_part(lane->links, node, node_lane);
}

struct message *lane_take_messages(struct lane *lane)
{
    struct message *taken = lane->inbox;
    lane->inbox = lane->inbox_last = NULL;
    return taken;
}
