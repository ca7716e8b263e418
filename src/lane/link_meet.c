/* link_meet.c -- who has connected, and shaking hands: see link_impl.h, and link.c for what is
 * kept.
 */
#include "lane/link_impl.h"

/* What was put in the channel while shaking hands leaves at once. */
bool link_flush_shake(struct links *links, struct channel *channel)
{
    return channel_flush(channel, links->io, &links->stats.bytes_sent) == ERR_OK;
}

void stranger_dismiss(struct links *links, struct stranger *stranger, bool gently)
{
    channel_close(&stranger->channel, links->io, gently);
    channel_drop(&stranger->channel);
}

static struct stranger *place_for_stranger(struct links *links)
{
    struct stranger *oldest = &links->strangers[0];
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        struct stranger *stranger = &links->strangers[i];
        if (stranger->channel.handle.n < 0) return stranger;
        if (stranger->until.ns < oldest->until.ns) oldest = stranger;
    }
    stranger_dismiss(links, oldest, false); /* [I2] */
    return oldest;
}

void stranger_welcome(struct links *links, io_handle handle)
{
    struct stranger *stranger = place_for_stranger(links);
    channel_open(&stranger->channel, handle);
    stranger->joining = JOINING_NOT;
    stranger->until = later(links->now, links->config.silence.ns);
    shake_begin(links, &stranger->shake, NULL, &stranger->channel);
    io_receive_start(links->io, handle, (io_tag){links->config.tag.n + TAG_CONNECTION});
}

/* It has proven that it is this lane of this node. */
static void promote(struct links *links, struct stranger *stranger)
{
    const struct peer_hello *theirs = &stranger->shake.theirs;
    struct link *link = links_find(links, theirs->node, theirs->lane);
    ASSERT(link != NULL && !link->connects);
    if (link->reach == REACH_UP) link_lose(links, link, SLICE("it has connected again"), false);
    link_stop_draining(link); /* [I1] */
    struct channel old = link->channel;
    link->channel = stranger->channel;
    link->shake = stranger->shake;
    stranger->channel = old;
    link_rise(links, link);
}

/* --- shaking hands --------------------------------------------------------------------------- */

/* Frames of the handshake, until it is over or there are no more. */
static enum shake_state shake_all(struct links *links, struct shake *shake, struct channel *channel,
                                  struct buffer *trouble)
{
    struct peer_frame frame;
    const char *why;
    enum shake_state state = SHAKE_MORE;
    while (state == SHAKE_MORE) { /* ends: each round takes a frame */
        switch (channel_next(channel, PEER_STRANGER_BYTES_MAX, &frame, &why)) {
        case PEER_SHORT: return SHAKE_MORE;
        case PEER_WRONG: buffer_append(trouble, slice_text(why)); return SHAKE_FAILED;
        case PEER_WHOLE: state = shake_step(links, shake, &frame, channel, trouble); break;
        }
        bool sent = link_flush_shake(links, channel);
        if (!sent && state != SHAKE_FAILED) {
            buffer_append(trouble, SLICE("it closed the connection"));
            return SHAKE_FAILED;
        }
    }
    return state;
}

static void shake_stranger(struct links *links, struct stranger *stranger)
{
    struct buffer trouble = {0};
    switch (shake_all(links, &stranger->shake, &stranger->channel, &trouble)) {
    case SHAKE_MORE: break;
    case SHAKE_DONE:
        if (stranger->shake.theirs.node.n == 0) {
            stranger_begin_joining(links, stranger);
        } else {
            promote(links, stranger);
        }
        break;
    case SHAKE_FAILED: {
        const struct peer_hello *theirs = &stranger->shake.theirs;
        struct link *link =
            stranger->shake.got_hello ? links_find(links, theirs->node, theirs->lane) : NULL;
        bool known = link != NULL && !link->connects && link->reach == REACH_NONE;
        if (known) link_set_trouble(link, buffer_slice(&trouble));
        links->stats.refused++;
        stranger_dismiss(links, stranger, true);
        break;
    }
    }
    buffer_free(&trouble);
}

void link_shake(struct links *links, struct link *link)
{
    struct buffer trouble = {0};
    switch (shake_all(links, &link->shake, &link->channel, &trouble)) {
    case SHAKE_MORE: break;
    case SHAKE_DONE: link_rise(links, link); break;
    case SHAKE_FAILED:
        links->stats.refused++;
        link_fail(links, link, buffer_slice(&trouble), true);
        break;
    }
    buffer_free(&trouble);
}

void stranger_complete(struct links *links, struct stranger *stranger,
                       const struct io_completion *completion)
{
    if (completion->kind == IO_SENDABLE) {
        stranger->channel.blocked = false;
        if (!link_flush_shake(links, &stranger->channel)) stranger_dismiss(links, stranger, false);
    } else if (completion->err != ERR_OK || completion->bytes.len == 0) {
        stranger_dismiss(links, stranger, false);
    } else {
        channel_receive(&stranger->channel, completion->bytes);
        if (stranger->joining == JOINING_NOT) {
            shake_stranger(links, stranger);
        } else {
            stranger_take_join(links, stranger);
        }
    }
}
