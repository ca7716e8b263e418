/* gossiping_test.c -- nodes that gossip over real sockets of one process. */
#include "io/clock.h"
#include "lane/gossiping.h"
#include "test/io/io_fixture.h"
#include "test/rows.h"

enum { NODES = 3, COMPLETIONS_MAX = 64, WAIT_MAX_S = 10 };

struct trio {
    struct io *io;
    struct gossiping *nodes[NODES];
    struct gossiping_seed seeds[NODES];
};

static void add(struct trio *trio, uint32_t i, uint64_t cluster, const char *secret)
{
    struct fault fault;
    struct gossiping_config config = {.cluster = cluster, .secret = slice_text(secret)};
    config.bind = (struct io_address){.text = "127.0.0.1"};
    config.facts = (struct gossip_facts){.lanes_count = 4, .version = "1.0", .zone = "z"};
    config.gossip = gossip_config_usual();
    gossip_config_interval(&config.gossip, (duration){20 * 1000000});
    config.gossip.self.n = i + 1;
    config.gossip.incarnation = 100;
    config.gossip.seed = i;
    config.tag.n = 50 + i;
    enum err err = gossiping_new(&config, trio->io, &trio->nodes[i], &fault);
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
    struct gossip_member self;
    cr_assert(gossip_find(gossiping_view(trio->nodes[i]), (node_id){i + 1}, &self));
    trio->seeds[i].node.n = i + 1;
    gossiping_address(&self.address, &trio->seeds[i].address);
}

static void turn(struct trio *trio)
{
    struct io_completion completions[COMPLETIONS_MAX];
    instant deadline = {INT64_MAX};
    for (uint32_t i = 0; i < NODES; i++) {
        if (trio->nodes[i] == NULL) continue;
        instant wants = gossiping_turn(trio->nodes[i], io_now(trio->io));
        if (wants.ns < deadline.ns) deadline = wants;
    }
    uint32_t count = io_wait(trio->io, deadline, completions, COMPLETIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = completions[i].tag.n - 50;
        cr_assert_lt(number, NODES);
        if (trio->nodes[number] != NULL) gossiping_complete(trio->nodes[number], &completions[i]);
    }
}

static bool sees(const struct trio *trio, uint32_t by, uint32_t of, enum gossip_state state)
{
    struct gossip_member member;
    const struct gossip *view = gossiping_view(trio->nodes[by]);
    return gossip_find(view, (node_id){of + 1}, &member) && member.state == state &&
           member.incarnation > 0;
}

static struct trio trio_new(const char *secret_of_third, uint64_t cluster_of_third)
{
    struct trio trio = {.io = io_fixture(IO_DISK_THREADS)};
    for (uint32_t i = 0; i < NODES; i++) {
        bool third = i == 2;
        add(&trio, i, third ? cluster_of_third : 7, third ? secret_of_third : "secret");
    }
    for (uint32_t i = 0; i < NODES; i++) {
        gossiping_seeds(trio.nodes[i], trio.seeds, NODES, io_now(trio.io));
    }
    return trio;
}

static void trio_free(struct trio *trio)
{
    for (uint32_t i = 0; i < NODES; i++) gossiping_free(trio->nodes[i]);
    io_free(trio->io);
}

/* Until it is so; the test fails when it is not in time. */
#define UNTIL(trio, what)                                                                          \
    for (int64_t end = clock_now().ns + WAIT_MAX_S * INT64_C(1000000000); !(what); turn(trio))     \
    cr_assert_lt(clock_now().ns, end, "%s", #what)

Test(gossiping, meets_over_sockets_and_notices_who_goes)
{
    struct trio trio = trio_new("secret", 7);
    struct gossip_load load = {.load_permille = 700, .memory_free_mib = 5};
    gossiping_tell(trio.nodes[0], &load, io_now(trio.io));
    UNTIL(&trio, sees(&trio, 0, 1, GOSSIP_ALIVE) && sees(&trio, 2, 0, GOSSIP_ALIVE));
    UNTIL(&trio, sees(&trio, 1, 2, GOSSIP_ALIVE) && sees(&trio, 2, 1, GOSSIP_ALIVE));
    struct gossip_member member;
    struct gossip_facts facts;
    cr_assert(gossip_find(gossiping_view(trio.nodes[2]), (node_id){1}, &member));
    cr_assert(gossip_facts_read(member.facts, &facts));
    cr_expect_eq(facts.lanes_count, 4);
    gossiping_leave(trio.nodes[1], io_now(trio.io));
    UNTIL(&trio, sees(&trio, 0, 1, GOSSIP_LEFT) && sees(&trio, 2, 1, GOSSIP_LEFT));
    gossiping_free(trio.nodes[2]);
    trio.nodes[2] = NULL;
    UNTIL(&trio, sees(&trio, 0, 2, GOSSIP_DEAD));
    cr_expect_eq(gossiping_stats(trio.nodes[0])->refused_secret, 0);
    trio_free(&trio);
}

Test(gossiping, drops_what_another_secret_proves)
{
    struct trio trio = trio_new("another", 7);
    UNTIL(&trio, gossiping_stats(trio.nodes[0])->refused_secret > 0);
    UNTIL(&trio, gossiping_stats(trio.nodes[2])->refused_secret > 0);
    cr_expect_not(sees(&trio, 0, 2, GOSSIP_ALIVE));
    trio_free(&trio);
}

Test(gossiping, drops_what_is_of_another_cluster)
{
    struct trio trio = trio_new("secret", 8);
    UNTIL(&trio, gossiping_stats(trio.nodes[0])->refused_cluster > 0);
    UNTIL(&trio, gossiping_stats(trio.nodes[2])->refused_cluster > 0);
    cr_expect_not(sees(&trio, 0, 2, GOSSIP_ALIVE));
    trio_free(&trio);
}

static const struct stranger_row {
    const char *why;
    const char *bytes;
    size_t len;
} stranger_rows[] = {{"nothing", "", 0},
                     {"one byte", "\1", 1},
                     {"a version that is not ours", "\2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 33},
                     {"no proof at all", "\1\7\0\0\0\0\0\0\0", 9},
                     {"a proof by chance", "\1\7\0\0\0\0\0\0\0aaaaaaaaaaaaaaaaaaaa", 29}};

Test(gossiping, bears_strangers)
{
    struct trio trio = trio_new("secret", 7);
    struct io_address from = {.text = "127.0.0.1", .port = 9};
    FOR_ROWS (row, stranger_rows) {
        const struct gossiping_stats *stats = gossiping_stats(trio.nodes[0]);
        uint64_t before = stats->refused_form + stats->refused_version + stats->refused_secret;
        struct io_completion completion = {.kind = IO_DATAGRAM, .tag = {50}, .from = &from};
        completion.bytes = slice_of(row->bytes, row->len);
        gossiping_complete(trio.nodes[0], &completion);
        uint64_t after = stats->refused_form + stats->refused_version + stats->refused_secret;
        ROW_EQ(row, after, before + 1);
    }
    trio_free(&trio);
}
