/*
 * replica_test.c -- lanes of three nodes, in one process: what is agreed on is on all of them, and
 * what is not is gone, whoever stops and whatever is lost.
 */
#include <stdio.h>

#include "io/file.h"
#include "io/folder.h"
#include "test/lane/replica_fixture.h"
#include "test/rows.h"

enum { IDLE_TURNS = 200 };

static uint32_t start(struct replica_cluster *cluster)
{
    replica_cluster_new(cluster, 3);
    replica_cluster_start_all(cluster);
    return replica_cluster_lead(cluster);
}

static uint32_t another(uint32_t number)
{
    return number % 3 + 1;
}

static void expect_same_data(struct replica_cluster *cluster)
{
    uint8_t first[20], digest[20];
    replica_cluster_until(cluster, "all have all", replica_cluster_is_even);
    store_digest(shard_store(lane_only(replica_lane(cluster, 1))), first);
    for (uint32_t i = 2; i <= cluster->count; i++) {
        store_digest(shard_store(lane_only(replica_lane(cluster, i))), digest);
        cr_expect(memcmp(first, digest, sizeof first) == 0, "node %u differs", i);
        store_check(shard_store(lane_only(replica_lane(cluster, i))));
    }
}

static void fill(struct replica_cluster *cluster, uint32_t leader, int keys)
{
    char text[256];
    for (int i = 0; i < keys; i++) {
        (void)snprintf(text, sizeof text, "SET key:%d %0200d", i, i);
        (void)replica_run_soon(cluster, leader, text);
        if (i % 10 == 0) replica_cluster_turn(cluster);
    }
    replica_cluster_until(cluster, "they are agreed on", replica_cluster_is_even);
}

Test(replica, what_is_written_on_the_leader_is_on_all)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    uint64_t gate = replica_run_soon(&cluster, leader, "SET a 1");
    cr_expect(shard_agreed(lane_only(replica_lane(&cluster, leader))) < gate,
              "not before others have it");
    replica_cluster_until(&cluster, "all have it", replica_cluster_is_even);
    cr_expect(shard_agreed(lane_only(replica_lane(&cluster, leader))) >= gate);
    for (uint32_t i = 1; i <= 3; i++) cr_expect(replica_says(&cluster, i, "GET a", "$1\r\n1\r\n"));
    expect_same_data(&cluster);
    replica_cluster_free(&cluster);
}

Test(replica, calls_are_sent_where_they_may_run)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    replica_cluster_until(&cluster, "all know", replica_cluster_is_even);
    struct slice words[] = {SLICE("GET"), SLICE("a")};
    struct call get = {
        .command = command_find(cluster.commands, words, 2, NULL), .argv = words, .argc = 2};
    struct lane *follower = replica_lane(&cluster, another(leader));
    uint64_t round = 0;
    cr_expect_eq(shard_way_of_write(lane_only(follower)), SHARD_AT_LEADER);
    cr_expect_eq(shard_leader(lane_only(follower)).n, leader);
    cr_expect_eq(shard_way(lane_only(follower), &get, true, &round), SHARD_HERE, "stale");
    cr_expect_eq(shard_way(lane_only(follower), &get, false, &round), SHARD_WAIT);
    cr_expect(round != 0);
    enum shard_way way = SHARD_WAIT;
    for (int i = 0; i < 1000 && way == SHARD_WAIT; i++) {
        replica_cluster_turn(&cluster);
        way = shard_way(lane_only(follower), &get, false, &round);
    }
    cr_expect_eq(way, SHARD_HERE, "a round was confirmed");
    cr_expect_eq(round, 0);
    cr_expect_eq(shard_way(lane_only(replica_lane(&cluster, leader)), &get, false, &round),
                 SHARD_HERE);
    replica_cluster_free(&cluster);
}

/* The follower's time is the log's, which stands still while nothing is written. */
Test(replica, whether_a_key_is_over_is_asked_of_who_leads)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    replica_cluster_until(&cluster, "all know", replica_cluster_is_even);
    struct shard *shard = lane_only(replica_lane(&cluster, another(leader)));
    struct slice words[] = {SLICE("GET"), SLICE("over")};
    struct call get = {
        .command = command_find(cluster.commands, words, 2, NULL), .argv = words, .argc = 2};
    int64_t expiry_ms = io_unix_ms(cluster.nodes[another(leader) - 1].io);
    uint64_t round = 0;
    cr_assert(store_now_ms(shard_store(shard)) < expiry_ms);
    store_set_string(shard_store(shard), 0, words[1], SLICE("1"), expiry_ms);
    cr_expect_eq(shard_way(shard, &get, true, &round), SHARD_HERE, "stale");
    cr_expect_eq(shard_way(shard, &get, false, &round), SHARD_AT_LEADER);
    store_set_string(shard_store(shard), 0, words[1], SLICE("1"), expiry_ms + 1000000);
    cr_expect_eq(shard_way(shard, &get, false, &round), SHARD_WAIT, "not over yet: as any read");
    replica_cluster_free(&cluster);
}

static uint32_t muted;
static bool muted_is_durable(struct replica_cluster *cluster)
{
    struct shard_replication told = replica_told(cluster, muted);
    return told.durable == told.last;
}

/* A leader whose last write nobody else has is paused, and finds another one when it goes on. */
static uint32_t depose(struct replica_cluster *cluster, uint32_t leader)
{
    muted = leader;
    cluster->nodes[leader - 1].mute = true;
    (void)replica_run_soon(cluster, leader, "SET lost 1");
    for (uint32_t i = 1; i <= 3; i++) cluster->nodes[i - 1].paused = i != leader;
    replica_cluster_until(cluster, "it is on its disk", muted_is_durable);
    for (uint32_t i = 1; i <= 3; i++) cluster->nodes[i - 1].paused = i == leader;
    uint32_t next = replica_cluster_lead(cluster);
    (void)replica_run_soon(cluster, next, "SET kept 1");
    replica_cluster_until(cluster, "it is agreed on", replica_cluster_is_even);
    return next;
}

Test(replica, what_a_deposed_leader_has_alone_is_gone)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    bool for_good;
    uint64_t from;
    fill(&cluster, leader, 5);
    (void)depose(&cluster, leader);
    struct lane *lane = replica_lane(&cluster, leader);
    cr_expect_eq(shard_losses(lane_only(lane), &from, &for_good), 0);
    uint64_t last = shard_last(lane_only(lane));
    cluster.nodes[leader - 1].paused = cluster.nodes[leader - 1].mute = false;
    expect_same_data(&cluster);
    cr_expect_eq(shard_depositions(lane_only(lane)), 1);
    cr_expect_eq(shard_losses(lane_only(lane), &from, &for_good), 1);
    cr_expect_eq(from, last, "the one entry");
    cr_expect_eq(replica_told(&cluster, leader).reloads, 1);
    cr_expect(replica_says(&cluster, leader, "GET lost", "$-1\r\n"));
    cr_expect(replica_says(&cluster, leader, "GET kept", "$1\r\n1\r\n"));
    replica_cluster_free(&cluster);
}

Test(replica, entries_that_were_replaced_stay_so_after_a_start)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader, 5);
    uint32_t next = depose(&cluster, leader);
    cluster.nodes[leader - 1].paused = cluster.nodes[leader - 1].mute = false;
    replica_cluster_until(&cluster, "all have all", replica_cluster_is_even);
    uint64_t term = replica_told(&cluster, leader).term;
    replica_cluster_stop(&cluster, leader);
    replica_cluster_start(&cluster, leader);
    cr_expect_geq(replica_told(&cluster, leader).term, term, "it is not forgotten");
    cr_expect(replica_says(&cluster, leader, "GET lost", "$-1\r\n"));
    (void)replica_run_soon(&cluster, next, "SET more 1");
    expect_same_data(&cluster);
    cr_expect_eq(replica_told(&cluster, leader).reloads, 0);
    replica_cluster_free(&cluster);
}

static enum shard_way way_of_stale_read(struct replica_cluster *cluster, uint32_t number)
{
    struct slice words[] = {SLICE("GET"), SLICE("lost")};
    struct call get = {
        .command = command_find(cluster->commands, words, 2, NULL), .argv = words, .argc = 2};
    uint64_t round = 0;
    return shard_way(lane_only(replica_lane(cluster, number)), &get, true, &round);
}

/* Not even to who does not mind that it is old. */
Test(replica, what_may_be_taken_away_again_is_shown_to_nobody)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader, 5);
    (void)depose(&cluster, leader);
    replica_cluster_stop(&cluster, leader);
    replica_cluster_start(&cluster, leader);
    cr_expect_eq(way_of_stale_read(&cluster, leader), SHARD_WAIT);
    expect_same_data(&cluster);
    cr_expect_eq(way_of_stale_read(&cluster, leader), SHARD_HERE);
    replica_cluster_free(&cluster);
}

static uint32_t alone;
static bool alone_has_all_on_disk(struct replica_cluster *cluster)
{
    struct shard_replication told = replica_told(cluster, alone);
    return told.durable == told.last;
}

Test(replica, who_comes_back_alone_shows_what_was_agreed_on)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader, 5);
    alone = another(leader);
    replica_cluster_until(&cluster, "all is on its disk", alone_has_all_on_disk);
    for (int i = 0; i < 200; i++) replica_cluster_turn(&cluster); /* idle, it notes the commit */
    for (uint32_t i = 1; i <= 3; i++) replica_cluster_stop(&cluster, i);
    replica_cluster_start(&cluster, alone);
    cr_expect_eq(replica_told(&cluster, alone).commit, replica_told(&cluster, alone).last);
    cr_expect_eq(way_of_stale_read(&cluster, alone), SHARD_HERE);
    replica_cluster_free(&cluster);
}

/* The leader dies with an entry that nobody has, and comes back. */
Test(replica, a_log_that_goes_further_than_what_was_agreed_on_is_cut)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader, 5);
    (void)depose(&cluster, leader);
    replica_cluster_stop(&cluster, leader);
    replica_cluster_start(&cluster, leader);
    cr_expect(replica_says(&cluster, leader, "GET lost", "$1\r\n1\r\n"), "not known yet");
    expect_same_data(&cluster);
    cr_expect_eq(replica_told(&cluster, leader).reloads, 1);
    cr_expect(replica_says(&cluster, leader, "GET lost", "$-1\r\n"));
    replica_cluster_free(&cluster);
}

Test(replica, who_is_behind_the_log_in_memory_gets_a_snapshot)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    uint32_t late = another(leader);
    replica_cluster_until(&cluster, "all know", replica_cluster_is_even);
    replica_cluster_stop(&cluster, late);
    fill(&cluster, leader, 600);
    replica_cluster_start(&cluster, late);
    expect_same_data(&cluster);
    /* More than one, where the log in memory went on past the first while that was on its way. */
    cr_expect_geq(replica_told(&cluster, late).snapshots_received, 1);
    uint64_t term = replica_told(&cluster, late).term;
    replica_cluster_stop(&cluster, late);
    replica_cluster_start(&cluster, late);
    cr_expect_geq(replica_told(&cluster, late).term, term);
    cr_expect(replica_says(&cluster, late, "DBSIZE", ":600\r\n"));
    expect_same_data(&cluster);
    replica_cluster_free(&cluster);
}

static void lose(struct replica_node *node)
{
    folder_remove_tree(node->folder);
    struct fault fault;
    cr_assert_eq(folder_create(node->folder, &fault), ERR_OK);
}

/* Change a byte of the log where it has this text. */
static bool flip_in(const char *path, const char *text)
{
    static uint8_t bytes[1 << 20];
    struct fault fault;
    struct file file;
    size_t got;
    cr_assert_eq(file_open_read(path, &file, &fault), ERR_OK);
    cr_assert_eq(file_read_at(&file, 0, bytes, sizeof bytes, &got, &fault), ERR_OK);
    file_close(&file);
    uint8_t *at = memmem(bytes, got, text, strlen(text));
    if (at == NULL) return false;
    *at ^= 1;
    file_remove(path);
    cr_assert_eq(file_create(path, &file, &fault), ERR_OK);
    cr_assert_eq(file_write(&file, slice_of(bytes, got), &fault), ERR_OK);
    file_close(&file);
    return true;
}

static void flip(struct replica_node *node, const char *text)
{
    struct folder_files files = {0};
    struct arena *arena = arena_new();
    struct fault fault;
    bool found = false;
    cr_assert_eq(folder_walk(node->folder, arena, NULL, &files, &fault), ERR_OK);
    for (uint32_t i = 0; i < files.count && !found; i++) {
        found = flip_in((const char *)files.files[i].path.data, text);
    }
    cr_assert(found);
    folder_files_free(&files);
    arena_free(arena);
}

static void flip_first(struct replica_node *node)
{
    flip(node, "key:0");
}

static void flip_last(struct replica_node *node)
{
    flip(node, "key:49");
}

static bool nobody_recovers(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) {
        if (strcmp(replica_told(cluster, i).role, "recovering") == 0) return false;
    }
    return true;
}

static bool first_two_meet(struct replica_cluster *cluster)
{
    return replica_told(cluster, 1).peers[0].is_up && replica_told(cluster, 2).peers[0].is_up;
}

/* One who is away may have what another has lost. */
Test(replica, a_group_begins_when_all_have_been_heard)
{
    struct replica_cluster cluster;
    replica_cluster_new(&cluster, 3);
    replica_cluster_start(&cluster, 1);
    replica_cluster_start(&cluster, 2);
    replica_cluster_until(&cluster, "two of three meet", first_two_meet);
    for (int i = 0; i < IDLE_TURNS; i++) replica_cluster_turn(&cluster);
    for (uint32_t i = 1; i <= 2; i++) {
        cr_expect_str_eq(replica_told(&cluster, i).role, "recovering", "node %u", i);
    }
    replica_cluster_start(&cluster, 3);
    (void)replica_cluster_lead(&cluster);
    replica_cluster_until(&cluster, "all count", nobody_recovers);
    replica_cluster_free(&cluster);
}

static const struct {
    const char *why;
    void (*harm)(struct replica_node *node);
    uint64_t repairs;
} harms[] = {
    {"an empty folder is one that may have been lost", lose, 0},
    {"a flipped bit is found, and the files kept aside", flip_first, 1},
    {"in what was written last, too: a mark is behind it", flip_last, 1},
};

Test(replica, a_folder_that_is_lost_or_damaged_is_filled_again)
{
    FOR_ROWS (row, harms) {
        struct replica_cluster cluster;
        uint32_t leader = start(&cluster), harmed = another(leader);
        fill(&cluster, leader, 50);
        for (int i = 0; i < IDLE_TURNS; i++) replica_cluster_turn(&cluster);
        replica_cluster_stop(&cluster, harmed);
        row->harm(&cluster.nodes[harmed - 1]);
        replica_cluster_start(&cluster, harmed);
        cr_expect_str_eq(replica_told(&cluster, harmed).role, "recovering", "%s", row->why);
        ROW_EQ(row, replica_told(&cluster, harmed).repairs, row->repairs);
        ROW_EQ(row, cluster.nodes[harmed - 1].opened.set_aside[0] != '\0', row->repairs == 1);
        (void)replica_run_soon(&cluster, leader, "SET after 1");
        expect_same_data(&cluster);
        replica_cluster_until(&cluster, row->why, nobody_recovers);
        expect_same_data(&cluster);
        replica_cluster_free(&cluster);
    }
}

Test(replica, term_and_vote_outlive_the_segments_they_were_in)
{
    struct replica_cluster cluster;
    struct fault fault;
    uint32_t leader = start(&cluster);
    fill(&cluster, leader, 600);
    uint64_t term = replica_told(&cluster, leader).term;
    struct lane *lane = replica_lane(&cluster, leader);
    uint64_t bytes = lane_log_bytes(lane);
    cr_assert_eq(lane_save(lane, NULL, &fault), ERR_OK, "%s", fault.text);
    for (int i = 0; i < 10000 && lane_saving(lane).active; i++) replica_cluster_turn(&cluster);
    cr_expect(!lane_saving(lane).last_failed);
    cr_expect_lt(lane_log_bytes(lane), bytes);
    replica_cluster_stop(&cluster, leader);
    replica_cluster_start(&cluster, leader);
    cr_expect_eq(replica_told(&cluster, leader).term, term);
    cr_expect_lt(cluster.nodes[leader - 1].opened.replayed_count, 5);
    expect_same_data(&cluster);
    replica_cluster_free(&cluster);
}

/* Whoever leads later, whatever its clock says, does not show again what was seen to be over. */
Test(replica, who_is_shown_that_a_key_is_over_waits_until_all_know)
{
    struct replica_cluster cluster;
    struct buffer reply = {0};
    uint32_t leader = start(&cluster);
    (void)replica_run_soon(&cluster, leader, "SET a 1 PX 1");
    uint64_t before = shard_last(lane_only(replica_lane(&cluster, leader))), gate = 0;
    store_set_active_expire(shard_store(lane_only(replica_lane(&cluster, leader))), false);
    for (int i = 0; i < 10000 && !slice_eq(buffer_slice(&reply), SLICE("$-1\r\n")); i++) {
        replica_cluster_turn(&cluster);
        gate = replica_run(&cluster, leader, "GET a", &reply);
    }
    cr_expect_eq(shard_last(lane_only(replica_lane(&cluster, leader))), before + 1,
                 "a record of the time");
    cr_expect_eq(gate, before + 1);
    expect_same_data(&cluster);
    for (uint32_t i = 1; i <= 3; i++) cr_expect(replica_says(&cluster, i, "GET a", "$-1\r\n"));
    buffer_free(&reply);
    replica_cluster_free(&cluster);
}

Test(replica, keys_of_a_cache_are_the_leaders_alone)
{
    struct replica_cluster cluster;
    uint32_t leader = start(&cluster);
    (void)replica_run_soon(&cluster, leader, "POLICY SET c: MODE cache");
    expect_same_data(&cluster);
    (void)replica_run_soon(&cluster, leader, "SET c:a 1");
    cr_expect(replica_says(&cluster, leader, "GET c:a", "$1\r\n1\r\n"));
    cr_expect(replica_says(&cluster, another(leader), "GET c:a", "$-1\r\n"));
    (void)depose(&cluster, leader);
    cluster.nodes[leader - 1].paused = cluster.nodes[leader - 1].mute = false;
    expect_same_data(&cluster);
    cr_expect(replica_says(&cluster, leader, "GET c:a", "$-1\r\n"), "of an earlier time");
    replica_cluster_free(&cluster);
}

static uint32_t leader_before;
static bool leadership_moved(struct replica_cluster *cluster)
{
    uint32_t leader = replica_cluster_leader(cluster);
    return leader != 0 && leader != leader_before;
}

Test(replica, leadership_is_handed_over)
{
    struct replica_cluster cluster;
    leader_before = start(&cluster);
    replica_cluster_until(&cluster, "all know", replica_cluster_is_even);
    (void)replica_run_soon(&cluster, leader_before, "SET a 1");
    lane_hand_over(replica_lane(&cluster, leader_before));
    replica_cluster_until(&cluster, "another leads", leadership_moved);
    expect_same_data(&cluster);
    cr_expect(replica_says(&cluster, leader_before, "GET a", "$1\r\n1\r\n"));
    replica_cluster_free(&cluster);
}

/* --- solo ------------------------------------------------------------------------------------- */

static bool is_agreed(struct replica_cluster *cluster)
{
    struct lane *lane = replica_lane(cluster, 1);
    return shard_agreed(lane_only(lane)) >= shard_last(lane_only(lane));
}

Test(replica, a_solo_lane_is_a_group_of_one)
{
    struct replica_cluster cluster;
    replica_cluster_new(&cluster, 1);
    for (int round = 0; round < 3; round++) {
        replica_cluster_start(&cluster, 1);
        cr_expect_eq(shard_way_of_write(lane_only(replica_lane(&cluster, 1))), SHARD_HERE);
        uint64_t gate = replica_run_soon(&cluster, 1, "INCR a");
        cr_expect(shard_agreed(lane_only(replica_lane(&cluster, 1))) < gate);
        replica_cluster_until(&cluster, "it is on disk", is_agreed);
        replica_cluster_stop(&cluster, 1);
    }
    replica_cluster_start(&cluster, 1);
    cr_expect(replica_says(&cluster, 1, "GET a", "$1\r\n3\r\n"));
    cr_expect(is_agreed(&cluster), "what was on disk is");
    replica_cluster_free(&cluster);
}
