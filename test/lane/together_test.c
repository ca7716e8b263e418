/* together_test.c -- what is done over several shards at once is there after a crash. */
#include "base/crc.h"
#include "lane/together.h"
#include "test/lane/replica_fixture.h"
#include "test/rows.h"

enum { SHARDS = 5, WORDS_MAX = 5 };

struct words {
    struct slice argv[WORDS_MAX];
    uint32_t argc;
};

static struct call call_of(const struct replica_cluster *cluster, const struct words *words,
                           struct buffer *reply)
{
    const struct command *command = command_find(cluster->commands, words->argv, words->argc, NULL);
    cr_assert(command != NULL);
    return (struct call){.command = command,
                         .argv = words->argv,
                         .argc = words->argc,
                         .reply = {reply, 2},
                         .may_block = false};
}

static struct shard *shard_of(struct lane *lane, struct slice key)
{
    return lane_shard_of_slot(lane, slot_of_key(key));
}

/* MULTI, and EXEC, of one command. */
static void transact(struct replica_cluster *cluster, struct slice key, struct slice value)
{
    struct lane *lane = replica_lane(cluster, 1);
    struct buffer reply = {0};
    struct words words = {{SLICE("SET"), key, value}, 3};
    struct call call = call_of(cluster, &words, &reply);
    bool refused;
    uint64_t gate = 0;
    while (shard_begin(shard_of(lane, key), &call, 1, &call.reply, &refused) == SHARD_LATER)
        replica_cluster_turn(cluster); /* it has just started */
    cr_assert(!refused);
    cr_assert_eq(shard_run(shard_of(lane, key), &call, &gate), SHARD_RAN);
    shard_end(shard_of(lane, key), &gate);
    buffer_free(&reply);
}

static void set_both(struct replica_cluster *cluster, struct slice a, struct slice b,
                     struct slice value)
{
    struct buffer reply = {0};
    struct words words = {{SLICE("MSET"), a, value, b, value}, 5};
    struct call call = call_of(cluster, &words, &reply);
    uint64_t gate;
    while (together_run(replica_lane(cluster, 1), &call, &gate) == SHARD_LATER)
        replica_cluster_turn(cluster);
    cr_expect_gt(gate, 0);
    buffer_free(&reply);
}

static bool is_agreed(struct replica_cluster *cluster)
{
    return lane_is_agreed(replica_lane(cluster, 1));
}

Test(together, what_follows_a_transaction_of_one_shard_is_logged_for_that_shard_too)
{
    struct replica_cluster cluster;
    struct slice a = SLICE("a"), b = SLICE("b");
    replica_cluster_new(&cluster, 1);
    cluster.shards_count = SHARDS;
    replica_cluster_start_all(&cluster);
    cr_assert_neq(shard_of(replica_lane(&cluster, 1), a), shard_of(replica_lane(&cluster, 1), b));
    transact(&cluster, a, SLICE("first"));
    set_both(&cluster, a, b, SLICE("second"));
    replica_cluster_until(&cluster, "all is durable", is_agreed);
    replica_cluster_stop(&cluster, 1);
    replica_cluster_start(&cluster, 1);
    cluster.shard = shard_number(shard_of(replica_lane(&cluster, 1), a));
    cr_expect(replica_says(&cluster, 1, "GET a", "$6\r\nsecond\r\n"));
    cluster.shard = shard_number(shard_of(replica_lane(&cluster, 1), b));
    cr_expect(replica_says(&cluster, 1, "GET b", "$6\r\nsecond\r\n"));
    replica_cluster_free(&cluster);
}

/* The planner goes by that, and so do people. */
Test(together, each_shard_is_told_what_it_takes_of_a_call_over_several)
{
    enum { BYTES = 20000 };
    static uint8_t value[BYTES];
    struct replica_cluster cluster;
    struct slice a = SLICE("a"), b = SLICE("b");
    replica_cluster_new(&cluster, 1);
    cluster.shards_count = SHARDS;
    replica_cluster_start_all(&cluster);
    const struct shard *first = shard_of(replica_lane(&cluster, 1), a);
    const struct shard *second = shard_of(replica_lane(&cluster, 1), b);
    set_both(&cluster, a, b, slice_of(value, BYTES));
    cr_expect_geq(shard_used_bytes(first), BYTES);
    cr_expect_geq(shard_used_bytes(second), BYTES);
    cr_expect_leq(shard_used_bytes(first) + shard_used_bytes(second), 4 * BYTES);
    struct buffer reply = {0};
    struct words words = {{SLICE("DEL"), a, b}, 3};
    struct call call = call_of(&cluster, &words, &reply);
    uint64_t gate;
    cr_assert_eq(together_run(replica_lane(&cluster, 1), &call, &gate), SHARD_RAN);
    cr_expect_lt(shard_used_bytes(first), BYTES / 2);
    cr_expect_lt(shard_used_bytes(second), BYTES / 2);
    buffer_free(&reply);
    replica_cluster_free(&cluster);
}
