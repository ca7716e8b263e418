/* gossip_compare.c -- two views are compared, and what differs is sent: see gossip_impl.h. */
#include "core/gossip/gossip_impl.h"

enum {
    DOWN_SHARE = 4,    /* one of so many comparisons is tried with who seems not to be there */
    SOON_INTERVALS = 4 /* between two comparisons of who has just started */
};

/* --- records --------------------------------------------------------------------------------- */

/* All about a member; false: no room. */
static bool write_record(const struct member *member, uint32_t *count, struct gossip_writer *writer)
{
    struct gossip_writer before = *writer;
    struct gossip_news news = gossip_news_of(member);
    uint32_t some = 0;
    bool room = *count + 2 <= GOSSIP_NEWS_MAX;
    if (gossip_is_up(member) && member->told > 0) {
        struct gossip_news alive = news;
        alive.kind = GOSSIP_NEWS_ALIVE;
        alive.incarnation = member->told;
        alive.address = member->address;
        room = room && gossip_news_write(&alive, writer);
        some++;
    }
    if (member->state != GOSSIP_ALIVE) {
        room = room && gossip_news_write(&news, writer);
        some++;
    }
    if (!room) *writer = before;
    if (room) *count += some;
    return room;
}

static void send_part(struct gossip *gossip, struct stream *stream, struct gossip_outbox *out)
{
    struct gossip_msg msg = gossip_head(gossip, GOSSIP_RECORDS);
    struct gossip_writer writer = gossip_begin(gossip, out, &stream->to, &msg);
    uint32_t count = 0;
    for (; stream->place < gossip->count; stream->place++) {
        const struct member *member = &gossip->members[stream->place];
        if (!(stream->buckets >> member->node.n % GOSSIP_BUCKETS & 1)) continue;
        if (!write_record(member, &count, &writer)) break;
    }
    stream->active = stream->place < gossip->count;
    if (count == 0) return;
    gossip->stats.records_sent += count;
    gossip_end(gossip, out, &writer);
}

void gossip_streams_tick(struct gossip *gossip, struct gossip_outbox *out)
{
    if (!gossip_is_due(gossip, gossip->streams_at)) return;
    gossip->streams_at = GOSSIP_NEVER;
    for (uint32_t i = 0; i < STREAMS_MAX; i++) {
        struct stream *stream = &gossip->streams[i];
        for (uint32_t part = 0; part < STREAM_PARTS && stream->active; part++) {
            send_part(gossip, stream, out);
        }
        if (stream->active) gossip->streams_at = gossip_after(gossip, STREAM_PAUSE_NS);
    }
}

/* All are busy: it will ask again, somebody else. */
static void stream_begin(struct gossip *gossip, const struct gossip_address *to, uint64_t buckets)
{
    struct stream *free = NULL;
    for (uint32_t i = 0; i < STREAMS_MAX; i++) {
        struct stream *stream = &gossip->streams[i];
        if (!stream->active) free = stream;
        if (stream->active && gossip_address_eq(&stream->to, to)) return;
    }
    if (free == NULL) return;
    *free = (struct stream){.active = true, .to = *to, .buckets = buckets};
    gossip->streams_at = gossip_earlier(gossip->streams_at, gossip->now);
}

/* --- comparing ------------------------------------------------------------------------------- */

static void send_sums(struct gossip *gossip, struct gossip_outbox *out,
                      const struct gossip_address *to, const struct member *about, bool answer)
{
    struct gossip_msg msg = gossip_head(gossip, GOSSIP_COMPARE);
    msg.answer = answer;
    memcpy(msg.sums, gossip->sums, sizeof msg.sums);
    gossip->stats.compared++;
    gossip_send(gossip, out, to, &msg, about);
}

static void forget(struct gossip *gossip)
{
    for (uint32_t i = gossip->count; i-- > 1;) {
        struct member *member = &gossip->members[i];
        if (gossip_is_up(member) || member->listed) continue;
        if (gossip->now.ns - member->since.ns < gossip->config.forget_after.ns) continue;
        gossip_remove(gossip, member);
    }
}

void gossip_compare_tick(struct gossip *gossip, struct gossip_outbox *out)
{
    if (!gossip_is_due(gossip, gossip->compare_at)) return;
    const struct gossip_config *config = &gossip->config;
    bool soon = gossip->soon > 0;
    if (soon) gossip->soon--;
    gossip->compare_at = gossip_after(gossip, soon ? config->interval.ns * SOON_INTERVALS
                                                   : config->compare_interval.ns);
    forget(gossip);
    struct member *with = NULL;
    if (!soon && prng_below(&gossip->prng, DOWN_SHARE) == 0) with = gossip_pick_down(gossip);
    if (with == NULL) with = gossip_pick(gossip, NODE_NONE);
    if (with == NULL) with = gossip_pick_down(gossip);
    if (with != NULL) send_sums(gossip, out, &with->address, with, false);
}

void gossip_on_compare(struct gossip *gossip, const struct gossip_event *event,
                       struct gossip_outbox *out)
{
    const struct gossip_msg *msg = event->msg;
    uint64_t differ = 0;
    for (uint32_t i = 0; i < GOSSIP_BUCKETS; i++) {
        differ |= (uint64_t)(msg->sums[i] != gossip->sums[i]) << i;
    }
    const struct member *about = gossip_member(gossip, msg->from);
    if (!msg->answer) send_sums(gossip, out, &event->from, about, true);
    if (differ == 0) gossip->soon = 0;
    if (differ != 0) stream_begin(gossip, &event->from, differ);
}
