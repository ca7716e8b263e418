/* gossip_news.c -- what is to be told, and how often: see gossip_impl.h. */
#include "core/gossip/gossip_impl.h"

/* --- the queues ------------------------------------------------------------------------------ */

void gossip_queue_init(struct gossip *gossip)
{
    for (uint32_t kind = 0; kind < QUEUES_COUNT; kind++) {
        for (uint32_t i = 0; i < SENDS_MAX; i++) {
            gossip->queues[kind].first[i] = gossip->queues[kind].last[i] = PLACE_NONE;
        }
    }
}

static void queue_append(struct gossip *gossip, enum queue_kind kind, int32_t place, uint8_t sends)
{
    struct queue *queue = &gossip->queues[kind];
    struct queue_link *link = &gossip->members[place].links[kind];
    int32_t last = queue->last[sends];
    *link = (struct queue_link){PLACE_NONE, last, sends, true};
    if (last == PLACE_NONE) {
        queue->first[sends] = place;
    } else {
        gossip->members[last].links[kind].next = place;
    }
    queue->last[sends] = place;
    queue->count++;
    if (sends < queue->lowest) queue->lowest = sends;
}

static void queue_take_out(struct gossip *gossip, enum queue_kind kind, int32_t place)
{
    struct queue *queue = &gossip->queues[kind];
    struct queue_link *link = &gossip->members[place].links[kind];
    if (!link->queued) return;
    if (link->previous == PLACE_NONE) {
        queue->first[link->sends] = link->next;
    } else {
        gossip->members[link->previous].links[kind].next = link->next;
    }
    if (link->next == PLACE_NONE) {
        queue->last[link->sends] = link->previous;
    } else {
        gossip->members[link->next].links[kind].previous = link->previous;
    }
    link->queued = false;
    queue->count--;
}

void gossip_tell(struct gossip *gossip, struct member *member, enum queue_kind kind)
{
    int32_t place = gossip_place(gossip, member);
    queue_take_out(gossip, kind, place);
    queue_append(gossip, kind, place, 0);
}

void gossip_tell_no_more(struct gossip *gossip, struct member *member)
{
    for (uint32_t kind = 0; kind < QUEUES_COUNT; kind++) {
        queue_take_out(gossip, (enum queue_kind)kind, gossip_place(gossip, member));
    }
}

/* --- as bytes -------------------------------------------------------------------------------- */

static enum gossip_news_kind kind_of(enum gossip_state state)
{
    switch (state) {
    case GOSSIP_ALIVE: return GOSSIP_NEWS_ALIVE;
    case GOSSIP_SUSPECT: return GOSSIP_NEWS_SUSPECT;
    case GOSSIP_DEAD: return GOSSIP_NEWS_DEAD;
    case GOSSIP_LEFT: return GOSSIP_NEWS_LEFT;
    }
    UNREACHABLE("a member's state");
}

struct gossip_news gossip_news_of(const struct member *member)
{
    struct gossip_news news;
    news.kind = kind_of(member->state);
    news.node = member->node;
    news.incarnation = member->incarnation; /* alive: what it told itself, `told` */
    news.accuser = member->accuser;
    news.stamp = member->stamp;
    news.load = member->load;
    news.facts = slice_of(member->facts, member->facts_len);
    if (news.kind == GOSSIP_NEWS_ALIVE) news.address = member->address;
    return news;
}

static struct gossip_news news_of(const struct member *member, enum queue_kind kind)
{
    struct gossip_news news = gossip_news_of(member);
    if (kind == QUEUE_LOADS) news.kind = GOSSIP_NEWS_LOAD;
    return news;
}

/* How often one piece of news is sent from here: what SWIM proves to be enough, and a factor. */
static uint8_t sends_max(const struct gossip *gossip)
{
    uint32_t digits = 2; /* of few each counts: one more */
    for (uint32_t n = gossip->alive; n >= 10; n /= 10) digits++;
    return (uint8_t)u64_min((uint64_t)digits * gossip->config.retransmits, SENDS_MAX);
}

/* As many as fit, fewest sends first; each goes to the end of those with one more. [I4] */
static void fill_from(struct gossip *gossip, enum queue_kind kind, struct gossip_writer *writer)
{
    struct queue *queue = &gossip->queues[kind];
    int32_t sent[GOSSIP_NEWS_MAX / 2 - 1]; /* of two queues, and one about whom it goes to */
    uint32_t count = 0;
    bool room = true;
    while (queue->lowest + 1 < SENDS_MAX && queue->first[queue->lowest] == PLACE_NONE &&
           queue->count > 0) {
        queue->lowest++;
    }
    for (uint32_t sends = queue->lowest; sends < SENDS_MAX && room && queue->count > count;
         sends++) {
        int32_t place = queue->first[sends];
        for (; place != PLACE_NONE && room; place = gossip->members[place].links[kind].next) {
            struct gossip_news news = news_of(&gossip->members[place], kind);
            room = count < COUNT_OF(sent) && gossip_news_write(&news, writer);
            if (room) sent[count++] = place;
        }
    }
    uint8_t max = sends_max(gossip);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t sends = (uint8_t)(gossip->members[sent[i]].links[kind].sends + 1);
        queue_take_out(gossip, kind, sent[i]);
        if (sends < max) queue_append(gossip, kind, sent[i], sends);
    }
    if (queue->count == 0) queue->lowest = 0;
}

static void fill(struct gossip *gossip, struct gossip_writer *writer)
{
    if (gossip->queues[QUEUE_NEWS].count > 0) fill_from(gossip, QUEUE_NEWS, writer);
    if (gossip->queues[QUEUE_LOADS].count == 0) return;
    struct gossip_writer loads = *writer;
    size_t room = u64_min((size_t)(writer->end - writer->at), LOAD_BYTES_MAX);
    loads.end = loads.at + room;
    fill_from(gossip, QUEUE_LOADS, &loads);
    writer->at = loads.at;
}

/* --- datagrams ------------------------------------------------------------------------------- */

struct gossip_msg gossip_head(const struct gossip *gossip, enum gossip_kind kind)
{
    struct gossip_msg msg;
    msg.kind = kind;
    msg.from = gossip->config.self;
    return msg;
}

struct gossip_writer gossip_begin(struct gossip *gossip, struct gossip_outbox *out,
                                  const struct gossip_address *to, const struct gossip_msg *msg)
{
    (void)gossip;
    ASSERT(out->count < GOSSIP_OUT_MAX); /* [I5] */
    struct gossip_datagram *datagram = &out->datagrams[out->count];
    datagram->to = *to;
    struct gossip_writer writer = {datagram->bytes, datagram->bytes + sizeof datagram->bytes};
    gossip_msg_write(msg, &writer);
    return writer;
}

void gossip_end(struct gossip *gossip, struct gossip_outbox *out,
                const struct gossip_writer *writer)
{
    struct gossip_datagram *datagram = &out->datagrams[out->count++];
    datagram->len = (uint32_t)(writer->at - datagram->bytes);
    gossip->stats.datagrams_sent++;
    gossip->stats.bytes_sent += datagram->len;
}

void gossip_send(struct gossip *gossip, struct gossip_outbox *out, const struct gossip_address *to,
                 const struct gossip_msg *msg, const struct member *about)
{
    struct gossip_writer writer = gossip_begin(gossip, out, to, msg);
    bool lifeguard = gossip->config.lifeguard;
    if (about != NULL && about->state != GOSSIP_ALIVE &&
        (lifeguard || about->state != GOSSIP_SUSPECT)) { /* buddy: it shall refute at once */
        struct gossip_news news = gossip_news_of(about);
        (void)gossip_news_write(&news, &writer);
    }
    fill(gossip, &writer);
    gossip_end(gossip, out, &writer);
}

void gossip_tell_round(struct gossip *gossip, struct gossip_outbox *out)
{
    if (gossip->queues[QUEUE_NEWS].count == 0 || !gossip_is_due(gossip, gossip->tell_at)) return;
    gossip->tell_at = gossip_after(gossip, gossip->config.tell_interval.ns);
    struct gossip_msg msg = gossip_head(gossip, GOSSIP_TELL);
    for (uint32_t i = 0; i < gossip->config.tell_members; i++) {
        const struct member *to = gossip_pick(gossip, NODE_NONE);
        if (to == NULL || gossip->queues[QUEUE_NEWS].count == 0) return;
        struct gossip_writer writer = gossip_begin(gossip, out, &to->address, &msg);
        fill_from(gossip, QUEUE_NEWS, &writer);
        gossip_end(gossip, out, &writer);
    }
}
