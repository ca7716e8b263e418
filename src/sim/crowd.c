/* crowd.c -- see crowd.h. */
#include "sim/crowd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"
#include "core/gossip/gossip_facts.h"
#include "sim/agenda.h"

enum {
    WIRE_BYTES = 28 + 25, /* IP and UDP; and the envelope of lane/gossiping.c */
    PORT = 7400,
    LOAD_NS = 1000000000,
    CROWD_NODES_MAX = GOSSIP_MEMBERS_MAX
};

enum happening { TICK, ARRIVAL, LOADS };

struct whisper { /* a datagram on its way */
    uint32_t from, to, len;
    uint32_t to_port;
    uint8_t bytes[];
};

struct crowd_node {
    struct gossip *gossip; /* NULL: it is down */
    struct arena *arena;
    struct gossip_address address;
    uint64_t incarnation, died;
    uint32_t group;
    int64_t tick_at_ns; /* in the agenda; INT64_MAX: none */
    int64_t deadline_ns;
    int64_t held_until_ns;
    bool slow;
};

struct crowd {
    struct crowd_config config;
    struct prng prng;
    struct agenda agenda;
    int64_t now_ns;
    struct crowd_node *nodes;
    struct gossip_seed *seeds;
    struct gossip_outbox out;
    struct gossip_msg msg;
    uint32_t watched; /* 0: nobody */
    int64_t *learned_ns;
    struct crowd_counts counts;
};

struct crowd_config crowd_config_usual(uint32_t nodes_count, uint64_t seed)
{
    return (struct crowd_config){.nodes_count = nodes_count,
                                 .latency_ns = 200000,
                                 .jitter_ns = 800000,
                                 .seed = seed,
                                 .gossip = gossip_config_usual()};
}

/* --- the network ------------------------------------------------------------------------------ */

static void make_address(uint32_t node, uint32_t port, struct gossip_address *address)
{
    int len = snprintf(address->host, sizeof address->host, "10.%u.%u.%u", node >> 16 & 255,
                       node >> 8 & 255, node & 255);
    ASSERT(len > 0);
    address->port = (uint16_t)port;
}

/* 0: nobody is there. */
static uint32_t node_at(const struct crowd *crowd, const struct gossip_address *address)
{
    unsigned int a, b, c;
    if (sscanf(address->host, "10.%u.%u.%u", &a, &b, &c) != 3) return 0;
    uint32_t node = a << 16 | b << 8 | c;
    return node <= crowd->config.nodes_count ? node : 0;
}

static int64_t travel_ns(struct crowd *crowd)
{
    uint64_t jitter = prng_below(&crowd->prng, (uint64_t)crowd->config.jitter_ns + 1);
    return crowd->config.latency_ns + (int64_t)jitter;
}

static void post(struct crowd *crowd, uint32_t from, const struct gossip_datagram *datagram)
{
    crowd->counts.datagrams++;
    crowd->counts.bytes += datagram->len + WIRE_BYTES;
    uint32_t to = node_at(crowd, &datagram->to);
    bool lost = prng_below(&crowd->prng, 1000000) < crowd->config.loss_per_million;
    if (to == 0 || lost) return;
    struct whisper *whisper = malloc(sizeof *whisper + datagram->len);
    ASSERT(whisper != NULL);
    *whisper = (struct whisper){from, to, datagram->len, datagram->to.port};
    memcpy(whisper->bytes, datagram->bytes, datagram->len);
    int64_t at = crowd->now_ns, held = crowd->nodes[from - 1].held_until_ns;
    agenda_add(&crowd->agenda, (held > at ? held : at) + travel_ns(crowd), ARRIVAL, to,
               (uint64_t)(uintptr_t)whisper);
}

/* --- what they believe ------------------------------------------------------------------------ */

static void judge_death(struct crowd *crowd, uint32_t by, uint32_t of)
{
    const struct crowd_node *dead = &crowd->nodes[of - 1], *judge = &crowd->nodes[by - 1];
    if (of == crowd->watched && crowd->learned_ns[by - 1] == INT64_MAX) {
        crowd->learned_ns[by - 1] = crowd->now_ns;
    }
    if (dead->gossip == NULL) return;
    if (dead->slow) {
        crowd->counts.slow_deaths++;
        return;
    }
    crowd->counts.false_deaths++;
    if (!judge->slow) crowd->counts.false_deaths_by_well++;
}

static void judge(struct crowd *crowd, uint32_t by)
{
    struct crowd_node *node = &crowd->nodes[by - 1];
    uint64_t died = gossip_stats(node->gossip)->died;
    if (died == node->died) return;
    node->died = died;
    for (uint32_t i = 0; i < gossip_members_count(node->gossip); i++) {
        struct gossip_member member;
        gossip_member_at(node->gossip, i, &member);
        if (member.state != GOSSIP_DEAD || member.since.ns != crowd->now_ns) continue;
        judge_death(crowd, by, member.node.n);
    }
}

/* --- steps ------------------------------------------------------------------------------------ */

static void want_tick(struct crowd *crowd, uint32_t number)
{
    struct crowd_node *node = &crowd->nodes[number - 1];
    if (node->deadline_ns == INT64_MAX || node->deadline_ns >= node->tick_at_ns) return;
    node->tick_at_ns = node->deadline_ns > crowd->now_ns ? node->deadline_ns : crowd->now_ns;
    agenda_add(&crowd->agenda, node->tick_at_ns, TICK, number, node->incarnation);
}

static void step(struct crowd *crowd, uint32_t number, struct gossip_event *event)
{
    struct crowd_node *node = &crowd->nodes[number - 1];
    event->now.ns = crowd->now_ns;
    gossip_step(node->gossip, event, &crowd->out);
    for (uint32_t i = 0; i < crowd->out.count; i++) post(crowd, number, &crowd->out.datagrams[i]);
    node->deadline_ns = crowd->out.deadline.ns;
    want_tick(crowd, number);
    judge(crowd, number);
}

static void tick(struct crowd *crowd, uint32_t number, uint64_t life)
{
    struct crowd_node *node = &crowd->nodes[number - 1];
    if (node->gossip == NULL || node->incarnation != life) return;
    if (node->tick_at_ns != crowd->now_ns) return;
    node->tick_at_ns = INT64_MAX;
    struct gossip_event event = {.kind = GOSSIP_EV_TICK};
    if (node->deadline_ns <= crowd->now_ns) {
        step(crowd, number, &event);
    } else {
        want_tick(crowd, number);
    }
}

static void arrive(struct crowd *crowd, struct whisper *whisper)
{
    const struct crowd_node *to = &crowd->nodes[whisper->to - 1];
    const struct crowd_node *from = &crowd->nodes[whisper->from - 1];
    if (to->gossip != NULL && to->held_until_ns > crowd->now_ns) {
        agenda_add(&crowd->agenda, to->held_until_ns, ARRIVAL, whisper->to,
                   (uint64_t)(uintptr_t)whisper);
        return;
    }
    bool there = to->gossip != NULL && to->address.port == whisper->to_port;
    if (there && to->group == from->group) {
        struct gossip_event event = {.kind = GOSSIP_EV_DATAGRAM, .from = from->address};
        bool good = gossip_msg_read(slice_of(whisper->bytes, whisper->len), &crowd->msg);
        ASSERT(good);
        event.msg = &crowd->msg;
        step(crowd, whisper->to, &event);
    }
    free(whisper);
}

static struct slice facts_of(const struct crowd_node *node, struct buffer *bytes)
{
    struct gossip_facts facts = {.lanes_count = 8,
                                 .memory_mib = 65536,
                                 .disk_mib = 1 << 20,
                                 .version = "1.0.0",
                                 .zone = "zone-1"};
    memcpy(facts.host, node->address.host, sizeof node->address.host);
    memcpy(facts.client.host, node->address.host, sizeof facts.client.host);
    facts.client.port = 6379;
    buffer_clear(bytes);
    gossip_facts_write(&facts, bytes);
    return buffer_slice(bytes);
}

static void tell_self(struct crowd *crowd, uint32_t number)
{
    const struct crowd_node *node = &crowd->nodes[number - 1];
    struct buffer bytes = {0};
    struct gossip_event event = {.kind = GOSSIP_EV_SELF_CHANGED, .address = node->address};
    event.facts = facts_of(node, &bytes);
    event.load.load_permille = (uint32_t)prng_below(&crowd->prng, 1000);
    event.load.memory_free_mib = (uint32_t)prng_below(&crowd->prng, 65536);
    event.load.disk_free_mib = (uint32_t)prng_below(&crowd->prng, 1 << 20);
    step(crowd, number, &event);
    buffer_free(&bytes);
}

/* Loads change all the time. */
static void loads(struct crowd *crowd)
{
    for (uint32_t i = 1; i <= crowd->config.nodes_count; i++) {
        if (crowd->nodes[i - 1].gossip != NULL) tell_self(crowd, i);
    }
    agenda_add(&crowd->agenda, crowd->now_ns + LOAD_NS, LOADS, 0, 0);
}

void crowd_run(struct crowd *crowd, int64_t ns)
{
    struct agenda_item item;
    int64_t until = crowd->now_ns + ns;
    while (crowd->agenda.count > 0 && crowd->agenda.items[0].at_ns <= until) { /* ends: by time */
        if (!agenda_take(&crowd->agenda, &item)) break;
        crowd->now_ns = item.at_ns;
        switch ((enum happening)item.kind) {
        case TICK: tick(crowd, item.number, item.detail); break;
        case ARRIVAL: arrive(crowd, (struct whisper *)(uintptr_t)item.detail); break;
        case LOADS: loads(crowd); break;
        }
    }
    crowd->now_ns = until;
}

/* --- lives ------------------------------------------------------------------------------------ */

void crowd_start(struct crowd *crowd, uint32_t number)
{
    struct crowd_node *node = &crowd->nodes[number - 1];
    ASSERT(node->gossip == NULL);
    struct gossip_config config = crowd->config.gossip;
    struct buffer bytes = {0};
    node->incarnation++;
    node->died = 0;
    node->tick_at_ns = INT64_MAX;
    node->arena = arena_new();
    config.self.n = number;
    config.incarnation = 1700000000 + node->incarnation;
    config.address = node->address;
    config.facts = facts_of(node, &bytes);
    config.seed = prng_next(&crowd->prng);
    node->gossip = gossip_new(node->arena, &config, (instant){crowd->now_ns});
    struct gossip_event event = {
        .kind = GOSSIP_EV_SEEDS, .seeds = crowd->seeds, .seeds_count = crowd->config.nodes_count};
    step(crowd, number, &event);
    buffer_free(&bytes);
}

void crowd_crash(struct crowd *crowd, uint32_t number)
{
    struct crowd_node *node = &crowd->nodes[number - 1];
    ASSERT(node->gossip != NULL);
    gossip_free(node->gossip);
    arena_free(node->arena);
    node->gossip = NULL;
}

struct crowd *crowd_new(const struct crowd_config *config)
{
    ASSERT(config->nodes_count <= CROWD_NODES_MAX);
    struct crowd *crowd = calloc(1, sizeof *crowd);
    ASSERT(crowd != NULL);
    crowd->config = *config;
    crowd->prng.state = config->seed;
    crowd->nodes = calloc(config->nodes_count, sizeof *crowd->nodes);
    crowd->seeds = calloc(config->nodes_count, sizeof *crowd->seeds);
    crowd->learned_ns = calloc(config->nodes_count, sizeof *crowd->learned_ns);
    ASSERT(crowd->nodes != NULL);
    ASSERT(crowd->seeds != NULL);
    ASSERT(crowd->learned_ns != NULL);
    for (uint32_t i = 1; i <= config->nodes_count; i++) {
        make_address(i, PORT, &crowd->nodes[i - 1].address);
        crowd->seeds[i - 1] = (struct gossip_seed){{i}, crowd->nodes[i - 1].address};
    }
    for (uint32_t i = 1; i <= config->nodes_count; i++) crowd_start(crowd, i);
    agenda_add(&crowd->agenda, crowd->now_ns, LOADS, 0, 0);
    return crowd;
}

void crowd_free(struct crowd *crowd)
{
    struct agenda_item item;
    while (agenda_take(&crowd->agenda, &item)) { /* ends: it gets empty */
        if (item.kind == ARRIVAL) free((void *)(uintptr_t)item.detail);
    }
    for (uint32_t i = 1; i <= crowd->config.nodes_count; i++) {
        if (crowd->nodes[i - 1].gossip != NULL) crowd_crash(crowd, i);
    }
    agenda_free(&crowd->agenda);
    free(crowd->nodes);
    free(crowd->seeds);
    free(crowd->learned_ns);
    free(crowd);
}

void crowd_leave(struct crowd *crowd, uint32_t node)
{
    struct gossip_event event = {.kind = GOSSIP_EV_LEAVE};
    step(crowd, node, &event);
}

void crowd_hold(struct crowd *crowd, uint32_t node, int64_t until_ns)
{
    crowd->nodes[node - 1].held_until_ns = until_ns;
    crowd->nodes[node - 1].slow = true;
}

void crowd_group(struct crowd *crowd, uint32_t node, uint32_t group)
{
    crowd->nodes[node - 1].group = group;
}

void crowd_move(struct crowd *crowd, uint32_t number)
{
    struct crowd_node *node = &crowd->nodes[number - 1];
    node->address.port++;
    crowd->seeds[number - 1].address = node->address; /* who starts later is told */
    if (node->gossip != NULL) tell_self(crowd, number);
}

/* --- what is read ----------------------------------------------------------------------------- */

int64_t crowd_now_ns(const struct crowd *crowd)
{
    return crowd->now_ns;
}

const struct gossip *crowd_gossip(const struct crowd *crowd, uint32_t node)
{
    return crowd->nodes[node - 1].gossip;
}

void crowd_watch(struct crowd *crowd, uint32_t node)
{
    crowd->watched = node;
    for (uint32_t i = 0; i < crowd->config.nodes_count; i++) crowd->learned_ns[i] = INT64_MAX;
}

const int64_t *crowd_learned_ns(const struct crowd *crowd)
{
    return crowd->learned_ns;
}

static bool takes_for_alive(const struct gossip *gossip, uint32_t node)
{
    struct gossip_member member;
    return gossip_find(gossip, (node_id){node}, &member) && member.incarnation > 0 &&
           (member.state == GOSSIP_ALIVE || member.state == GOSSIP_SUSPECT);
}

bool crowd_agrees(const struct crowd *crowd)
{
    for (uint32_t i = 1; i <= crowd->config.nodes_count; i++) {
        const struct gossip *gossip = crowd_gossip(crowd, i);
        for (uint32_t j = 1; gossip != NULL && j <= crowd->config.nodes_count; j++) {
            bool runs = crowd_gossip(crowd, j) != NULL;
            if (i != j && takes_for_alive(gossip, j) != runs) return false;
        }
    }
    return true;
}

void crowd_check(const struct crowd *crowd)
{
    for (uint32_t i = 1; i <= crowd->config.nodes_count; i++) {
        if (crowd_gossip(crowd, i) != NULL) gossip_check(crowd_gossip(crowd, i));
    }
}

const struct crowd_counts *crowd_counts(const struct crowd *crowd)
{
    return &crowd->counts;
}
