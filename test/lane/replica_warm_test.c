/*
 * replica_warm_test.c -- keys of caches when another node comes to lead: those of warm ones go with
 * the leadership where that was handed over, and nobody ever reads what was overwritten or deleted.
 */
#include <stdio.h>

#include "io/clock.h"
#include "lane/replica_impl.h"
#include "lane/warm_msg.h"
#include "test/lane/replica_fixture.h"
#include "test/random.h"
#include "test/rows.h"

enum { KEYS = 300, MODEL_KEYS = 40, ROUNDS = 30, CALLS_A_ROUND = 60 };

/* "w:" is warm, "c:" a cache that is not. */
static uint32_t start(struct replica_cluster *cluster)
{
    replica_cluster_new(cluster, 3);
    replica_cluster_start_all(cluster);
    uint32_t leader = replica_cluster_lead(cluster);
    (void)replica_run_soon(cluster, leader, "POLICY SET w: MODE cache WARM yes");
    (void)replica_run_soon(cluster, leader, "POLICY SET c: MODE cache");
    replica_cluster_until(cluster, "all know", replica_cluster_is_even);
    return leader;
}

static uint32_t leader_before;
static bool leadership_moved(struct replica_cluster *cluster)
{
    uint32_t leader = replica_cluster_leader(cluster);
    return leader != 0 && leader != leader_before;
}

static uint32_t hand_over(struct replica_cluster *cluster)
{
    leader_before = replica_cluster_lead(cluster);
    lane_hand_over(replica_lane(cluster, leader_before));
    replica_cluster_until(cluster, "another leads", leadership_moved);
    return replica_cluster_leader(cluster);
}

static uint64_t taken(struct replica_cluster *cluster, uint32_t number)
{
    uint64_t sent, taken;
    lane_tell_warm(replica_lane(cluster, number), &sent, &taken);
    return taken;
}

static bool all_came(struct replica_cluster *cluster)
{
    uint32_t leader = replica_cluster_leader(cluster);
    return leader != 0 && taken(cluster, leader) >= KEYS;
}

static void fill(struct replica_cluster *cluster, uint32_t leader)
{
    char text[1200];
    for (int i = 0; i < KEYS - 5; i++) {
        (void)snprintf(text, sizeof text, "SET w:%d %01000d", i, i);
        (void)replica_run_soon(cluster, leader, text);
        (void)snprintf(text, sizeof text, "SET c:%d 1", i);
        (void)replica_run_soon(cluster, leader, text);
    }
    (void)replica_run_soon(cluster, leader, "RPUSH w:list a b c");
    (void)replica_run_soon(cluster, leader, "SADD w:set a 1 2");
    (void)replica_run_soon(cluster, leader, "HSET w:hash f v");
    (void)replica_run_soon(cluster, leader, "ZADD w:zset 1.5 m");
    (void)replica_run_soon(cluster, leader, "SET w:brief 17 PX 100000");
}

Test(replica_warm, a_warm_prefix_goes_with_the_leadership_and_a_cold_one_does_not)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader);
    uint32_t next = hand_over(&cluster);
    replica_cluster_until(&cluster, "all came", all_came);
    static const struct {
        const char *why, *text, *reply;
    } rows[] = {
        {"one of many", "STRLEN w:7", ":1000\r\n"},
        {"the last of them", "STRLEN w:294", ":1000\r\n"},
        {"a list", "LRANGE w:list 0 -1", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"},
        {"a set", "SCARD w:set", ":3\r\n"},
        {"a hash", "HGET w:hash f", "$1\r\nv\r\n"},
        {"a sorted set", "ZSCORE w:zset m", "$3\r\n1.5\r\n"},
        {"an integer", "INCR w:brief", ":18\r\n"},
        {"a cold one", "EXISTS c:7", ":0\r\n"},
    };
    FOR_ROWS (row, rows)
        cr_expect(replica_says(&cluster, next, row->text, row->reply), "%s", row->why);
    struct buffer reply = {0};
    (void)replica_run(&cluster, next, "PTTL w:brief", &reply);
    cr_expect(reply.len > 5 && reply.data[1] != '-', "its time goes on");
    buffer_free(&reply);
    cr_expect(replica_says(&cluster, leader, "EXISTS w:7", ":0\r\n"), "who leads no more");
    store_check(shard_store(lane_only(replica_lane(&cluster, next))));
    store_check(shard_store(lane_only(replica_lane(&cluster, leader))));
    replica_cluster_free(&cluster);
}

static bool is_quiet(struct replica_cluster *cluster)
{
    return lane_is_quiet(replica_lane(cluster, leader_before));
}

/* How many came until the one who gave them was stopped, and how long that took. */
static uint64_t taken_until_stopped(int64_t *took_ms)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader);
    int64_t began_ns = clock_now().ns + cluster.ahead_ns;
    uint32_t next = hand_over(&cluster);
    replica_cluster_until(&cluster, "it may stop", is_quiet);
    *took_ms = (clock_now().ns + cluster.ahead_ns - began_ns) / 1000000;
    replica_cluster_stop(&cluster, leader);
    uint64_t came = taken(&cluster, next);
    replica_cluster_free(&cluster);
    return came;
}

/* Who is not asked for two seconds gives up: where the machine was that busy, once more. */
Test(replica_warm, who_stops_stays_until_they_have_moved)
{
    uint64_t came = 0;
    int64_t took_ms = INT64_MAX;
    for (int i = 0; i < 10 && came != KEYS && took_ms >= 1000; i++)
        came = taken_until_stopped(&took_ms);
    cr_expect_eq(came, KEYS, "%u came in %lld ms", (unsigned)came, (long long)took_ms);
}

Test(replica_warm, after_a_failure_all_is_empty)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader);
    leader_before = leader;
    cluster.nodes[leader - 1].paused = true;
    replica_cluster_until(&cluster, "another leads", leadership_moved);
    uint32_t next = replica_cluster_leader(&cluster);
    cluster.nodes[leader - 1].paused = false;
    replica_cluster_until(&cluster, "it follows", replica_cluster_is_even);
    for (int i = 0; i < 200; i++) replica_cluster_turn(&cluster);
    cr_expect(replica_says(&cluster, next, "EXISTS w:7", ":0\r\n"));
    cr_expect_eq(taken(&cluster, next), 0);
    replica_cluster_free(&cluster);
}

Test(replica_warm, a_link_that_breaks_leaves_the_rest_empty)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader);
    cluster.nodes[leader - 1].replication.snapshot_bytes_a_second = 1;
    uint32_t next = hand_over(&cluster);
    replica_cluster_stop(&cluster, leader);
    for (int i = 0; i < 3000; i++) replica_cluster_turn(&cluster);
    next = replica_cluster_lead(&cluster);
    cr_expect(taken(&cluster, next) < KEYS);
    cr_expect(replica_says(&cluster, next, "SET w:7 1", "+OK\r\n"));
    replica_cluster_free(&cluster);
}

/* What a client does just after the leadership has moved, before anything came; and what it then
 * must never see again. */
Test(replica_warm, nothing_that_was_changed_meanwhile_comes_back)
{
    static const struct {
        const char *why, *before, *meanwhile, *text, *reply;
    } rows[] = {
        {"it was overwritten", "SET w:a 1", "SET w:a 2", "GET w:a", "$1\r\n2\r\n"},
        {"it was deleted, though it was not there yet", "SET w:a 1", "DEL w:a", "GET w:a",
         "$-1\r\n"},
        {"an element was removed", "SADD w:a 1 2", "SREM w:a 1", "SMEMBERS w:a", "*0\r\n"},
        {"its time was changed", "SET w:a 1", "PEXPIRE w:a 100000000", "GET w:a", "$-1\r\n"},
        {"all was flushed", "SET w:a 1", "FLUSHALL", "GET w:a", "$-1\r\n"},
        {"databases were exchanged", "SET w:a 1", "SWAPDB 0 1", "GET w:a", "$-1\r\n"},
        {"the policy went", "SET w:a 1", "POLICY DEL w:", "GET w:a", "$-1\r\n"},
        {"another was changed", "SET w:a 1", "DEL w:b", "GET w:a", "$1\r\n1\r\n"},
    };
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    FOR_ROWS (row, rows) {
        (void)replica_run_soon(&cluster, leader, "POLICY SET w: MODE cache WARM yes");
        (void)replica_run_soon(&cluster, leader, row->before);
        replica_cluster_until(&cluster, "all know", replica_cluster_is_even);
        leader = hand_over(&cluster);
        uint64_t before = taken(&cluster, leader);
        cr_expect(replica_says(&cluster, leader, "EXISTS w:a", ":0\r\n"), "%s: not yet", row->why);
        (void)replica_run_soon(&cluster, leader, row->meanwhile);
        for (int i = 0; i < 100; i++) replica_cluster_turn(&cluster);
        cr_expect(replica_says(&cluster, leader, row->text, row->reply), "%s", row->why);
        ROW_EQ(row, taken(&cluster, leader) - before, row->reply[1] == '1' && row->reply[4] == '1');
        (void)replica_run_soon(&cluster, leader, "FLUSHALL");
    }
    replica_cluster_free(&cluster);
}

static bool ceased_to_lead(struct replica_cluster *cluster)
{
    return !shard_is_leader(lane_only(replica_lane(cluster, leader_before)));
}

/* Who has kept its keys, unasked, is not asked by who leads after the next. */
Test(replica_warm, only_keys_of_the_time_before_are_taken)
{
    struct replica_cluster cluster;
    uint32_t first = start(&cluster);
    (void)replica_run_soon(&cluster, first, "SET w:a 1");
    leader_before = first;
    lane_hand_over(replica_lane(&cluster, first));
    replica_cluster_until(&cluster, "it leads no more", ceased_to_lead);
    cluster.nodes[first - 1].paused = true;
    replica_cluster_until(&cluster, "the second leads", leadership_moved);
    uint32_t second = replica_cluster_leader(&cluster), third = 6 - first - second;
    (void)replica_run_soon(&cluster, second, "DEL w:a");
    leader_before = second;
    shard_hand_over(lane_only(replica_lane(&cluster, second)), (node_id){third});
    replica_cluster_until(&cluster, "the third leads", leadership_moved);
    cr_assert_eq(replica_cluster_leader(&cluster), third);
    cluster.nodes[first - 1].paused = false;
    for (int i = 0; i < 500; i++) replica_cluster_turn(&cluster);
    cr_expect(replica_says(&cluster, third, "GET w:a", "$-1\r\n"), "it was deleted");
    replica_cluster_free(&cluster);
}

/* What somebody says who has w:a, to who has just begun to lead. */
Test(replica_warm, keys_are_taken_of_one_time_from_one_node_in_order)
{
    static const struct {
        const char *why;
        int64_t term;       /* more than the one before its own */
        uint64_t offset;    /* of the first message */
        bool from_both;     /* the second message is of another node */
        const char *record; /* of the second */
        bool first, second; /* are taken */
    } rows[] = {
        {"as it shall be", 0, 0, false, "\0\1\3w:b\1x", true, true},
        {"an earlier time: somebody may have served since", -1, 0, false, "\0\1\3w:b\1x", false,
         false},
        {"its own time", 1, 0, false, "\0\1\3w:b\1x", false, false},
        {"something is missing before it", 0, 7, false, "\0\1\3w:b\1x", false, false},
        {"another node says so too", 0, 0, true, "\0\1\3w:b\1x", true, false},
        {"it is damaged", 0, 0, false, "\0\1\3w:b\7x", true, false},
    };
    enum { RECORD_BYTES = 8 };
    struct replica_cluster cluster;
    (void)start(&cluster);
    FOR_ROWS (row, rows) {
        uint32_t leader = hand_over(&cluster), other = leader % 3 + 1;
        struct replica *replica = lane_only(replica_lane(&cluster, leader))->replica;
        cr_assert(replica_warm_comes(replica), "%s", row->why);
        struct warm_msg msg = {.kind = WARM_MSG_KEYS,
                               .term = replica->warm.term + (uint64_t)row->term,
                               .offset = row->offset};
        struct buffer bytes = {0}, keys = {0};
        put_sized(&keys, slice_of("\0\1\3w:a\1x", RECORD_BYTES));
        msg.keys = buffer_slice(&keys);
        warm_msg_write(&msg, &bytes);
        replica_warm_take(replica, (node_id){other}, buffer_slice(&bytes));
        buffer_clear(&bytes);
        msg.offset += keys.len;
        buffer_clear(&keys);
        put_sized(&keys, slice_of(row->record, RECORD_BYTES));
        msg.keys = buffer_slice(&keys);
        warm_msg_write(&msg, &bytes);
        replica_warm_take(replica, (node_id){row->from_both ? 6 - leader - other : other},
                          buffer_slice(&bytes));
        cr_expect(replica_says(&cluster, leader, "EXISTS w:a", row->first ? ":1\r\n" : ":0\r\n"),
                  "%s: the first", row->why);
        cr_expect(replica_says(&cluster, leader, "EXISTS w:b", row->second ? ":1\r\n" : ":0\r\n"),
                  "%s: the second", row->why);
        (void)replica_run_soon(&cluster, leader, "FLUSHALL");
        buffer_free(&bytes);
        buffer_free(&keys);
    }
    replica_cluster_free(&cluster);
}

/* --- against a model -------------------------------------------------------------------------- */

struct model {
    int values[MODEL_KEYS]; /* 0: none */
    int next;
    uint64_t term; /* the latest in which somebody was asked */
};

/* Who leads in the latest term: who is behind may not know it yet. 0: nobody. */
static uint32_t latest_leader(struct replica_cluster *cluster, struct model *model)
{
    uint32_t latest = 0;
    for (uint32_t i = 1; i <= cluster->count; i++) {
        struct shard *shard = lane_only(replica_lane(cluster, i));
        if (cluster->nodes[i - 1].paused || !shard_is_leader(shard)) continue;
        uint64_t term = raft_term(shard_raft(shard));
        if (term < model->term || shard_way_of_write(shard) != SHARD_HERE) continue;
        model->term = term;
        latest = i;
    }
    return latest;
}

/* One call on one key: a read must be a miss, or the last value. True: it was a hit. */
static bool call_once(struct replica_cluster *cluster, struct model *model, struct random *random)
{
    char text[64], want[64] = "";
    struct buffer reply = {0};
    uint32_t leader = latest_leader(cluster, model);
    uint64_t key = random_below(random, MODEL_KEYS), what = random_below(random, 10);
    if (leader == 0) return false;
    if (what < 2) {
        model->values[key] = ++model->next;
        (void)snprintf(text, sizeof text, "SET w:%d %d", (int)key, model->next);
    } else {
        (void)snprintf(text, sizeof text, "%s w:%d", what == 2 ? "DEL" : "GET", (int)key);
    }
    (void)replica_run(cluster, leader, text, &reply);
    if (what == 2) model->values[key] = 0;
    bool hit = what > 2 && !slice_eq(buffer_slice(&reply), SLICE("$-1\r\n"));
    if (hit) {
        char number[16];
        int len = snprintf(number, sizeof number, "%d", model->values[key]);
        (void)snprintf(want, sizeof want, "$%d\r\n%s\r\n", len, number);
        cr_assert(slice_eq(buffer_slice(&reply), slice_text(want)), "%s: %.*s, not %s", text,
                  (int)reply.len, (const char *)reply.data, want);
    }
    buffer_free(&reply);
    return hit;
}

/* Leadership is handed over, or just moves, for nothing is heard of who leads; those who were not
 * heard of come back. */
static void disturb(struct replica_cluster *cluster, struct model *model, struct random *random)
{
    uint32_t leader = latest_leader(cluster, model);
    for (uint32_t i = 0; i < cluster->count; i++) {
        if (random_below(random, 2) == 0) cluster->nodes[i].paused = cluster->nodes[i].mute = false;
    }
    if (leader == 0) return;
    uint64_t how = random_below(random, 4);
    if (how < 3) lane_hand_over(replica_lane(cluster, leader));
    if (how > 1) cluster->nodes[random_below(random, 3)].paused = true;
    if (how > 1) cluster->nodes[random_below(random, 3)].mute = true;
}

Test(replica_warm, a_read_is_a_miss_or_the_last_value)
{
    struct random random = {20};
    struct replica_cluster cluster;
    struct model model = {0};
    uint32_t hits = 0;
    (void)start(&cluster);
    for (int round = 0; round < ROUNDS; round++) {
        disturb(&cluster, &model, &random);
        for (int i = 0; i < CALLS_A_ROUND; i++) {
            hits += call_once(&cluster, &model, &random);
            uint64_t turns = random_below(&random, 20);
            for (uint64_t k = 0; k < (turns > 6 ? 0 : turns); k++) replica_cluster_turn(&cluster);
        }
    }
    uint64_t came = taken(&cluster, 1) + taken(&cluster, 2) + taken(&cluster, 3);
    cr_expect(hits > ROUNDS * 3 && came > ROUNDS, "%u hits, %u keys came", hits, (unsigned)came);
    replica_cluster_free(&cluster);
}

/* --- the codec -------------------------------------------------------------------------------- */

Test(warm_msg, is_read_as_it_was_written)
{
    static const struct {
        const char *why;
        struct warm_msg msg;
    } rows[] = {
        {"an ask", {WARM_MSG_ASK, 7, 0, false, {0}}},
        {"keys", {WARM_MSG_KEYS, 7, UINT64_MAX, false, SLICE("some bytes")}},
        {"the last, none", {WARM_MSG_KEYS, UINT64_MAX, 8, true, SLICE("")}},
        {"taken", {WARM_MSG_TAKEN, 1, 99, false, {0}}},
        {"enough", {WARM_MSG_ENOUGH, 3, 0, false, {0}}},
    };
    FOR_ROWS (row, rows) {
        struct buffer bytes = {0};
        struct warm_msg got;
        warm_msg_write(&row->msg, &bytes);
        cr_assert(warm_msg_read(buffer_slice(&bytes), &got), "%s", row->why);
        ROW_EQ(row, got.kind, row->msg.kind);
        ROW_EQ(row, got.term, row->msg.term);
        ROW_EQ(row, got.offset, row->msg.offset);
        ROW_EQ(row, got.last, row->msg.last);
        cr_expect(slice_eq(got.keys, row->msg.keys), "%s", row->why);
        size_t needed = bytes.len - row->msg.keys.len;
        for (size_t len = 0; len < needed; len++) {
            cr_expect(!warm_msg_read(slice_of(bytes.data, len), &got), "%s, cut", row->why);
        }
        buffer_append_byte(&bytes, 0);
        bool longer = warm_msg_read(buffer_slice(&bytes), &got);
        ROW_EQ(row, longer, row->msg.kind == WARM_MSG_KEYS);
        buffer_free(&bytes);
    }
}

Test(warm_msg, what_is_none_is_refused)
{
    struct warm_msg msg;
    cr_expect(!warm_msg_read(SLICE("\0\1\0\0\0\0\0\0\0"), &msg), "kind 0");
    cr_expect(!warm_msg_read(SLICE("\5\1\0\0\0\0\0\0\0"), &msg), "kind 5");
    cr_expect(!warm_msg_read(SLICE("\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"), &msg), "last is 2");
}
