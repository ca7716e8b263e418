/* raft_chaos_fixture.c -- see raft_chaos_fixture.h. */
#include "test/core/raft/raft_chaos_fixture.h"

enum { STEPS_MAX = 2000000, NODES = 5 };
#define CALM_NS_MAX (30000 * MS)

static bool chance(struct chaos *chaos, uint64_t permille)
{
    return random_below(&chaos->random, 1000) < permille;
}

static uint32_t any_node(struct chaos *chaos)
{
    return 1 + (uint32_t)random_below(&chaos->random, chaos->world->nodes_count);
}

static int64_t any_time(struct chaos *chaos, int64_t below_ns)
{
    return (int64_t)random_below(&chaos->random, (uint64_t)below_ns) + 1;
}

static void post_letter(struct chaos *chaos, node_id from, node_id to, struct slice bytes)
{
    struct world *world = chaos->world;
    if (world->letters_count == WORLD_LETTERS_MAX) return;
    struct world_letter *letter = &world->letters[world->letters_count++];
    int64_t latency_ns = any_time(chaos, chaos->latency_ns);
    if (!chaos->calm && chance(chaos, 10)) latency_ns *= 20;
    *letter = (struct world_letter){.from = from, .to = to};
    letter->at_ns = world->now_ns + latency_ns;
    int64_t *last_ns = &chaos->last_ns[from.n][to.n];
    bool overtakes = letter->at_ns < *last_ns && chaos->ordered;
    if (overtakes) letter->at_ns = *last_ns;
    *last_ns = letter->at_ns;
    buffer_append(&letter->bytes, bytes);
}

static void send(struct world *world, node_id from, node_id to, struct slice bytes)
{
    struct chaos *chaos = world->context;
    if (!chaos->calm && chance(chaos, chaos->lost_permille)) return;
    post_letter(chaos, from, to, bytes);
    if (!chaos->calm && chance(chaos, chaos->doubled_permille)) {
        post_letter(chaos, from, to, bytes);
    }
}

/* --- what chance does ------------------------------------------------------------------------ */

static void links(struct chaos *chaos, uint32_t node, enum raft_event_kind kind)
{
    struct world *world = chaos->world;
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        if (i == node || world->nodes[i].raft == NULL) continue;
        struct raft_event event = {.kind = kind, .peer = {node}};
        raft_world_step(world, i, &event);
    }
}

static void toggle(struct chaos *chaos, uint32_t node)
{
    struct world *world = chaos->world;
    bool told = chance(chaos, 500);
    if (world->nodes[node].raft == NULL) {
        raft_world_start(world, node);
        if (told) links(chaos, node, RAFT_EV_PEER_UP);
    } else {
        raft_world_crash(world, node, (size_t)random_below(&chaos->random, 5));
        if (told) links(chaos, node, RAFT_EV_PEER_DOWN);
    }
}

static void cut(struct chaos *chaos)
{
    struct world *world = chaos->world;
    bool heal = chance(chaos, 500), one_way = chance(chaos, 300);
    uint32_t lonely = any_node(chaos);
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        for (uint32_t j = 1; j <= world->nodes_count; j++) {
            bool between = (i == lonely) != (j == lonely);
            world->cut[i][j] = !heal && between && !(one_way && i == lonely);
        }
    }
}

/* As its disk has it: what is not durable may be lost again. */
static bool is_whole(const struct world_node *node)
{
    for (size_t i = node->disk.durable; i-- > 0;) {
        if (node->disk.records[i].is_hard) return !node->disk.records[i].hard.recovering;
    }
    return !node->disk.wiped;
}

/* One may forget everything while all others are whole, and are enough of them without it. */
static bool may_wipe(const struct chaos *chaos)
{
    const struct world *world = chaos->world;
    const struct raft_members *first = NULL;
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        const struct world_node *node = &world->nodes[i];
        if (node->raft == NULL) return false;
        const struct raft_members *members = raft_members(node->raft);
        uint32_t voters = 0;
        for (uint32_t j = 0; j < members->count; j++) {
            node_id voter = members->members[j].node;
            if (!raft_members_is_voter(members, voter)) continue;
            voters++;
            if (!is_whole(&world->nodes[voter.n])) return false;
        }
        if (members->count == 0 || !raft_members_has(members, (node_id){i})) continue;
        bool same = first == NULL || memcmp(first, members, sizeof *members) == 0;
        if (members->joint || voters < 3 || !same) return false;
        first = members;
    }
    return first != NULL;
}

static void wipe(struct chaos *chaos)
{
    uint32_t node = any_node(chaos);
    if (!may_wipe(chaos)) return;
    raft_world_crash(chaos->world, node, 0);
    raft_world_wipe(chaos->world, node);
    if (chance(chaos, 500)) raft_world_start(chaos->world, node);
}

static void change_members(struct chaos *chaos)
{
    struct world *world = chaos->world;
    uint32_t leader = raft_world_leader(world), at_least = chaos->kinds[CHAOS_WIPE] ? 3 : 1;
    if (leader == 0 || !raft_may_change_members(world->nodes[leader].raft)) return;
    struct raft_members target = {0};
    uint32_t voters = 0;
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        uint64_t role = random_below(&chaos->random, 4);
        if (role == 0) continue;
        voters += role > 1;
        target.members[target.count++] =
            (struct raft_member){{i}, role > 1 ? RAFT_VOTER : RAFT_LEARNER};
    }
    if (voters < at_least) return;
    struct raft_event event = {.kind = RAFT_EV_MEMBERS, .members = target};
    raft_world_step(world, leader, &event);
}

static void fault(struct chaos *chaos, enum chaos_kind kind)
{
    struct world *world = chaos->world;
    uint32_t node = any_node(chaos), leader = raft_world_leader(world);
    switch (kind) {
    case CHAOS_CRASH: toggle(chaos, node); break;
    case CHAOS_CUT: cut(chaos); break;
    case CHAOS_PAUSE:
        world->nodes[node].paused_until_ns = world->now_ns + any_time(chaos, 300 * MS);
        break;
    case CHAOS_WIPE: wipe(chaos); break;
    case CHAOS_MEMBERS: change_members(chaos); break;
    case CHAOS_TRANSFER:
        if (leader != 0) {
            struct raft_event event = {.kind = RAFT_EV_TRANSFER,
                                       .peer = {chance(chaos, 500) ? node : 0}};
            raft_world_step(world, leader, &event);
        }
        break;
    case CHAOS_NO_ROOM: world->nodes[node].no_room = !world->nodes[node].no_room; break;
    case CHAOS_LINKS:
        links(chaos, node, chance(chaos, 500) ? RAFT_EV_PEER_DOWN : RAFT_EV_PEER_UP);
        break;
    case CHAOS_KINDS: break;
    }
}

static void compact_for_others(struct world *world)
{
    uint32_t leader = raft_world_leader(world);
    struct raft_peer peers[RAFT_MEMBERS_MAX];
    if (leader == 0) return;
    uint32_t count = raft_peers(world->nodes[leader].raft, peers);
    for (uint32_t i = 0; i < count; i++) {
        if (peers[i].needs_snapshot) raft_world_compact(world, leader);
    }
}

static void act(struct chaos *chaos)
{
    struct world *world = chaos->world;
    uint32_t leader = raft_world_leader(world);
    chaos->act_at_ns = world->now_ns + any_time(chaos, 10 * MS);
    uint32_t count = 1 + (uint32_t)random_below(&chaos->random, 5);
    size_t bytes = 8 + (size_t)random_below(&chaos->random, 300);
    if (leader != 0 && chance(chaos, 500)) raft_world_propose(world, leader, count, bytes);
    if (chance(chaos, 300)) raft_world_propose(world, any_node(chaos), count, bytes);
    if (chance(chaos, 300)) raft_world_read(world, any_node(chaos));
    if (chance(chaos, 5)) raft_world_compact(world, any_node(chaos));
    compact_for_others(world);
    for (int kind = 0; !chaos->calm && kind < CHAOS_KINDS; kind++) {
        if (chaos->kinds[kind] && chance(chaos, 15)) fault(chaos, (enum chaos_kind)kind);
    }
}

/* --- time ------------------------------------------------------------------------------------ */

static int64_t tick_at(const struct world *world, uint32_t number)
{
    const struct world_node *node = &world->nodes[number];
    if (node->raft == NULL || node->deadline.ns == INT64_MAX) return INT64_MAX;
    int64_t ahead_ns = node->deadline.ns - raft_world_clock(world, number).ns;
    int64_t at_ns = world->now_ns;
    if (ahead_ns > 0) at_ns += (int64_t)((__int128_t)ahead_ns * 1000000 / node->rate) + 1;
    return at_ns > node->paused_until_ns ? at_ns : node->paused_until_ns;
}

static void flushes(struct chaos *chaos)
{
    struct world *world = chaos->world;
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        struct world_node *node = &world->nodes[i];
        if (node->raft == NULL || node->flush_at_ns != INT64_MAX) continue;
        if (node->disk.durable == node->disk.count) continue;
        int64_t took_ns = any_time(chaos, chaos->flush_ns);
        if (!chaos->calm && chance(chaos, 10)) took_ns *= 30;
        node->flush_at_ns = world->now_ns + took_ns;
        node->flush_count = node->disk.count;
    }
}

static void happen(struct chaos *chaos, int64_t at_ns, size_t letter, uint32_t tick, uint32_t flush)
{
    struct world *world = chaos->world;
    if (at_ns > world->now_ns) world->now_ns = at_ns; /* a pause that was cut short is over now */
    if (letter != SIZE_MAX) {
        raft_world_deliver(world, letter);
    } else if (tick != 0) {
        raft_world_tick(world, tick);
    } else if (flush != 0) {
        world->nodes[flush].flush_at_ns = INT64_MAX;
        raft_world_durable(world, flush, world->nodes[flush].flush_count);
    } else {
        act(chaos);
    }
}

/* What comes first: a letter, a deadline, the end of a flush, or an act of ours. */
static void next(struct chaos *chaos)
{
    struct world *world = chaos->world;
    int64_t at_ns = chaos->act_at_ns;
    size_t letter = SIZE_MAX;
    uint32_t tick = 0, flush = 0;
    for (size_t i = 0; i < world->letters_count; i++) {
        int64_t paused_ns = world->nodes[world->letters[i].to.n].paused_until_ns;
        int64_t letter_ns = world->letters[i].at_ns;
        if (letter_ns < paused_ns) letter_ns = paused_ns;
        if (letter_ns >= at_ns) continue;
        at_ns = letter_ns;
        letter = i;
    }
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        int64_t tick_ns = tick_at(world, i), flush_ns = world->nodes[i].flush_at_ns;
        if (tick_ns < at_ns) {
            at_ns = tick_ns;
            letter = SIZE_MAX;
            tick = i;
            flush = 0;
        }
        if (flush_ns < at_ns && world->nodes[i].raft != NULL) {
            at_ns = flush_ns;
            letter = SIZE_MAX;
            tick = 0;
            flush = i;
        }
    }
    happen(chaos, at_ns, letter, tick, flush);
}

static void chaos_until(struct chaos *chaos, int64_t until_ns)
{
    while (chaos->world->now_ns < until_ns) {
        next(chaos);
        flushes(chaos);
        raft_world_check(chaos->world);
        ASSERT(++chaos->steps < STEPS_MAX);
    }
}

static void configure(struct chaos *chaos)
{
    struct raft_config *config = &chaos->world->config;
    config->election_min = (duration){100 * MS};
    config->election_max = (duration){200 * MS};
    config->heartbeat = (duration){30 * MS};
    config->lease = chance(chaos, 800);
    config->tail_bytes = chance(chaos, 500) ? 20000 : 1 << 18;
    config->window_bytes = config->tail_bytes > 20000 ? 1 << 16 : 4096;
    config->window_entries = chance(chaos, 300) ? 16 : 1000;
    config->hibernate_after = (duration){chance(chaos, 300) ? 100 * MS : 0};
    for (uint32_t i = 1; i <= chaos->world->nodes_count; i++) {
        chaos->world->nodes[i].rate = 950000 + (int64_t)random_below(&chaos->random, 100000);
        chaos->world->nodes[i].skew_ns = any_time(chaos, 1000 * MS);
    }
}

void raft_chaos_begin(uint64_t seed, struct chaos *chaos)
{
    *chaos = (struct chaos){.random = {seed}};
    uint32_t voters = 1 + (uint32_t)random_below(&chaos->random, NODES);
    chaos->world = raft_world_new(NODES, voters, seed);
    chaos->world->context = chaos;
    chaos->world->send = send;
    for (int i = 0; i < CHAOS_KINDS; i++) chaos->kinds[i] = chance(chaos, 400);
    if (chance(chaos, 100)) memset(chaos->kinds, 0, sizeof chaos->kinds);
    chaos->lost_permille = chance(chaos, 500) ? random_below(&chaos->random, 100) : 0;
    chaos->doubled_permille = chance(chaos, 500) ? random_below(&chaos->random, 100) : 0;
    chaos->ordered = chance(chaos, 700);
    chaos->latency_ns = chance(chaos, 500) ? 2 * MS : 20 * MS;
    chaos->flush_ns = chance(chaos, 500) ? 1 * MS : 15 * MS;
    configure(chaos);
    for (uint32_t i = 1; i <= NODES; i++) {
        chaos->world->nodes[i].disk.wiped = i > voters; /* those who come later are empty */
        raft_world_start(chaos->world, i);
    }
}

static void heal(struct chaos *chaos)
{
    struct world *world = chaos->world;
    chaos->calm = chaos->ordered = true;
    memset(world->cut, 0, sizeof world->cut);
    for (uint32_t i = 1; i <= world->nodes_count; i++) {
        world->nodes[i].paused_until_ns = 0;
        world->nodes[i].no_room = false;
        if (world->nodes[i].raft == NULL) raft_world_start(world, i);
    }
}

/* Whoever belongs to the group has all of it. */
static bool is_together(const struct world *world)
{
    uint32_t leader = raft_world_leader(world);
    if (leader == 0) return false;
    const struct raft *raft = world->nodes[leader].raft;
    const struct raft_members *members = raft_members(raft);
    if (members->joint || raft_commit(raft) != raft_last(raft).index) return false;
    for (uint32_t i = 0; i < members->count; i++) {
        const struct world_node *node = &world->nodes[members->members[i].node.n];
        bool same = raft_pos_cmp(raft_last(node->raft), raft_last(raft)) == 0 &&
                    node->applied == raft_commit(raft);
        if (!same || raft_is_recovering(node->raft) || node->reads_count > 0) return false;
    }
    return true;
}

void raft_chaos_end(struct chaos *chaos)
{
    raft_world_free(chaos->world);
}

void raft_chaos_finish(struct chaos *chaos, int64_t wild_ns)
{
    struct world *world = chaos->world;
    chaos_until(chaos, wild_ns);
    heal(chaos);
    uint64_t committed = world->acknowledged;
    int64_t until_ns = world->now_ns + CALM_NS_MAX;
    while (world->acknowledged < committed + 100) { /* it goes on */
        ASSERT(world->now_ns < until_ns);
        chaos_until(chaos, world->now_ns + 100 * MS);
    }
    until_ns = world->now_ns + CALM_NS_MAX; /* and then comes to rest */
    while (!is_together(world)) {
        ASSERT(world->now_ns < until_ns);
        chaos->act_at_ns = until_ns;
        compact_for_others(world);
        chaos_until(chaos, world->now_ns + 20 * MS);
    }
}
