/* gossip_test.c -- one node, asked by hand: what it believes, and what it answers. */
#include "core/gossip/gossip.h"
#include "test/rows.h"

#define MS INT64_C(1000000)

struct lone { /* node 1, which has 2, 3, 4 and 5 on its list */
    struct arena *arena;
    struct gossip *gossip;
    struct gossip_outbox *out;
    int64_t now_ns;
};

static struct gossip_address address_of(uint32_t node)
{
    struct gossip_address address = {"10.0.0.0", 7400};
    address.host[7] = (char)('0' + node);
    return address;
}

static void step(struct lone *lone, struct gossip_event event)
{
    event.now.ns = lone->now_ns;
    gossip_step(lone->gossip, &event, lone->out);
    gossip_check(lone->gossip);
}

static struct lone lone_new(uint32_t others)
{
    struct lone lone = {.arena = arena_new()};
    struct gossip_seed seeds[8];
    struct gossip_config config = gossip_config_usual();
    config.self.n = 1;
    config.incarnation = 10;
    config.address = address_of(1);
    config.facts = SLICE("one");
    lone.out = arena_alloc(lone.arena, sizeof *lone.out);
    lone.gossip = gossip_new(lone.arena, &config, (instant){0});
    for (uint32_t i = 0; i <= others; i++) {
        seeds[i] = (struct gossip_seed){{i + 1}, address_of(i + 1)};
    }
    step(&lone,
         (struct gossip_event){.kind = GOSSIP_EV_SEEDS, .seeds = seeds, .seeds_count = others + 1});
    return lone;
}

static void lone_free(struct lone *lone)
{
    gossip_free(lone->gossip);
    arena_free(lone->arena);
}

static void hear(struct lone *lone, enum gossip_kind kind, const struct gossip_news *news)
{
    struct gossip_msg msg = {.kind = kind, .from = {2}, .target = {1}, .number = 77};
    if (news != NULL) msg.news[msg.news_count++] = *news;
    step(lone,
         (struct gossip_event){.kind = GOSSIP_EV_DATAGRAM, .from = address_of(2), .msg = &msg});
}

static void hear_of(struct lone *lone, enum gossip_news_kind kind, uint32_t node,
                    uint64_t incarnation, uint32_t accuser)
{
    struct gossip_news news = {.kind = kind, .node = {node}, .incarnation = incarnation};
    news.accuser.n = accuser;
    news.address = address_of(node);
    news.facts = SLICE("facts");
    hear(lone, GOSSIP_TELL, &news);
}

static struct gossip_member member(const struct lone *lone, uint32_t node)
{
    struct gossip_member found = {0};
    cr_assert(gossip_find(lone->gossip, (node_id){node}, &found));
    return found;
}

static void tick(struct lone *lone)
{
    step(lone, (struct gossip_event){.kind = GOSSIP_EV_TICK});
}

/* So much longer, with nobody answering; returns how many pings it sent. */
static uint32_t wait(struct lone *lone, int64_t ns)
{
    uint64_t before = gossip_stats(lone->gossip)->probes;
    int64_t until = lone->now_ns + ns;
    tick(lone);
    while (lone->out->deadline.ns <= until) { /* ends: a tick's deadline is later */
        lone->now_ns = lone->out->deadline.ns;
        tick(lone);
    }
    lone->now_ns = until;
    return (uint32_t)(gossip_stats(lone->gossip)->probes - before);
}

/* --- which of two words counts --------------------------------------------------------------- */

static const struct order_row {
    const char *why;
    enum gossip_news_kind first;
    uint64_t first_incarnation;
    enum gossip_news_kind second;
    uint64_t second_incarnation;
    enum gossip_state state;
    uint64_t incarnation;
} order_rows[] = {
    {"a suspicion counts for what is alive", GOSSIP_NEWS_ALIVE, 5, GOSSIP_NEWS_SUSPECT, 5,
     GOSSIP_SUSPECT, 5},
    {"an old one does not", GOSSIP_NEWS_ALIVE, 5, GOSSIP_NEWS_SUSPECT, 4, GOSSIP_ALIVE, 5},
    {"alive in the same incarnation refutes nothing", GOSSIP_NEWS_SUSPECT, 5, GOSSIP_NEWS_ALIVE, 5,
     GOSSIP_SUSPECT, 5},
    {"in a higher one it does", GOSSIP_NEWS_SUSPECT, 5, GOSSIP_NEWS_ALIVE, 6, GOSSIP_ALIVE, 6},
    {"dead stands above a suspicion", GOSSIP_NEWS_SUSPECT, 5, GOSSIP_NEWS_DEAD, 5, GOSSIP_DEAD, 5},
    {"and a suspicion not above dead", GOSSIP_NEWS_DEAD, 5, GOSSIP_NEWS_SUSPECT, 5, GOSSIP_DEAD, 5},
    {"alive not either", GOSSIP_NEWS_DEAD, 5, GOSSIP_NEWS_ALIVE, 5, GOSSIP_DEAD, 5},
    {"who comes back has a higher one", GOSSIP_NEWS_DEAD, 5, GOSSIP_NEWS_ALIVE, 6, GOSSIP_ALIVE, 6},
    {"and can be suspected again", GOSSIP_NEWS_DEAD, 5, GOSSIP_NEWS_SUSPECT, 6, GOSSIP_SUSPECT, 6},
    {"left stands above dead", GOSSIP_NEWS_DEAD, 5, GOSSIP_NEWS_LEFT, 5, GOSSIP_LEFT, 5},
    {"and dead not above left", GOSSIP_NEWS_LEFT, 5, GOSSIP_NEWS_DEAD, 5, GOSSIP_LEFT, 5},
    {"one of an older incarnation has not left", GOSSIP_NEWS_ALIVE, 5, GOSSIP_NEWS_LEFT, 4,
     GOSSIP_ALIVE, 5},
};

Test(gossip, believes_the_higher_incarnation)
{
    FOR_ROWS (row, order_rows) {
        struct lone lone = lone_new(4);
        hear_of(&lone, row->first, 3, row->first_incarnation, 4);
        hear_of(&lone, row->second, 3, row->second_incarnation, 4);
        ROW_EQ(row, member(&lone, 3).state, row->state);
        ROW_EQ(row, member(&lone, 3).incarnation, row->incarnation);
        lone_free(&lone);
    }
}

Test(gossip, takes_the_address_of_the_higher_incarnation)
{
    struct lone lone = lone_new(4);
    struct gossip_news news = {.kind = GOSSIP_NEWS_ALIVE, .node = {3}, .incarnation = 5};
    news.address = address_of(7);
    hear(&lone, GOSSIP_TELL, &news);
    cr_expect_str_eq(member(&lone, 3).address.host, "10.0.0.7", "not that of the list any more");
    news.incarnation = 4;
    news.address = address_of(8);
    hear(&lone, GOSSIP_TELL, &news);
    cr_expect_str_eq(member(&lone, 3).address.host, "10.0.0.7");
    uint64_t changes = gossip_changes(lone.gossip);
    news.incarnation = 6;
    hear(&lone, GOSSIP_TELL, &news);
    cr_expect_str_eq(member(&lone, 3).address.host, "10.0.0.8");
    cr_expect_gt(gossip_changes(lone.gossip), changes);
    lone_free(&lone);
}

/* It heard of a suspicion of an incarnation whose facts it has not heard yet. */
Test(gossip, takes_facts_that_come_behind_a_suspicion)
{
    struct lone lone = lone_new(4);
    hear_of(&lone, GOSSIP_NEWS_SUSPECT, 3, 5, 4);
    cr_expect_eq(member(&lone, 3).facts.len, 0);
    hear_of(&lone, GOSSIP_NEWS_ALIVE, 3, 5, 0);
    cr_expect(slice_eq(member(&lone, 3).facts, SLICE("facts")));
    cr_expect_eq(member(&lone, 3).state, GOSSIP_SUSPECT);
    lone_free(&lone);
}

Test(gossip, takes_loads_of_the_same_incarnation_in_order)
{
    static const struct {
        const char *why;
        uint64_t incarnation;
        uint32_t stamp, load, want;
    } rows[] = {{"a first load", 5, 3, 100, 100},
                {"an older one comes late", 5, 2, 200, 100},
                {"a newer one", 5, 4, 300, 300},
                {"of an earlier life", 4, 9, 400, 300}};
    struct lone lone = lone_new(4);
    hear_of(&lone, GOSSIP_NEWS_ALIVE, 3, 5, 0);
    FOR_ROWS (row, rows) {
        struct gossip_news news = {.kind = GOSSIP_NEWS_LOAD, .node = {3}};
        news.incarnation = row->incarnation;
        news.stamp = row->stamp;
        news.load.load_permille = row->load;
        hear(&lone, GOSSIP_TELL, &news);
        ROW_EQ(row, member(&lone, 3).load.load_permille, row->want);
    }
    lone_free(&lone);
}

/* --- self ------------------------------------------------------------------------------------ */

static const struct refute_row {
    const char *why;
    enum gossip_news_kind kind;
    uint64_t incarnation, want;
    uint32_t health;
} refute_rows[] = {
    {"it refutes that it is suspect", GOSSIP_NEWS_SUSPECT, 10, 11, 1},
    {"or dead", GOSSIP_NEWS_DEAD, 10, 11, 1},
    {"or has left, in a life that others think was later", GOSSIP_NEWS_LEFT, 15, 16, 1},
    {"what was refuted already needs no other incarnation", GOSSIP_NEWS_SUSPECT, 9, 10, 0},
    {"an earlier life had a higher one", GOSSIP_NEWS_ALIVE, 12, 13, 0},
};

Test(gossip, refutes_what_is_said_of_itself)
{
    FOR_ROWS (row, refute_rows) {
        struct lone lone = lone_new(4);
        hear_of(&lone, row->kind, 1, row->incarnation, 3);
        ROW_EQ(row, member(&lone, 1).incarnation, row->want);
        ROW_EQ(row, member(&lone, 1).state, GOSSIP_ALIVE);
        ROW_EQ(row, gossip_health(lone.gossip), row->health);
        lone_free(&lone);
    }
}

Test(gossip, raises_its_incarnation_when_its_facts_change_and_not_for_its_load)
{
    struct lone lone = lone_new(4);
    struct gossip_event event = {.kind = GOSSIP_EV_SELF_CHANGED, .address = address_of(1)};
    event.facts = SLICE("one");
    event.load.load_permille = 500;
    step(&lone, event);
    cr_expect_eq(member(&lone, 1).incarnation, 10);
    cr_expect_eq(member(&lone, 1).load.load_permille, 500);
    event.load.load_permille = 600;
    step(&lone, event);
    cr_expect_eq(member(&lone, 1).load.load_permille, 500, "not so soon");
    (void)wait(&lone, 1500 * MS);
    cr_expect_eq(member(&lone, 1).load.load_permille, 600);
    event.facts = SLICE("two");
    step(&lone, event);
    cr_expect_eq(member(&lone, 1).incarnation, 11);
    lone_free(&lone);
}

/* --- pings ----------------------------------------------------------------------------------- */

static struct gossip_msg *sent(struct lone *lone, uint32_t number)
{
    struct gossip_msg *msg = ARENA_NEW(lone->arena, struct gossip_msg);
    const struct gossip_datagram *datagram = &lone->out->datagrams[number];
    cr_assert_lt(number, lone->out->count);
    cr_assert(gossip_msg_read(slice_of(datagram->bytes, datagram->len), msg));
    return msg;
}

Test(gossip, answers_a_ping_that_is_meant_for_it)
{
    struct lone lone = lone_new(4);
    hear(&lone, GOSSIP_PING, NULL);
    cr_assert_eq(lone.out->count, 1);
    cr_expect_eq(sent(&lone, 0)->kind, GOSSIP_ACK);
    cr_expect_eq(sent(&lone, 0)->number, 77);
    cr_expect_str_eq(lone.out->datagrams[0].to.host, "10.0.0.2");
    struct gossip_msg other = {.kind = GOSSIP_PING, .from = {2}, .target = {6}};
    step(&lone,
         (struct gossip_event){.kind = GOSSIP_EV_DATAGRAM, .from = address_of(2), .msg = &other});
    cr_expect_eq(lone.out->count, 0, "that is not its number");
    lone_free(&lone);
}

/* The buddy: whoever is taken for suspect or dead hears of it from the one it talks to. */
Test(gossip, tells_who_pings_what_is_said_of_it)
{
    struct lone lone = lone_new(4);
    for (int kind = GOSSIP_NEWS_SUSPECT; kind <= GOSSIP_NEWS_LEFT; kind++) {
        hear_of(&lone, (enum gossip_news_kind)kind, 2, 5, 3);
        hear(&lone, GOSSIP_PING, NULL);
        const struct gossip_msg *ack = sent(&lone, 0);
        cr_assert_gt(ack->news_count, 0);
        cr_expect_eq(ack->news[0].node.n, 2);
        cr_expect_eq(ack->news[0].kind, (enum gossip_news_kind)kind);
    }
    lone_free(&lone);
}

Test(gossip, pings_for_others_and_says_when_it_had_no_answer)
{
    struct lone lone = lone_new(4);
    struct gossip_msg ask = {.kind = GOSSIP_PING_ASK, .from = {2}, .target = {3}, .number = 5};
    ask.address = address_of(9);
    step(&lone,
         (struct gossip_event){.kind = GOSSIP_EV_DATAGRAM, .from = address_of(2), .msg = &ask});
    const struct gossip_msg *ping = sent(&lone, 0);
    cr_expect_eq(ping->kind, GOSSIP_PING);
    cr_expect_eq(ping->target.n, 3);
    cr_expect_str_eq(lone.out->datagrams[0].to.host, "10.0.0.9", "the asker's word of where");
    bool nacked = false;
    for (int i = 0; i < 40 && !nacked; i++) {
        lone.now_ns = lone.out->deadline.ns;
        tick(&lone);
        for (uint32_t j = 0; j < lone.out->count; j++) {
            const struct gossip_msg *msg = sent(&lone, j);
            nacked |= msg->kind == GOSSIP_NACK && msg->number == 5;
        }
    }
    cr_expect(nacked);
    struct gossip_msg ack = {.kind = GOSSIP_ACK, .from = {3}, .number = ping->number};
    step(&lone,
         (struct gossip_event){.kind = GOSSIP_EV_DATAGRAM, .from = address_of(9), .msg = &ack});
    cr_expect_eq(sent(&lone, 0)->kind, GOSSIP_ACK, "late, and passed on still");
    cr_expect_eq(sent(&lone, 0)->number, 5);
    lone_free(&lone);
}

/* With nobody answering it is more likely that it is ill itself. */
Test(gossip, slows_down_when_nobody_answers)
{
    struct lone lone = lone_new(4);
    uint32_t at_first = wait(&lone, 3000 * MS);
    cr_expect_gt(gossip_health(lone.gossip), 0);
    uint32_t later = wait(&lone, 3000 * MS);
    cr_expect_lt(later, at_first, "%u pings, then %u", at_first, later);
    lone_free(&lone);
}

/* --- suspicion ------------------------------------------------------------------------------- */

static const struct dogpile_row {
    const char *why;
    uint32_t voices;
    int64_t alive_ms, dead_ms; /* it is suspect then, and dead then */
} dogpile_rows[] = {
    {"one voice has the longest", 1, 10500, 11000},
    {"two have less", 2, 5600, 6200},
    {"three have the least, for there are only five", 4, 850, 1000},
};

Test(gossip, believes_many_voices_sooner)
{
    FOR_ROWS (row, dogpile_rows) {
        struct lone lone = lone_new(4);
        for (uint32_t i = 0; i < 5; i++) hear_of(&lone, GOSSIP_NEWS_ALIVE, 2 + i % 4, 5, 0);
        for (uint32_t i = 0; i < row->voices; i++) {
            hear_of(&lone, GOSSIP_NEWS_SUSPECT, 3, 5, i < 2 ? 4 + i : i == 2 ? 2 : 1);
        }
        struct gossip *gossip = lone.gossip;
        int64_t left = row->alive_ms;
        for (; left > 0; left -= 50) { /* no pings: only what was said counts */
            lone.now_ns += 50 * MS;
            hear_of(&lone, GOSSIP_NEWS_LEFT, 4, 1, 0);
        }
        ROW_EQ(row, member(&lone, 3).state, GOSSIP_SUSPECT);
        lone.now_ns = row->dead_ms * MS;
        tick(&lone);
        ROW_EQ(row, member(&lone, 3).state, GOSSIP_DEAD);
        ROW_EQ(row, gossip_stats(gossip)->died, 1);
        lone_free(&lone);
    }
}

Test(gossip, does_not_count_one_voice_twice)
{
    struct lone lone = lone_new(4);
    for (int i = 0; i < 9; i++) hear_of(&lone, GOSSIP_NEWS_SUSPECT, 3, 0, 4);
    lone.now_ns = 5000 * MS;
    hear_of(&lone, GOSSIP_NEWS_SUSPECT, 3, 0, 4);
    cr_expect_eq(member(&lone, 3).state, GOSSIP_SUSPECT);
    lone_free(&lone);
}

/* --- leaving, lists -------------------------------------------------------------------------- */

Test(gossip, leaves_when_others_were_told)
{
    struct lone lone = lone_new(4);
    step(&lone, (struct gossip_event){.kind = GOSSIP_EV_LEAVE});
    cr_expect_not(gossip_has_left(lone.gossip));
    uint32_t pings = wait(&lone, 5000 * MS);
    cr_expect_eq(pings, 0, "who leaves asks nobody");
    cr_expect(gossip_has_left(lone.gossip));
    cr_expect_eq(member(&lone, 1).state, GOSSIP_LEFT);
    lone_free(&lone);
}

Test(gossip, forgets_who_is_down_and_on_no_list)
{
    struct lone lone = lone_new(4);
    hear_of(&lone, GOSSIP_NEWS_ALIVE, 7, 5, 0);
    hear_of(&lone, GOSSIP_NEWS_LEFT, 7, 5, 0);
    hear_of(&lone, GOSSIP_NEWS_LEFT, 3, 5, 0);
    cr_expect_eq(gossip_members_count(lone.gossip), 6);
    (void)wait(&lone, 90000 * MS);
    struct gossip_member found;
    cr_expect_not(gossip_find(lone.gossip, (node_id){7}, &found));
    cr_expect(gossip_find(lone.gossip, (node_id){3}, &found), "it is on the list");
    step(&lone, (struct gossip_event){.kind = GOSSIP_EV_SEEDS});
    (void)wait(&lone, 90000 * MS);
    cr_expect_eq(gossip_alive_count(lone.gossip), 1);
    cr_expect_eq(gossip_members_count(lone.gossip), 1, "all were dead, and nobody has them");
    lone_free(&lone);
}

Test(gossip, is_silent_when_it_is_alone)
{
    struct lone lone = lone_new(0);
    cr_expect_eq(lone.out->deadline.ns, INT64_MAX);
    lone_free(&lone);
}

Test(gossip, refuses_more_members_than_it_has_room_for)
{
    struct lone lone = lone_new(4);
    for (uint32_t i = 2; i < GOSSIP_MEMBERS_MAX + 100; i++) {
        struct gossip_news news = {.kind = GOSSIP_NEWS_ALIVE, .node = {i}, .incarnation = 5};
        struct gossip_msg msg = {.kind = GOSSIP_TELL, .from = {2}, .news_count = 1};
        news.address = address_of(2);
        msg.news[0] = news;
        struct gossip_event event = {.kind = GOSSIP_EV_DATAGRAM, .msg = &msg};
        event.from = address_of(2);
        gossip_step(lone.gossip, &event, lone.out);
    }
    gossip_check(lone.gossip);
    cr_expect_eq(gossip_members_count(lone.gossip), GOSSIP_MEMBERS_MAX);
    cr_expect_gt(gossip_stats(lone.gossip)->members_refused, 0);
    lone_free(&lone);
}
