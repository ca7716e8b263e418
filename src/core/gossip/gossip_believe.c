/* gossip_believe.c -- what is said of members, and what comes of it: see gossip_impl.h. */
#include "core/gossip/gossip_impl.h"

/* --- logarithms ------------------------------------------------------------------------------ */

enum { LOG2_10_MILLI = 3322, SQUARINGS = 10 };

/* 1000 log2 n, bit by bit, by squaring what is left of it: after Clay Turner, "A fast binary
 * logarithm". */
static uint32_t log2_milli(uint32_t n)
{
    ASSERT(n > 0);
    uint32_t whole = 31U - (uint32_t)__builtin_clz(n);
    uint64_t left = ((uint64_t)n << 31) >> whole; /* 1 … 2, in 2^-31 */
    uint32_t bits = whole;
    for (uint32_t i = 0; i < SQUARINGS; i++) {
        left = left * left >> 31;
        bits = bits << 1 | (uint32_t)(left >> 32);
        left >>= left >> 32;
    }
    return (uint32_t)((uint64_t)bits * 1000 >> SQUARINGS);
}

/* --- suspicions ------------------------------------------------------------------------------ */

/* As few as there can be, beside the suspect and who suspected it first. */
static uint32_t confirmations(const struct gossip *gossip)
{
    uint32_t others = gossip->alive > 2 ? gossip->alive - 2 : 0;
    return (uint32_t)u64_min(gossip->config.confirmations, others);
}

static void suspicion_time(struct gossip *gossip, struct suspicion *suspicion)
{
    const struct gossip_config *config = &gossip->config;
    uint64_t scale = u64_max(log2_milli(gossip->alive) * UINT64_C(1000) / LOG2_10_MILLI, 1000);
    int64_t least = config->interval.ns * (int64_t)config->suspicion * (int64_t)scale / 1000;
    int64_t most = least * (int64_t)config->suspicion_factor;
    uint32_t wanted = confirmations(gossip), have = suspicion->accusers_count - 1;
    int64_t lasts = least;
    if (config->lifeguard && have < wanted) { /* dogpile */
        int64_t share = log2_milli(have + 1), whole = log2_milli(wanted + 1);
        lasts = most - (most - least) * share / whole;
    }
    suspicion->until.ns = suspicion->begun.ns + lasts;
    gossip->suspicions_next = gossip_earlier(gossip->suspicions_next, suspicion->until);
}

/* Of all who hear of a suspicion, about twice as many as can confirm it look for themselves next:
 * so a suspect that is dead is soon believed to be, and one that is not soon hears of it. */
static bool is_asked_for(struct gossip *gossip, node_id accuser)
{
    if (!gossip->config.lifeguard || node_eq(accuser, gossip->config.self)) return false;
    return prng_below(&gossip->prng, gossip->alive) < 2 * gossip->config.confirmations;
}

static void suspicion_begin(struct gossip *gossip, struct member *member, node_id accuser)
{
    if (gossip->suspicions_count == gossip->suspicions_capacity) {
        uint32_t old = gossip->suspicions_capacity, capacity = old == 0 ? 4 : old * 2;
        size_t item = sizeof *gossip->suspicions;
        gossip->suspicions =
            heap_resize(&gossip->heap, gossip->suspicions, old * item, capacity * item);
        gossip->suspicions_capacity = capacity;
    }
    member->suspicion = (int32_t)gossip->suspicions_count++;
    struct suspicion *suspicion = &gossip->suspicions[member->suspicion];
    *suspicion = (struct suspicion){.member = gossip_place(gossip, member), .begun = gossip->now};
    suspicion->accusers[suspicion->accusers_count++] = accuser;
    suspicion_time(gossip, suspicion);
    if (is_asked_for(gossip, accuser)) gossip->look_at = member->node;
}

static void suspicion_drop(struct gossip *gossip, struct member *member)
{
    if (member->suspicion == PLACE_NONE) return;
    struct suspicion *last = &gossip->suspicions[--gossip->suspicions_count];
    gossip->suspicions[member->suspicion] = *last;
    gossip->members[last->member].suspicion = member->suspicion;
    member->suspicion = PLACE_NONE;
}

/* True: it is a new voice, and there were not enough yet. */
static bool confirm(struct gossip *gossip, struct member *member, node_id accuser)
{
    struct suspicion *suspicion = &gossip->suspicions[member->suspicion];
    if (!gossip->config.lifeguard || suspicion->accusers_count > confirmations(gossip))
        return false;
    for (uint32_t i = 0; i < suspicion->accusers_count; i++) {
        if (node_eq(suspicion->accusers[i], accuser)) return false;
    }
    suspicion->accusers[suspicion->accusers_count++] = accuser;
    suspicion_time(gossip, suspicion);
    return true;
}

void gossip_suspect(struct gossip *gossip, struct member *member, uint64_t incarnation,
                    node_id accuser)
{
    if (incarnation < member->incarnation) return; /* [I2] */
    if (!gossip_is_up(member) && incarnation == member->incarnation) return;
    if (member->state == GOSSIP_SUSPECT && incarnation == member->incarnation) {
        if (!confirm(gossip, member, accuser)) return;
    } else { /* what was said of an earlier incarnation it has refuted */
        suspicion_drop(gossip, member);
        gossip_set(gossip, member, GOSSIP_SUSPECT, incarnation, member->told);
        suspicion_begin(gossip, member, accuser);
    }
    member->accuser = accuser;
    gossip_tell(gossip, member, QUEUE_NEWS);
}

static void go(struct gossip *gossip, struct member *member, enum gossip_state state,
               uint64_t incarnation, node_id accuser)
{
    suspicion_drop(gossip, member);
    gossip_set(gossip, member, state, incarnation, member->told);
    member->accuser = accuser;
    if (state == GOSSIP_DEAD) gossip->stats.died++;
    gossip_tell_no_more(gossip, member);
    gossip_tell(gossip, member, QUEUE_NEWS);
}

void gossip_suspicions_expire(struct gossip *gossip)
{
    if (!gossip_is_due(gossip, gossip->suspicions_next)) return;
    gossip->suspicions_next = GOSSIP_NEVER;
    for (uint32_t i = gossip->suspicions_count; i-- > 0;) {
        const struct suspicion *suspicion = &gossip->suspicions[i];
        if (gossip_is_due(gossip, suspicion->until)) {
            struct member *member = &gossip->members[suspicion->member];
            go(gossip, member, GOSSIP_DEAD, member->incarnation, gossip->config.self);
        } else {
            gossip->suspicions_next = gossip_earlier(gossip->suspicions_next, suspicion->until);
        }
    }
}

/* --- news ------------------------------------------------------------------------------------ */

void gossip_health_change(struct gossip *gossip, int32_t by)
{
    if (!gossip->config.lifeguard) return;
    int64_t health = (int64_t)gossip->health + by;
    if (health < 0) health = 0;
    gossip->health = (uint32_t)u64_min((uint64_t)health, gossip->config.health_max);
}

/* [I6] Nobody knows better than we how we are. */
static void about_self(struct gossip *gossip, const struct gossip_news *news)
{
    struct member *self = gossip_self(gossip);
    if (gossip->leaving || news->kind == GOSSIP_NEWS_LOAD) return;
    bool accused = news->kind != GOSSIP_NEWS_ALIVE;
    if (news->incarnation < self->incarnation) { /* who says it has missed what we said since */
        if (accused && !self->links[QUEUE_NEWS].queued) gossip_tell(gossip, self, QUEUE_NEWS);
        return;
    }
    bool twin = !accused && !gossip_address_eq(&news->address, &self->address);
    if (!accused && !twin && news->incarnation == self->incarnation) return;
    if (accused) {
        gossip->stats.refuted++;
        gossip_health_change(gossip, 1);
    }
    gossip_set(gossip, self, GOSSIP_ALIVE, news->incarnation + 1, news->incarnation + 1);
    gossip_tell(gossip, self, QUEUE_NEWS);
}

static void take_load(struct member *member, const struct gossip_news *news)
{
    member->stamp = news->stamp;
    member->load = news->load;
}

static void take_facts(struct gossip *gossip, struct member *member, const struct gossip_news *news)
{
    if (!gossip_address_eq(&member->address, &news->address)) gossip->changes++;
    member->address = news->address;
    gossip_set_facts(gossip, member, news->facts);
    take_load(member, news);
}

static void on_alive(struct gossip *gossip, struct member *member, const struct gossip_news *news,
                     bool of_record)
{
    bool fresh = member == NULL;
    if (fresh) member = gossip_add(gossip, news->node, &news->address);
    if (member == NULL || news->incarnation <= member->told) return;
    bool was_up = gossip_is_up(member);
    take_facts(gossip, member, news);
    if (news->incarnation > member->incarnation) { /* [I2] */
        suspicion_drop(gossip, member);
        gossip_set(gossip, member, GOSSIP_ALIVE, news->incarnation, news->incarnation);
    } else {
        gossip_set(gossip, member, member->state, member->incarnation, news->incarnation);
    }
    /* What comparing brings, it brings to the others too. */
    if (!of_record || !was_up) gossip_tell(gossip, member, QUEUE_NEWS);
}

static void on_end(struct gossip *gossip, struct member *member, const struct gossip_news *news)
{
    enum gossip_state state = news->kind == GOSSIP_NEWS_DEAD ? GOSSIP_DEAD : GOSSIP_LEFT;
    if (news->incarnation < member->incarnation) return; /* [I2] */
    if (news->incarnation == member->incarnation && member->state >= state) return;
    go(gossip, member, state, news->incarnation, news->accuser);
}

static void on_load(struct gossip *gossip, struct member *member, const struct gossip_news *news)
{
    if (!gossip_is_up(member) || news->incarnation != member->incarnation) return;
    if (news->stamp <= member->stamp) return;
    take_load(member, news);
    gossip_tell(gossip, member, QUEUE_LOADS);
}

void gossip_believe(struct gossip *gossip, const struct gossip_news *news, bool of_record)
{
    if (node_eq(news->node, gossip->config.self)) {
        about_self(gossip, news);
        return;
    }
    struct member *member = gossip_member(gossip, news->node);
    if (member == NULL && news->kind != GOSSIP_NEWS_ALIVE) return; /* nothing to forget */
    switch (news->kind) {
    case GOSSIP_NEWS_ALIVE: on_alive(gossip, member, news, of_record); break;
    case GOSSIP_NEWS_SUSPECT:
        gossip_suspect(gossip, member, news->incarnation, news->accuser);
        break;
    case GOSSIP_NEWS_DEAD:
    case GOSSIP_NEWS_LEFT: on_end(gossip, member, news); break;
    case GOSSIP_NEWS_LOAD: on_load(gossip, member, news); break;
    }
}
