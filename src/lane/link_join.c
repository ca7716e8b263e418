/* link_join.c -- machines that want to join: see link_impl.h, and core/peer/join.h for what is
 * said.
 */
#include "lane/link_impl.h"

void stranger_begin_joining(struct links *links, struct stranger *stranger)
{
    stranger->joining = JOINING_ASKS;
    stranger->until = later(links->now, INT64_C(1000000) * LINK_JOIN_MS_MAX);
    buffer_clear(&stranger->request);
    stranger_take_join(links, stranger); /* what came with its proof */
}

void stranger_take_join(struct links *links, struct stranger *stranger)
{
    struct peer_frame frame;
    const char *why;
    enum peer_read read = channel_next(&stranger->channel, PEER_STRANGER_BYTES_MAX, &frame, &why);
    if (read == PEER_SHORT) return;
    bool good = read == PEER_WHOLE && stranger->joining == JOINING_ASKS &&
                frame.version == stranger->shake.version && frame.kind == PEER_JOIN;
    if (!good) {
        links->stats.refused++;
        stranger_dismiss(links, stranger, false);
        return;
    }
    buffer_append(&stranger->request, frame.payload);
    stranger->joining = JOINING_ASKED;
    stranger->ticket = ++links->tickets_count;
}

bool links_next_joiner(struct links *links, struct link_joiner *joiner)
{
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        struct stranger *stranger = &links->strangers[i];
        bool asked = stranger->channel.handle.n >= 0 && stranger->joining == JOINING_ASKED;
        if (!asked) continue;
        stranger->joining = JOINING_GIVEN;
        *joiner = (struct link_joiner){stranger->ticket, buffer_slice(&stranger->request)};
        return true;
    }
    return false;
}

void links_answer_joiner(struct links *links, uint64_t ticket, struct slice bytes)
{
    for (uint32_t i = 0; i < LINK_STRANGERS_MAX; i++) {
        struct stranger *stranger = &links->strangers[i];
        bool waits = stranger->channel.handle.n >= 0 && stranger->joining == JOINING_GIVEN;
        if (!waits || stranger->ticket != ticket) continue;
        channel_put(&stranger->channel, stranger->shake.version, PEER_JOINED, bytes, NULL, 0);
        stranger->joining = JOINING_ANSWERED; /* it closes when it has it all */
        if (!link_flush_shake(links, &stranger->channel)) stranger_dismiss(links, stranger, false);
        return;
    }
}
