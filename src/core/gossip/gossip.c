/*
 * gossip.c -- making a node's view, its step, and what is read of it. See gossip.h.
 *
 * Invariants. The brackets mark the lines that keep them; gossip_check sweeps those it can see.
 *   I1  at most GOSSIP_MEMBERS_MAX are known, each once; self is the first of them.
 *   I2  an incarnation never goes back, and within one: alive, suspect, dead, left, in this order.
 *   I3  a bucket's sum is that of the members in it.
 *   I4  each piece of news is sent a bounded number of times, and the ones sent least go first.
 *   I5  a step gives at most GOSSIP_OUT_MAX datagrams, none longer than GOSSIP_BODY_BYTES_MAX.
 *   I6  of itself a node believes nobody.
 *   I7  a node that is ill probes more slowly, and believes less of what it sees.
 *   I8  who is suspect has a suspicion that ends, and nobody else has one.
 *   I9  after a tick the next one is later: time goes on.
 */
#include "core/gossip/gossip_impl.h"

static void check_config(const struct gossip_config *config)
{
    ASSERT(config->self.n != 0);
    ASSERT(config->incarnation > 0);
    ASSERT(config->facts.len <= GOSSIP_FACTS_BYTES_MAX);
    ASSERT(config->interval.ns > 0);
    ASSERT(config->tell_interval.ns > 0);
    ASSERT(config->compare_interval.ns > 0);
    ASSERT(config->timeout.ns < config->interval.ns);
    ASSERT(config->helpers <= GOSSIP_HELPERS_MAX);
    ASSERT(config->tell_members <= TELL_MEMBERS_MAX);
    ASSERT(config->confirmations <= GOSSIP_CONFIRMATIONS_MAX);
}

#define MS(n) ((duration){INT64_C(1000000) * (n)})

struct gossip_config gossip_config_usual(void)
{
    return (struct gossip_config){
        .interval = MS(300),
        .timeout = MS(120),
        .tell_interval = MS(100),
        .compare_interval = MS(10000),
        .load_interval = MS(1000),
        .load_spread = MS(30),
        .forget_after = MS(60000),
        .helpers = 4,
        .tell_members = 3,
        .retransmits = 4,
        .suspicion = 3,
        .suspicion_factor = 12,
        .confirmations = 3,
        .health_max = 8,
        .lifeguard = true,
    };
}

void gossip_config_interval(struct gossip_config *config, duration interval)
{
    config->interval = interval;
    config->timeout.ns = interval.ns * 2 / 5;
    config->tell_interval.ns = interval.ns / 3;
}

struct gossip *gossip_new(struct arena *arena, const struct gossip_config *config, instant now)
{
    check_config(config);
    struct gossip *gossip = ARENA_NEW(arena, struct gossip);
    gossip->config = *config;
    gossip->prng.state = config->seed;
    gossip->now = now;
    gossip->number = (uint32_t)prng_next(&gossip->prng); /* answers to an earlier life are none */
    gossip->suspicions_next = gossip->relays_next = gossip->streams_at = GOSSIP_NEVER;
    gossip->soon = COMPARES_SOON;
    gossip_queue_init(gossip);
    struct member *self = gossip_add(gossip, config->self, &config->address);
    gossip_set(gossip, self, GOSSIP_ALIVE, config->incarnation, config->incarnation);
    gossip_set_facts(gossip, self, config->facts);
    gossip_tell(gossip, self, QUEUE_NEWS);
    uint64_t interval = (uint64_t)config->interval.ns; /* who starts together drifts apart */
    gossip->probe_at = gossip_after(gossip, (int64_t)prng_below(&gossip->prng, interval));
    gossip->compare_at = gossip->tell_at = gossip->load_at = now;
    return gossip;
}

void gossip_free(struct gossip *gossip)
{
    struct heap *heap = &gossip->heap;
    for (uint32_t i = 0; i < gossip->count; i++) {
        heap_give(heap, gossip->members[i].facts, gossip->members[i].facts_len);
    }
    heap_give(heap, gossip->members, gossip->capacity * sizeof *gossip->members);
    heap_give(heap, gossip->order, gossip->capacity * sizeof *gossip->order);
    heap_give(heap, gossip->table, gossip->table_size * sizeof *gossip->table);
    heap_give(heap, gossip->suspicions, gossip->suspicions_capacity * sizeof *gossip->suspicions);
    heap_release(heap);
}

/* --- of self --------------------------------------------------------------------------------- */

static bool load_eq(const struct gossip_load *a, const struct gossip_load *b)
{
    return a->load_permille == b->load_permille && a->memory_free_mib == b->memory_free_mib &&
           a->disk_free_mib == b->disk_free_mib;
}

/* So seldom that what all nodes tell of their load stays bounded, however many they are. */
static void load_tick(struct gossip *gossip)
{
    if (!gossip->load_waits || !gossip_is_due(gossip, gossip->load_at)) return;
    struct member *self = gossip_self(gossip);
    int64_t spread = gossip->config.load_spread.ns * gossip->alive;
    int64_t least = gossip->config.load_interval.ns;
    gossip->load_at = gossip_after(gossip, spread > least ? spread : least);
    gossip->load_waits = false;
    self->load = gossip->load_now;
    self->stamp++;
    gossip_tell(gossip, self, QUEUE_LOADS);
}

static void on_self_changed(struct gossip *gossip, const struct gossip_event *event)
{
    struct member *self = gossip_self(gossip);
    ASSERT(event->facts.len <= GOSSIP_FACTS_BYTES_MAX);
    bool same = slice_eq(slice_of(self->facts, self->facts_len), event->facts) &&
                gossip_address_eq(&self->address, &event->address);
    gossip->load_now = event->load;
    gossip->load_waits = !load_eq(&self->load, &event->load);
    load_tick(gossip);
    if (same) return;
    self->address = event->address;
    gossip_set_facts(gossip, self, event->facts);
    gossip_set(gossip, self, self->state, self->incarnation + 1, self->incarnation + 1);
    gossip->changes++;
    gossip_tell(gossip, self, QUEUE_NEWS);
}

static void on_seeds(struct gossip *gossip, const struct gossip_event *event)
{
    for (uint32_t i = 0; i < gossip->count; i++) gossip->members[i].listed = false;
    for (uint32_t i = 0; i < event->seeds_count; i++) {
        const struct gossip_seed *seed = &event->seeds[i];
        struct member *member = gossip_member(gossip, seed->node);
        if (member == NULL) member = gossip_add(gossip, seed->node, &seed->address);
        if (member == NULL) continue;
        member->listed = true;
        bool ours = node_eq(seed->node, gossip->config.self);
        bool unheard = member->told == 0 || member->state == GOSSIP_DEAD;
        if (unheard && !ours) member->address = seed->address;
    }
}

static void on_leave(struct gossip *gossip)
{
    struct member *self = gossip_self(gossip);
    if (gossip->leaving) return;
    gossip->leaving = true;
    gossip_set(gossip, self, GOSSIP_LEFT, self->incarnation, self->told);
    gossip_tell_no_more(gossip, self);
    gossip_tell(gossip, self, QUEUE_NEWS);
}

/* --- the step -------------------------------------------------------------------------------- */

static void on_datagram(struct gossip *gossip, const struct gossip_event *event,
                        struct gossip_outbox *out)
{
    const struct gossip_msg *msg = event->msg;
    if (node_eq(msg->from, gossip->config.self)) return; /* nobody else has our number */
    gossip->stats.datagrams_received++;
    for (uint32_t i = 0; i < msg->news_count; i++) {
        gossip_believe(gossip, &msg->news[i], msg->kind == GOSSIP_RECORDS);
    }
    switch (msg->kind) {
    case GOSSIP_PING: gossip_on_ping(gossip, event, out); break;
    case GOSSIP_PING_ASK: gossip_on_ping_ask(gossip, event, out); break;
    case GOSSIP_ACK: gossip_on_ack(gossip, msg, out); break;
    case GOSSIP_NACK: gossip_on_nack(gossip, msg); break;
    case GOSSIP_COMPARE: gossip_on_compare(gossip, event, out); break;
    case GOSSIP_TELL:
    case GOSSIP_RECORDS: break;
    }
}

static void on_tick(struct gossip *gossip, struct gossip_outbox *out)
{
    load_tick(gossip);
    if (!gossip->leaving) {
        gossip_probe_tick(gossip, out);
        gossip_compare_tick(gossip, out);
    }
    gossip_suspicions_expire(gossip); /* a failed ping may have brought its end forward */
    gossip_tell_round(gossip, out);
    gossip_streams_tick(gossip, out);
    gossip_relays_tick(gossip, out);
}

static instant deadline_of(const struct gossip *gossip)
{
    instant at = gossip_earlier(gossip->suspicions_next, gossip->relays_next);
    if (gossip->count == 1) return GOSSIP_NEVER; /* there is nobody to talk to */
    at = gossip_earlier(at, gossip->streams_at);
    if (gossip->load_waits) at = gossip_earlier(at, gossip->load_at);
    bool tells = gossip->queues[QUEUE_NEWS].count > 0 && gossip->alive > !gossip->leaving;
    if (tells) at = gossip_earlier(at, gossip->tell_at);
    if (gossip->leaving) return at;
    return gossip_earlier(at, gossip_earlier(gossip->compare_at, gossip_probe_deadline(gossip)));
}

void gossip_step(struct gossip *gossip, const struct gossip_event *event, struct gossip_outbox *out)
{
    ASSERT(event->now.ns >= gossip->now.ns);
    gossip->now = event->now;
    out->count = 0;
    switch (event->kind) {
    case GOSSIP_EV_TICK: on_tick(gossip, out); break;
    case GOSSIP_EV_DATAGRAM: on_datagram(gossip, event, out); break;
    case GOSSIP_EV_SELF_CHANGED: on_self_changed(gossip, event); break;
    case GOSSIP_EV_SEEDS: on_seeds(gossip, event); break;
    case GOSSIP_EV_LEAVE: on_leave(gossip); break;
    }
    out->deadline = deadline_of(gossip);
    if (event->kind == GOSSIP_EV_TICK) ASSERT(out->deadline.ns > gossip->now.ns); /* [I9] */
}

/* --- checking -------------------------------------------------------------------------------- */

static void check_member(const struct gossip *gossip, uint32_t place)
{
    const struct member *member = &gossip->members[place];
    ASSERT(gossip_member(gossip, member->node) == member); /* [I1] */
    ASSERT(member->told <= member->incarnation);
    ASSERT((member->suspicion != PLACE_NONE) == (member->state == GOSSIP_SUSPECT)); /* [I8] */
    if (member->suspicion != PLACE_NONE) {
        ASSERT(gossip->suspicions[member->suspicion].member == (int32_t)place);
        ASSERT(gossip->suspicions_next.ns <= gossip->suspicions[member->suspicion].until.ns);
    }
    if (member->state == GOSSIP_ALIVE) ASSERT(member->told == member->incarnation);
    if (place > 0) ASSERT(gossip->order[member->order] == (int32_t)place);
}

void gossip_check(const struct gossip *gossip)
{
    uint32_t alive = 0, suspects = 0, queued[QUEUES_COUNT] = {0};
    ASSERT(gossip->count <= GOSSIP_MEMBERS_MAX); /* [I1] */
    ASSERT(node_eq(gossip->members[0].node, gossip->config.self));
    for (uint32_t i = 0; i < gossip->count; i++) {
        const struct member *member = &gossip->members[i];
        check_member(gossip, i);
        alive += gossip_is_up(member);
        suspects += member->state == GOSSIP_SUSPECT;
        queued[QUEUE_NEWS] += member->links[QUEUE_NEWS].queued;
        queued[QUEUE_LOADS] += member->links[QUEUE_LOADS].queued;
    }
    ASSERT(alive == gossip->alive);
    ASSERT(suspects == gossip->suspicions_count);
    ASSERT(queued[QUEUE_NEWS] == gossip->queues[QUEUE_NEWS].count);
    ASSERT(queued[QUEUE_LOADS] == gossip->queues[QUEUE_LOADS].count);
    ASSERT(gossip_sums_fit(gossip)); /* [I3] */
    ASSERT(gossip->health <= gossip->config.health_max);
}

/* --- readers --------------------------------------------------------------------------------- */

uint32_t gossip_members_count(const struct gossip *gossip)
{
    return gossip->count;
}

static void tell_member(const struct member *member, struct gossip_member *told)
{
    told->node = member->node;
    told->state = member->state;
    told->incarnation = member->incarnation;
    told->since = member->since;
    told->address = member->address;
    told->load = member->load;
    told->facts = slice_of(member->facts, member->facts_len);
}

void gossip_member_at(const struct gossip *gossip, uint32_t place, struct gossip_member *member)
{
    ASSERT(place < gossip->count);
    tell_member(&gossip->members[place], member);
}

bool gossip_find(const struct gossip *gossip, node_id node, struct gossip_member *member)
{
    const struct member *found = gossip_member(gossip, node);
    if (found != NULL) tell_member(found, member);
    return found != NULL;
}

uint64_t gossip_changes(const struct gossip *gossip)
{
    return gossip->changes;
}

uint32_t gossip_alive_count(const struct gossip *gossip)
{
    return gossip->alive;
}

uint32_t gossip_health(const struct gossip *gossip)
{
    return gossip->health;
}

bool gossip_has_left(const struct gossip *gossip)
{
    return gossip->leaving && (gossip->alive == 0 || !gossip->members[0].links[QUEUE_NEWS].queued);
}

const struct gossip_stats *gossip_stats(const struct gossip *gossip)
{
    return &gossip->stats;
}
