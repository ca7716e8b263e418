/*
 * link.c -- see link.h.
 *
 * A link goes NONE -> CONNECTING -> SHAKING -> UP on the side that connects, and NONE -> UP on the
 * other, by a stranger that has proven who it is. Each failure leads back to NONE.
 *
 * [I1] One connection of a pair counts: one that is proven closes the one before, and what that had
 *      brought and nobody took is dropped.
 * [I2] Until it is proven who is there, a frame is at most PEER_STRANGER_BYTES_MAX long, only so
 *      many strangers are kept, each for a limited time, and nothing of them reaches the consumer
 *      but what one that has proven the secret says when it wants to join.
 * [I3] The consumer sees for each lane of a node: UP, frames, DOWN, UP, …. A frame that came before
 * the end of its connection is given before DOWN. [I4] Time in which this process did not look
 * counts for nobody's silence.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lane/link_impl.h"

enum { BACKLOG = 32 };

struct link *links_find(const struct links *links, node_id node, uint32_t lane)
{
    for (uint32_t i = 0; i < links->links_count; i++) {
        struct link *link = &links->links[i];
        if (node_eq(link->node, node) && link->lane == lane && !link->leaves) return link;
    }
    return NULL;
}

bool links_knows(const struct links *links, node_id node)
{
    for (uint32_t i = 0; i < links->links_count; i++) {
        const struct link *link = &links->links[i];
        if (node_eq(link->node, node) && !link->leaves) return true;
    }
    return false;
}

/* --- what has happened ----------------------------------------------------------------------- */

static void complete_link(struct links *links, struct link *link,
                          const struct io_completion *completion)
{
    io_tag tag = {links->config.tag.n + TAG_CONNECTION};
    bool failed = completion->err != ERR_OK;
    if (failed) {
        link_fail_by_error(links, link, completion);
    } else if (completion->kind == IO_CONNECTED) {
        link->reach = REACH_SHAKING;
        link->until = later(links->now, links->config.silence.ns / 2);
        io_receive_start(links->io, link->channel.handle, tag);
        shake_begin(links, &link->shake, link, &link->channel);
        bool sent = link_flush_shake(links, &link->channel);
        if (!sent) link_fail(links, link, SLICE("it closed the connection"), false);
    } else if (completion->kind == IO_SENDABLE) {
        link->channel.blocked = false; /* if it is up, links_flush goes on */
        if (link->reach == REACH_SHAKING) (void)link_flush_shake(links, &link->channel);
    } else if (completion->bytes.len > 0) {
        link->heard = links->now;
        links->stats.bytes_received += completion->bytes.len;
        channel_receive(&link->channel, completion->bytes);
        if (link->reach == REACH_SHAKING) link_shake(links, link);
    } else if (link->reach == REACH_UP) {
        link_lose(links, link, SLICE("it closed the connection"), true);
    } else {
        link_fail(links, link, SLICE("it closed the connection"), false);
    }
}

void links_complete(struct links *links, const struct io_completion *completion)
{
    links->now = io_now(links->io);
    if (completion->kind == IO_ACCEPTED) {
        stranger_welcome(links, completion->handle);
        return;
    }
    ASSERT(completion->handle.n >= 0);
    links->more = true;
    for (uint32_t i = 0; i < links->links_count; i++) {
        struct link *link = &links->links[i];
        if (link->channel.handle.n != completion->handle.n) continue;
        complete_link(links, link, completion);
        return;
    }
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        struct stranger *stranger = &links->strangers[i];
        if (stranger->channel.handle.n != completion->handle.n) continue;
        stranger_complete(links, stranger, completion);
        return;
    }
}

/* --- what has come --------------------------------------------------------------------------- */

static bool is_for_consumer(const struct link *link, const struct peer_frame *frame)
{
    return frame->version == link->shake.version && frame->kind >= PEER_DATA + LINK_RAFT &&
           frame->kind <= PEER_DATA + LINK_GONE;
}

static bool is_ping(const struct link *link, const struct peer_frame *frame)
{
    return frame->version == link->shake.version && frame->kind == PEER_PING;
}

/* The next frame of what it has brought. False: no more, or it is over, and then DOWN is owed. */
static bool take_frame(struct links *links, struct link *link, struct link_frame *frame)
{
    while (link->reach == REACH_UP || link->draining) { /* ends: each round takes a frame */
        struct peer_frame got;
        const char *why = "it does not keep to the protocol";
        enum peer_read read = channel_next(&link->channel, PEER_PAYLOAD_BYTES_MAX, &got, &why);
        if (read == PEER_WHOLE && is_ping(link, &got)) continue;
        if (read == PEER_WHOLE && is_for_consumer(link, &got)) {
            links->stats.frames_received++;
            frame->kind = (enum link_kind)(got.kind - PEER_DATA);
            frame->bytes = got.payload;
            return true;
        }
        if (link->draining) {
            link_stop_draining(link);
        } else if (read != PEER_SHORT) {
            link_lose(links, link, slice_text(why), false);
        }
        return false;
    }
    return false;
}

static void free_link(struct link *link)
{
    channel_free(&link->channel);
    *link = (struct link){.channel.handle = IO_NONE};
}

/* [I3] False: nothing more of this one. */
static bool next_of(struct links *links, struct link *link, struct link_frame *frame)
{
    *frame = (struct link_frame){.from = link->node, .lane = link->lane, .kind = LINK_DOWN};
    if (!link->down_owed && link->up_owed) {
        link->up_owed = false;
        frame->kind = LINK_UP;
        return true;
    }
    if (!link->down_owed && take_frame(links, link, frame)) return true;
    bool down = link->down_owed;
    link->down_owed = false;
    if (link->leaves) free_link(link);
    return down;
}

bool links_next(struct links *links, struct link_frame *frame)
{
    links->more = true;
    for (uint32_t i = 0; i < links->links_count; i++) {
        if (next_of(links, &links->links[links->next], frame)) return true;
        links->next = (links->next + 1) % links->links_count;
    }
    links->more = false;
    return false;
}

/* --- the turn -------------------------------------------------------------------------------- */

static instant turn_up(struct links *links, struct link *link)
{
    int64_t silence_ns = links->config.silence.ns;
    instant silent_at = later(link->heard, silence_ns);
    if (links->now.ns >= silent_at.ns) {
        char why[64];
        (void)snprintf(why, sizeof why, "it was silent for %lld ms",
                       (long long)((links->now.ns - link->heard.ns) / 1000000));
        link_lose(links, link, slice_text(why), true);
        return link->retry_at;
    }
    instant ping_at = later(link->said, silence_ns / LINK_PINGS);
    if (links->now.ns >= ping_at.ns) {
        if (link->channel.count == 0) {
            channel_put(&link->channel, link->shake.version, PEER_PING, (struct slice){0}, NULL, 0);
        }
        link->said = links->now;
        ping_at = later(links->now, silence_ns / LINK_PINGS);
    }
    return earlier(silent_at, ping_at);
}

static instant turn_link(struct links *links, struct link *link)
{
    static const instant never = {INT64_MAX};
    channel_keep(&link->channel);
    switch (link->reach) {
    case REACH_NONE:
        if (!link->connects) return never;
        if (links->now.ns < link->retry_at.ns) return link->retry_at;
        link_attempt(links, link);
        return link->reach == REACH_NONE ? link->retry_at : link->until;
    case REACH_CONNECTING:
    case REACH_SHAKING:
        if (links->now.ns < link->until.ns) return link->until;
        link_fail(links, link, SLICE("it does not answer"), false);
        return link->retry_at;
    case REACH_UP: return turn_up(links, link);
    }
    UNREACHABLE("a reach");
}

/* [I4] */
static void forgive_pause(struct links *links, instant now)
{
    int64_t gap_ns = now.ns - links->turned.ns;
    bool slept = links->turned.ns != 0 && gap_ns > links->config.silence.ns / 2;
    links->turned = now;
    if (!slept) return;
    for (uint32_t i = 0; i < links->links_count; i++) {
        struct link *link = &links->links[i];
        link->heard = earlier(now, later(link->heard, gap_ns));
        link->until = later(link->until, gap_ns);
    }
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        links->strangers[i].until = later(links->strangers[i].until, gap_ns);
    }
}

instant links_turn(struct links *links, instant now)
{
    instant deadline = {INT64_MAX};
    links->now = now;
    forgive_pause(links, now);
    for (uint32_t i = 0; i < links->links_count; i++) {
        deadline = earlier(deadline, turn_link(links, &links->links[i]));
    }
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        struct stranger *stranger = &links->strangers[i];
        if (stranger->channel.handle.n < 0) continue;
        channel_keep(&stranger->channel);
        if (now.ns >= stranger->until.ns) {
            stranger_dismiss(links, stranger, false);
        } else {
            deadline = earlier(deadline, stranger->until);
        }
    }
    return links->more ? now : deadline;
}

/* --- sending --------------------------------------------------------------------------------- */

bool links_speaks(struct links *links, node_id node, uint32_t lane)
{
    struct link *link = links_find(links, node, lane);
    if (link == NULL || link->reach != REACH_UP) return false;
    size_t unfinished = link->channel.in.len - link->channel.in_used;
    bool more = unfinished > 0 && unfinished != link->unfinished_bytes;
    link->unfinished_bytes = unfinished;
    return more;
}

bool links_is_up(const struct links *links, node_id node, uint32_t lane)
{
    const struct link *link = links_find(links, node, lane);
    return link != NULL && link->reach == REACH_UP;
}

uint8_t links_version(const struct links *links, node_id node, uint32_t lane)
{
    const struct link *link = links_find(links, node, lane);
    return link != NULL && link->reach == REACH_UP ? link->shake.version : 0;
}

static void end(struct links *links, node_id node, uint32_t lane, struct slice why)
{
    struct link *link = links_find(links, node, lane);
    if (link != NULL && link->reach == REACH_UP) link_lose(links, link, why, false);
}

void links_break(struct links *links, node_id node, uint32_t lane)
{
    end(links, node, lane, SLICE("it said what nobody here understands"));
}

void links_part(struct links *links, node_id node, uint32_t lane)
{
    end(links, node, lane, SLICE("it has said that it ends"));
}

bool links_send(struct links *links, node_id to, uint32_t lane, enum link_kind kind,
                struct slice head, const struct raft_span *spans, uint32_t spans_count)
{
    struct link *link = links_find(links, to, lane);
    if (link == NULL || link->reach != REACH_UP) return false;
    bool unseen = link->up_owed || link->down_owed || link->draining;
    if (unseen && kind >= LINK_ASKS) return false; /* meant for the link that was lost */
    size_t bytes = head.len;
    for (uint32_t i = 0; i < spans_count; i++) bytes += spans[i].bytes.len;
    if (bytes > PEER_PAYLOAD_BYTES_MAX) return false;
    /* One that is larger than the queue may be must come through, whatever small one is before it.
     */
    if (link->channel.queued_bytes >= links->config.queue_bytes_max) return false;
    channel_put(&link->channel, link->shake.version, (uint8_t)(PEER_DATA + kind), head, spans,
                spans_count);
    links->stats.frames_sent++;
    link->said = links->now;
    return true;
}

void links_flush(struct links *links)
{
    for (uint32_t i = 0; i < links->links_count; i++) {
        struct link *link = &links->links[i];
        if (link->reach != REACH_UP || link->channel.count == 0) continue;
        enum err err = channel_flush(&link->channel, links->io, &links->stats.bytes_sent);
        if (err != ERR_OK) link_lose(links, link, slice_text(err_text(err)), true);
    }
}

/* --- made, and taken apart ------------------------------------------------------------------- */

static struct link *place_for_link(struct links *links)
{
    for (uint32_t i = 0; i < links->links_count; i++) {
        if (links->links[i].node.n == 0) return &links->links[i];
    }
    if (links->links_count == links->links_capacity) {
        links->links_capacity = links->links_capacity * 2 + 4;
        links->links = reallocarray(links->links, links->links_capacity, sizeof *links->links);
        ASSERT(links->links != NULL);
    }
    return &links->links[links->links_count++];
}

static void add_link(struct links *links, const struct link_peer *peer, uint32_t lane)
{
    struct link *link = place_for_link(links);
    *link = (struct link){0};
    link->node = peer->node;
    link->lane = lane;
    link->address = peer->address;
    link->address.port = (uint16_t)(peer->address.port + lane);
    link->connects = links->config.self.n < peer->node.n;
    link->channel.handle = IO_NONE;
    link->pause_ns = LINK_PAUSE_MIN_NS;
}

static enum err listen_for_peers(struct links *links, struct fault *fault)
{
    struct io_address address = links->source;
    const struct link_config *config = &links->config;
    for (uint32_t i = 0; i < config->peers_count; i++) {
        if (!node_eq(config->peers[i].node, config->self)) continue;
        address.port = (uint16_t)(config->peers[i].address.port + config->lane);
    }
    io_tag tag = {config->tag.n + TAG_LISTENER};
    enum err err = io_listen(links->io, &address, BACKLOG, false, tag, &links->listener, fault);
    if (err == ERR_EXISTS && config->may_be_deaf) {
        links->listener = IO_NONE;
        return ERR_OK;
    }
    if (err != ERR_EXISTS) {
        return err == ERR_OK ? err : fault_prefix(fault, "the address of node %u", config->self.n);
    }
    return fault_set(fault, err,
                     "port %u of %s is busy, where lane %u of node %u meets its peers: stop the "
                     "program that listens there, or give the node another port (--peer-port, or "
                     "in --peers on all nodes)",
                     address.port, address.text, config->lane, config->self.n);
}

static void leave(struct links *links, struct link *link)
{
    link->leaves = true;
    link->connects = false;
    switch (link->reach) {
    case REACH_UP: link_lose(links, link, SLICE("it is no peer any more"), false); break;
    case REACH_CONNECTING:
    case REACH_SHAKING: link_fail(links, link, SLICE("it is no peer any more"), false); break;
    case REACH_NONE: link_stop_draining(link); break;
    }
    links->more = true;
}

static void meet(struct links *links, const struct link_peer *peer, uint32_t lane)
{
    struct link *link = links_find(links, peer->node, lane);
    if (link == NULL) {
        add_link(links, peer, lane);
        return;
    }
    struct io_address address = peer->address;
    address.port = (uint16_t)(address.port + lane);
    bool same = strcmp(link->address.text, address.text) == 0 && link->address.port == address.port;
    if (same) return;
    link->address = address;
    bool trying = link->reach == REACH_CONNECTING || link->reach == REACH_SHAKING;
    if (trying) link_fail(links, link, SLICE("its address has changed"), false);
    link->retry_at = links->now;
}

static uint32_t lanes_of(const struct links *links, const struct link_peer *peer)
{
    return peer->lanes_count == 0 ? links->config.lanes_count : peer->lanes_count;
}

static bool meets(const struct links *links, const struct link_peer *peer, uint32_t lane)
{
    uint32_t count = lanes_of(links, peer);
    return lane < count && lanes_meet(links->config.lane, links->config.lanes_count, lane, count);
}

static void meet_all(struct links *links, const struct link_peer *peer)
{
    if (node_eq(peer->node, links->config.self)) return;
    for (uint32_t lane = 0; lane < lanes_of(links, peer); lane++) {
        if (meets(links, peer, lane)) meet(links, peer, lane);
    }
}

void links_set_peers(struct links *links, const struct link_peer *peers, uint32_t count)
{
    for (uint32_t i = 0; i < links->links_count; i++) {
        struct link *link = &links->links[i];
        bool stays = link->node.n == 0 || link->leaves;
        for (uint32_t k = 0; k < count && !stays; k++) {
            stays = node_eq(peers[k].node, link->node) && meets(links, &peers[k], link->lane);
        }
        if (!stays) leave(links, link);
    }
    for (uint32_t i = 0; i < count; i++) meet_all(links, &peers[i]);
}

enum err links_new(const struct link_config *config, struct io *io, struct links **out,
                   struct fault *fault)
{
    struct links *links = calloc(1, sizeof *links);
    ASSERT(links != NULL && config->peers_count <= LINK_PEERS_MAX);
    links->config = *config;
    links->io = io;
    links->listener = IO_NONE;
    links->prng.state = config->nonce_seed;
    links->now = io_now(io);
    buffer_append(&links->secret, config->secret);
    links->config.secret = buffer_slice(&links->secret);
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) links->strangers[i].channel.handle = IO_NONE;
    for (uint32_t i = 0; i < config->peers_count; i++) {
        if (node_eq(config->peers[i].node, config->self)) links->source = config->peers[i].address;
        meet_all(links, &config->peers[i]);
    }
    links->source.port = 0; /* any of this address */
    enum err err = listen_for_peers(links, fault);
    if (err != ERR_OK) {
        links_free(links);
        return err;
    }
    *out = links;
    return ERR_OK;
}

bool links_is_deaf(const struct links *links)
{
    return links->listener.n < 0;
}

void links_free(struct links *links)
{
    for (uint32_t i = 0; i < links->links_count; i++) {
        channel_close(&links->links[i].channel, links->io, false);
        channel_free(&links->links[i].channel);
    }
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        channel_close(&links->strangers[i].channel, links->io, false);
        channel_free(&links->strangers[i].channel);
        buffer_free(&links->strangers[i].request);
    }
    if (links->listener.n >= 0) io_close(links->io, links->listener);
    buffer_free(&links->secret);
    free(links->links);
    free(links);
}

const struct link_stats *links_stats(const struct links *links)
{
    return &links->stats;
}

const char *links_trouble(const struct links *links, node_id node, uint32_t lane)
{
    const struct link *link = links_find(links, node, lane);
    return link == NULL ? "" : link->trouble;
}
