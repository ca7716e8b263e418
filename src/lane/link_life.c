/* link_life.c -- how a link begins, comes up and ends: see link_impl.h, and link.c for what is
 * kept.
 */
#include <stdio.h>

#include "lane/link_impl.h"

void link_set_trouble(struct link *link, struct slice text)
{
    (void)snprintf(link->trouble, sizeof link->trouble, "%.*s", (int)text.len,
                   (const char *)text.data);
}

static void retry_later(struct links *links, struct link *link)
{
    int64_t half = link->pause_ns / 2;
    uint64_t jitter = prng_below(&links->prng, (uint64_t)half + 1);
    link->retry_at = later(links->now, half + (int64_t)jitter);
    link->pause_ns = (int64_t)u64_min((uint64_t)link->pause_ns * 2, LINK_PAUSE_MAX_NS);
}

void link_stop_draining(struct link *link)
{
    channel_drop(&link->channel);
    if (!link->draining) return;
    link->draining = false;
    if (link->up_owed) {
        link->up_owed = false; /* it came and went, and nobody has seen it */
    } else {
        link->down_owed = true;
    }
}

/* `drain`: what it has brought is still given away. */
void link_lose(struct links *links, struct link *link, struct slice why, bool drain)
{
    ASSERT(link->reach == REACH_UP);
    link_set_trouble(link, why);
    link->reach = REACH_NONE;
    link->draining = true;
    channel_close(&link->channel, links->io, false);
    if (!drain) link_stop_draining(link);
    retry_later(links, link);
    links->stats.lost++;
    links->more = true;
}

void link_fail(struct links *links, struct link *link, struct slice why, bool gently)
{
    link_set_trouble(link, why);
    channel_close(&link->channel, links->io, gently);
    channel_drop(&link->channel);
    link->reach = REACH_NONE;
    retry_later(links, link);
}

void link_rise(struct links *links, struct link *link)
{
    link->reach = REACH_UP;
    link->up_owed = true;
    link->heard = link->said = links->now;
    link->pause_ns = LINK_PAUSE_MIN_NS;
    link->trouble[0] = '\0';
    links->stats.connected++;
}

void link_fail_by_error(struct links *links, struct link *link, const struct io_completion *why)
{
    struct fault fault;
    struct slice text = slice_text(err_text(why->err));
    if (why->error_number != 0) {
        (void)fault_set_errno(&fault, why->error_number, "%s",
                              link->reach == REACH_CONNECTING ? "cannot connect" : "lost");
        text = slice_text(fault.text);
    }
    if (link->reach == REACH_UP) {
        link_lose(links, link, text, true);
    } else {
        link_fail(links, link, text, false);
    }
}

void link_attempt(struct links *links, struct link *link)
{
    struct fault fault;
    io_handle handle;
    io_tag tag = {links->config.tag.n + TAG_CONNECTION};
    link_stop_draining(link);
    enum err err = io_connect(links->io, &link->address, &links->source, tag, &handle, &fault);
    if (err != ERR_OK) {
        link_fail(links, link, slice_text(fault.text), false);
        return;
    }
    channel_open(&link->channel, handle);
    link->reach = REACH_CONNECTING;
    link->until = later(links->now,
                        (int64_t)u64_min(LINK_CONNECT_NS, (uint64_t)links->config.silence.ns / 2));
}
