/* gossip_probe.c -- pings, and pings on behalf of others: see gossip_impl.h. */
#include "core/gossip/gossip_impl.h"

/* [I7] Who is ill takes its time. */
static int64_t scaled_ns(const struct gossip *gossip, duration time)
{
    return time.ns * (int64_t)(gossip->health + 1);
}

static struct gossip_msg head(const struct gossip *gossip, enum gossip_kind kind, uint32_t number)
{
    struct gossip_msg msg = gossip_head(gossip, kind);
    msg.number = number;
    return msg;
}

/* --- our own --------------------------------------------------------------------------------- */

static void begin(struct gossip *gossip, struct gossip_outbox *out)
{
    struct member *target = gossip_next_to_probe(gossip);
    int64_t lasts = scaled_ns(gossip, gossip->config.interval);
    gossip->probe_at = gossip_after(gossip, lasts);
    if (target == NULL) return;
    gossip->probe = (struct probe){
        .active = true,
        .target = target->node,
        .number = gossip->number++,
        .ask_at = gossip_after(gossip, scaled_ns(gossip, gossip->config.timeout)),
        .ends = gossip->probe_at,
    };
    gossip->stats.probes++;
    struct gossip_msg msg = head(gossip, GOSSIP_PING, gossip->probe.number);
    msg.target = target->node;
    gossip_send(gossip, out, &target->address, &msg, target);
}

static bool is_among(const node_id *nodes, uint32_t count, node_id node)
{
    for (uint32_t i = 0; i < count; i++) {
        if (node_eq(nodes[i], node)) return true;
    }
    return false;
}

static void ask_others(struct gossip *gossip, const struct member *target,
                       struct gossip_outbox *out)
{
    struct probe *probe = &gossip->probe;
    node_id asked[GOSSIP_HELPERS_MAX] = {{0}};
    struct gossip_msg msg = head(gossip, GOSSIP_PING_ASK, probe->number);
    msg.target = target->node;
    msg.address = target->address;
    probe->asked = true;
    for (uint32_t i = 0; i < gossip->config.helpers; i++) {
        const struct member *helper = gossip_pick(gossip, target->node);
        if (helper == NULL || is_among(asked, probe->helpers, helper->node)) continue;
        asked[probe->helpers++] = helper->node;
        gossip_send(gossip, out, &helper->address, &msg, helper);
    }
}

/* Helpers that say they are well, and have not reached it either: it is not we who are ill. */
static void failed(struct gossip *gossip, struct member *target)
{
    const struct probe *probe = &gossip->probe;
    gossip->stats.probes_failed++;
    bool asked_any = probe->helpers > 0;
    gossip_health_change(gossip, asked_any ? (int32_t)(probe->helpers - probe->nacks) : 1);
    if (target->state == GOSSIP_ALIVE) gossip->stats.suspected++;
    gossip_suspect(gossip, target, target->incarnation, gossip->config.self);
}

static void go_on(struct gossip *gossip, struct gossip_outbox *out)
{
    struct probe *probe = &gossip->probe;
    struct member *target = gossip_member(gossip, probe->target);
    bool over = gossip_is_due(gossip, probe->ends);
    if (target == NULL || !gossip_is_up(target) || probe->acked) {
        probe->asked = true; /* nobody needs to be */
        probe->active = !over;
        return;
    }
    if (over) {
        failed(gossip, target);
        probe->active = false;
    } else if (!probe->asked && gossip_is_due(gossip, probe->ask_at)) {
        ask_others(gossip, target, out);
    }
}

void gossip_probe_tick(struct gossip *gossip, struct gossip_outbox *out)
{
    if (gossip->probe.active) go_on(gossip, out);
    if (!gossip->probe.active && gossip_is_due(gossip, gossip->probe_at)) begin(gossip, out);
}

instant gossip_probe_deadline(const struct gossip *gossip)
{
    const struct probe *probe = &gossip->probe;
    if (!probe->active || probe->acked || probe->asked) return gossip->probe_at;
    return gossip_earlier(probe->ask_at, probe->ends);
}

/* --- of others ------------------------------------------------------------------------------- */

void gossip_on_ping(struct gossip *gossip, const struct gossip_event *event,
                    struct gossip_outbox *out)
{
    const struct gossip_msg *ping = event->msg;
    if (!node_eq(ping->target, gossip->config.self)) return; /* who was here before us */
    struct gossip_msg msg = head(gossip, GOSSIP_ACK, ping->number);
    gossip_send(gossip, out, &event->from, &msg, gossip_member(gossip, ping->from));
}

static struct relay *relay_free(struct gossip *gossip)
{
    for (uint32_t i = 0; i < RELAYS_MAX; i++) {
        if (!gossip->relays[i].active) return &gossip->relays[i];
    }
    return NULL;
}

void gossip_on_ping_ask(struct gossip *gossip, const struct gossip_event *event,
                        struct gossip_outbox *out)
{
    const struct gossip_msg *ask = event->msg;
    struct relay *relay = relay_free(gossip);
    if (relay == NULL || node_eq(ask->target, gossip->config.self)) return;
    int64_t timeout = gossip->config.timeout.ns;
    *relay = (struct relay){
        .active = true,
        .number = gossip->number++,
        .asker_number = ask->number,
        .target = ask->target,
        .asker = event->from,
        .nack_at = gossip_after(gossip, timeout - timeout / 5), /* it must come in time */
        .ends = gossip_after(gossip, gossip->config.interval.ns),
    };
    gossip->relays_next = gossip_earlier(gossip->relays_next, relay->nack_at);
    gossip->stats.helped++;
    const struct member *target = gossip_member(gossip, ask->target);
    bool known = target != NULL && target->told > 0;
    struct gossip_msg msg = head(gossip, GOSSIP_PING, relay->number);
    msg.target = ask->target;
    gossip_send(gossip, out, known ? &target->address : &ask->address, &msg, target);
}

void gossip_on_ack(struct gossip *gossip, const struct gossip_msg *ack, struct gossip_outbox *out)
{
    struct probe *probe = &gossip->probe;
    if (probe->active && ack->number == probe->number) {
        if (!probe->acked) gossip_health_change(gossip, -1);
        probe->acked = true;
        return;
    }
    for (uint32_t i = 0; i < RELAYS_MAX; i++) {
        struct relay *relay = &gossip->relays[i];
        if (!relay->active || relay->number != ack->number) continue;
        struct gossip_msg msg = head(gossip, GOSSIP_ACK, relay->asker_number);
        relay->active = false;
        gossip_send(gossip, out, &relay->asker, &msg, NULL);
        return;
    }
}

void gossip_on_nack(struct gossip *gossip, const struct gossip_msg *nack)
{
    struct probe *probe = &gossip->probe;
    bool ours = probe->active && nack->number == probe->number;
    if (ours && probe->nacks < probe->helpers) probe->nacks++;
}

void gossip_relays_tick(struct gossip *gossip, struct gossip_outbox *out)
{
    if (!gossip_is_due(gossip, gossip->relays_next)) return;
    gossip->relays_next = GOSSIP_NEVER;
    for (uint32_t i = 0; i < RELAYS_MAX; i++) {
        struct relay *relay = &gossip->relays[i];
        bool nacks = gossip->config.lifeguard && out->count < GOSSIP_OUT_MAX;
        if (relay->active && gossip_is_due(gossip, relay->ends)) relay->active = false;
        if (!relay->active) continue;
        if (!relay->nacked && gossip_is_due(gossip, relay->nack_at)) {
            struct gossip_msg msg = head(gossip, GOSSIP_NACK, relay->asker_number);
            if (nacks) gossip_send(gossip, out, &relay->asker, &msg, NULL);
            relay->nacked = true;
        }
        gossip->relays_next =
            gossip_earlier(gossip->relays_next, relay->nacked ? relay->ends : relay->nack_at);
    }
}
