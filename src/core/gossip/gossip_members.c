/* gossip_members.c -- the table of members: see gossip_impl.h, and gossip.c for the invariants. */
#include "core/gossip/gossip_impl.h"

enum { CAPACITY_FIRST = 16 };

/* --- by node --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t value)
{
    struct prng prng = {value};
    return prng_next(&prng);
}

static uint32_t slot_of(const struct gossip *gossip, node_id node)
{
    return (uint32_t)mix(node.n) & (gossip->table_size - 1);
}

/* Of who is not there: a free one. */
static uint32_t slot_find(const struct gossip *gossip, node_id node)
{
    uint32_t slot = slot_of(gossip, node);
    while (gossip->table[slot].place != PLACE_NONE && /* ends: half of them are free */
           !node_eq(gossip->table[slot].node, node)) {
        slot = (slot + 1) & (gossip->table_size - 1);
    }
    return slot;
}

static void slot_set(struct gossip *gossip, node_id node, int32_t place)
{
    gossip->table[slot_find(gossip, node)] = (struct table_slot){node, place};
}

struct member *gossip_member(const struct gossip *gossip, node_id node)
{
    int32_t place = gossip->table[slot_find(gossip, node)].place;
    return place == PLACE_NONE ? NULL : &gossip->members[place];
}

int32_t gossip_place(const struct gossip *gossip, const struct member *member)
{
    return (int32_t)(member - gossip->members);
}

/* Those behind it that were put further than they wanted come forward. */
static void slot_clear(struct gossip *gossip, uint32_t slot)
{
    uint32_t mask = gossip->table_size - 1, free = slot;
    for (uint32_t at = (slot + 1) & mask; gossip->table[at].place != PLACE_NONE;
         at = (at + 1) & mask) { /* ends: at a free one */
        uint32_t wants = slot_of(gossip, gossip->table[at].node);
        if (((at - wants) & mask) < ((at - free) & mask)) continue;
        gossip->table[free] = gossip->table[at];
        free = at;
    }
    gossip->table[free] = (struct table_slot){.place = PLACE_NONE};
}

/* --- room ------------------------------------------------------------------------------------ */

static void table_make(struct gossip *gossip, uint32_t size)
{
    size_t item = sizeof *gossip->table;
    heap_give(&gossip->heap, gossip->table, gossip->table_size * item);
    gossip->table = heap_take(&gossip->heap, size * item);
    gossip->table_size = size;
    for (uint32_t i = 0; i < size; i++) gossip->table[i].place = PLACE_NONE;
    for (uint32_t i = 0; i < gossip->count; i++) {
        slot_set(gossip, gossip->members[i].node, (int32_t)i);
    }
}

static void grow(struct gossip *gossip)
{
    uint32_t old = gossip->capacity, capacity = old == 0 ? CAPACITY_FIRST : old * 2;
    if (gossip->count < old) return;
    size_t member = sizeof *gossip->members, place = sizeof *gossip->order;
    gossip->members = heap_resize(&gossip->heap, gossip->members, old * member, capacity * member);
    gossip->order = heap_resize(&gossip->heap, gossip->order, old * place, capacity * place);
    gossip->capacity = capacity;
    table_make(gossip, capacity * 2);
}

/* --- coming and going ------------------------------------------------------------------------ */

/* What is compared: a suspicion passes, and does not count. */
static uint32_t sum_of(const struct member *member)
{
    uint64_t state = gossip_is_up(member) ? GOSSIP_ALIVE : member->state;
    return (uint32_t)mix(mix(mix(member->node.n ^ state << 32) ^ member->incarnation) ^
                         member->told);
}

static void sum_flip(struct gossip *gossip, const struct member *member)
{
    gossip->sums[member->node.n % GOSSIP_BUCKETS] ^= sum_of(member); /* [I3] */
}

bool gossip_sums_fit(const struct gossip *gossip)
{
    uint32_t sums[GOSSIP_BUCKETS] = {0};
    for (uint32_t i = 0; i < gossip->count; i++) {
        sums[gossip->members[i].node.n % GOSSIP_BUCKETS] ^= sum_of(&gossip->members[i]);
    }
    return memcmp(sums, gossip->sums, sizeof sums) == 0;
}

static void order_put(struct gossip *gossip, uint32_t at, int32_t place)
{
    ASSERT(gossip->members != NULL);
    gossip->order[at] = place;
    gossip->members[place].order = at;
}

struct member *gossip_add(struct gossip *gossip, node_id node, const struct gossip_address *address)
{
    if (gossip->count == GOSSIP_MEMBERS_MAX) { /* [I1] */
        gossip->stats.members_refused++;
        return NULL;
    }
    grow(gossip);
    int32_t place = (int32_t)gossip->count;
    struct member *member = &gossip->members[place];
    *member = (struct member){.node = node, .suspicion = PLACE_NONE, .since = gossip->now};
    member->address = *address;
    slot_set(gossip, node, place);
    gossip->count++;
    gossip->alive++;
    gossip->changes++;
    sum_flip(gossip, member);
    if (place == 0) return member; /* self is not probed */
    uint32_t last = gossip->count - 2, at = (uint32_t)prng_below(&gossip->prng, last + 1);
    if (at != last) order_put(gossip, last, gossip->order[at]);
    order_put(gossip, at, place);
    return member;
}

/* The last member takes its place. */
static void move_last(struct gossip *gossip, int32_t to)
{
    int32_t last = (int32_t)gossip->count - 1;
    if (to == last) return;
    struct member *member = &gossip->members[last];
    slot_set(gossip, member->node, to);
    gossip->order[member->order] = to;
    gossip->members[to] = *member;
}

void gossip_remove(struct gossip *gossip, struct member *member)
{
    int32_t place = gossip_place(gossip, member);
    ASSERT(place > 0);
    ASSERT(!gossip_is_up(member));
    gossip_tell_no_more(gossip, member);
    struct member *last = &gossip->members[gossip->count - 1];
    bool news = last->links[QUEUE_NEWS].queued, loads = last->links[QUEUE_LOADS].queued;
    gossip_tell_no_more(gossip, last); /* links are places */
    sum_flip(gossip, member);
    heap_give(&gossip->heap, member->facts, member->facts_len);
    slot_clear(gossip, slot_find(gossip, member->node));
    uint32_t order_last = gossip->count - 2;
    if (member->order != order_last) {
        order_put(gossip, member->order, gossip->order[order_last]);
    }
    if (last->suspicion != PLACE_NONE) gossip->suspicions[last->suspicion].member = place;
    bool moves = last != member;
    move_last(gossip, place);
    gossip->count--;
    gossip->changes++;
    if (moves && news) gossip_tell(gossip, &gossip->members[place], QUEUE_NEWS);
    if (moves && loads) gossip_tell(gossip, &gossip->members[place], QUEUE_LOADS);
}

void gossip_set(struct gossip *gossip, struct member *member, enum gossip_state state,
                uint64_t incarnation, uint64_t told)
{
    bool was_up = gossip_is_up(member);
    sum_flip(gossip, member);
    if (member->state != state) {
        member->since = gossip->now;
        gossip->changes++;
    }
    member->state = state;
    member->incarnation = incarnation;
    member->told = told;
    sum_flip(gossip, member);
    if (was_up && !gossip_is_up(member)) gossip->alive--;
    if (!was_up && gossip_is_up(member)) gossip->alive++;
}

void gossip_set_facts(struct gossip *gossip, struct member *member, struct slice facts)
{
    if (slice_eq(slice_of(member->facts, member->facts_len), facts)) return;
    uint8_t *copy = facts.len == 0 ? NULL : heap_take(&gossip->heap, facts.len);
    if (facts.len > 0) memcpy(copy, facts.data, facts.len);
    heap_give(&gossip->heap, member->facts, member->facts_len);
    member->facts = copy;
    member->facts_len = (uint32_t)facts.len;
    gossip->changes++;
}

/* --- choosing -------------------------------------------------------------------------------- */

static bool is_up_other(const struct member *member, node_id but)
{
    return gossip_is_up(member) && !node_eq(member->node, but);
}

static bool is_down(const struct member *member, node_id but)
{
    (void)but;
    return member->state == GOSSIP_DEAD || (gossip_is_up(member) && member->incarnation == 0);
}

static struct member *pick(struct gossip *gossip, node_id but,
                           bool (*fits)(const struct member *, node_id))
{
    uint32_t others = gossip->count - 1;
    if (others == 0) return NULL;
    uint32_t at = 0;
    for (uint32_t i = 0; i < PICKS_MAX; i++) {
        at = 1 + (uint32_t)prng_below(&gossip->prng, others);
        if (fits(&gossip->members[at], but)) return &gossip->members[at];
    }
    for (uint32_t i = 0; i < others; i++) {
        struct member *member = &gossip->members[1 + (at + i) % others];
        if (fits(member, but)) return member;
    }
    return NULL;
}

struct member *gossip_pick(struct gossip *gossip, node_id but)
{
    return pick(gossip, but, is_up_other);
}

struct member *gossip_pick_down(struct gossip *gossip)
{
    return pick(gossip, NODE_NONE, is_down);
}

static void shuffle(struct gossip *gossip)
{
    for (uint32_t left = gossip->count - 1; left > 1; left--) {
        uint32_t at = (uint32_t)prng_below(&gossip->prng, left);
        int32_t place = gossip->order[at];
        order_put(gossip, at, gossip->order[left - 1]);
        order_put(gossip, left - 1, place);
    }
    gossip->order_at = 0;
}

struct member *gossip_next_to_probe(struct gossip *gossip)
{
    uint32_t others = gossip->count - 1;
    ASSERT(gossip->members != NULL); /* ourselves at least */
    struct member *first = gossip_member(gossip, gossip->look_at);
    gossip->look_at = NODE_NONE;
    if (first != NULL && gossip_is_up(first)) return first;
    for (uint32_t i = 0; i < others; i++) {
        if (gossip->order_at >= others) shuffle(gossip);
        struct member *member = &gossip->members[gossip->order[gossip->order_at++]];
        if (gossip_is_up(member)) return member;
    }
    return NULL;
}
