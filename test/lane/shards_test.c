/*
 * shards_test.c -- many shards in one lane: each is a group of its own, and they share the log, the
 * snapshots' folder and the turn.
 */
#include <stdio.h>

#include "io/file.h"
#include "io/folder.h"
#include "lane/lane_impl.h"
#include "lane/replica_impl.h"
#include "lane/snapshot_format.h"
#include "test/lane/replica_fixture.h"
#include "test/rows.h"

enum { SHARDS = 5 };

static void make(struct replica_cluster *cluster, uint32_t nodes)
{
    replica_cluster_new(cluster, nodes);
    cluster->shards_count = SHARDS;
    replica_cluster_start_all(cluster);
}

/* Runs it on each shard's leader, with the shard's number as the first %u. */
static void run_on_all(struct replica_cluster *cluster, const char *format)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        char text[80];
        cluster->shard = (shard_id){i};
        (void)snprintf(text, sizeof text, format, i);
        (void)replica_run_soon(cluster, replica_cluster_lead(cluster), text);
    }
}

static bool all_even(struct replica_cluster *cluster)
{
    bool even = true;
    for (uint32_t i = 0; i < SHARDS; i++) {
        cluster->shard = (shard_id){i};
        even = even && replica_cluster_is_even(cluster);
    }
    return even;
}

static bool all_agreed(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) {
        const struct lane *lane = replica_lane(cluster, i);
        if (lane != NULL && !lane_is_agreed(lane)) return false;
    }
    return true;
}

static void expect_on(struct replica_cluster *cluster, uint32_t node, const char *why)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        char text[80], reply[80];
        cluster->shard = (shard_id){i};
        (void)snprintf(text, sizeof text, "GET key-%u", i);
        (void)snprintf(reply, sizeof reply, "$7\r\nvalue-%u\r\n", i);
        cr_expect(replica_says(cluster, node, text, reply), "%s: shard %u", why, i);
    }
}

Test(shards, each_has_its_own_keys_and_all_come_back_from_one_log)
{
    struct replica_cluster cluster;
    make(&cluster, 1);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    expect_on(&cluster, 1, "as written");
    replica_cluster_stop(&cluster, 1);
    replica_cluster_start(&cluster, 1);
    expect_on(&cluster, 1, "read again");
    cr_expect_eq(cluster.nodes[0].opened.keys_count, SHARDS);
    replica_cluster_free(&cluster);
}

static bool is_saved(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) {
        if (cluster->nodes[i - 1].lane == NULL) continue; /* it does not run */
        if (lane_saving(replica_lane(cluster, i)).active) return false;
    }
    return true;
}

Test(shards, a_snapshot_of_all_of_them_takes_the_place_of_the_log)
{
    struct replica_cluster cluster;
    struct fault fault;
    make(&cluster, 1);
    for (int i = 0; i < 200; i++) run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    struct lane *lane = replica_lane(&cluster, 1);
    cr_assert_eq(lane_save(lane, NULL, &fault), ERR_OK, "%s", fault.text);
    replica_cluster_until(&cluster, "the snapshots are written", is_saved);
    cr_expect(!lane_saving(lane).last_failed);
    cr_expect_eq(lane_saving(lane).changes_since, 0);
    replica_cluster_stop(&cluster, 1);
    replica_cluster_start(&cluster, 1);
    cr_expect_lt(cluster.nodes[0].opened.replayed_count, 2 * SHARDS);
    expect_on(&cluster, 1, "from snapshots");
    replica_cluster_free(&cluster);
}

static void save_all(struct replica_cluster *cluster)
{
    struct fault fault;
    for (uint32_t i = 1; i <= cluster->count; i++) {
        if (cluster->nodes[i - 1].lane == NULL) continue;
        cr_assert_eq(lane_save(replica_lane(cluster, i), NULL, &fault), ERR_OK, "%s", fault.text);
    }
    replica_cluster_until(cluster, "the snapshots are written", is_saved);
    cr_expect(!lane_saving(replica_lane(cluster, 1)).last_failed);
}

/* A snapshot under way is a mark on each shard that it has begun with. */
static uint32_t count_saved(struct replica_cluster *cluster)
{
    struct fault fault;
    uint32_t count = 0;
    bool was_active[SHARDS] = {0};
    struct lane *lane = replica_lane(cluster, 1);
    cr_assert_eq(lane_save(lane, NULL, &fault), ERR_OK, "%s", fault.text);
    for (int turn = 0; turn < 10000 && lane_saving(lane).active; turn++) {
        for (uint32_t i = 0; i < SHARDS; i++)
            was_active[i] |= shard_saving(lane_shard(lane, (shard_id){i})).active;
        replica_cluster_turn(cluster);
    }
    for (uint32_t i = 0; i < SHARDS; i++) count += was_active[i];
    cr_expect(!lane_saving(lane).last_failed);
    return count;
}

Test(shards, only_those_that_have_changed_are_saved_again)
{
    struct replica_cluster cluster;
    make(&cluster, 1);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    save_all(&cluster);
    cr_expect_eq(count_saved(&cluster), 0, "nothing has happened since");
    cluster.shard = (shard_id){1};
    (void)replica_run_soon(&cluster, 1, "SET more 1");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    cr_expect_eq(count_saved(&cluster), 1, "the one that was written to");
    replica_cluster_stop(&cluster, 1);
    replica_cluster_start(&cluster, 1);
    expect_on(&cluster, 1, "from snapshots of two times");
    cluster.shard = (shard_id){1};
    cr_expect(replica_says(&cluster, 1, "GET more", "$1\r\n1\r\n"));
    replica_cluster_free(&cluster);
}

/* Groups of one: what a reply waits for is a place in the lane's log, and it is durable there. */
Test(shards, a_gate_of_a_group_of_one_is_a_place_in_the_log_of_all)
{
    struct replica_cluster cluster;
    uint64_t last = 0;
    make(&cluster, 1);
    run_on_all(&cluster, "SET key-%1$u 0");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    struct lane *lane = replica_lane(&cluster, 1);
    for (uint32_t i = 0; i < SHARDS; i++) {
        cluster.shard = (shard_id){i};
        uint64_t gate = replica_run_soon(&cluster, 1, "INCR n");
        uint64_t position = 0;
        cr_expect(!shard_is_open(lane_shard(lane, cluster.shard), gate, &position));
        cr_expect_gt(position, last, "in the order of their running");
        cr_expect_eq(position, log_last(lane->log));
        last = position;
    }
    cr_expect_lt(lane_durable(lane), last);
    cr_expect_lt(shard_agreed(lane_shard(lane, (shard_id){0})),
                 shard_last(lane_shard(lane, (shard_id){0})), "not on disk yet");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    cr_expect_eq(lane_durable(lane), log_last(lane->log));
    for (uint32_t i = 0; i < SHARDS; i++) {
        const struct shard *shard = lane_shard(lane, (shard_id){i});
        cr_expect_eq(shard_agreed(shard), shard_last(shard));
    }
    replica_cluster_free(&cluster);
}

Test(shards, what_is_written_on_their_leaders_is_on_all_nodes)
{
    struct replica_cluster cluster;
    make(&cluster, 3);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_until(&cluster, "all are even", all_even);
    for (uint32_t i = 1; i <= 3; i++) expect_on(&cluster, i, "on every node");
    replica_cluster_free(&cluster);
}

Test(shards, a_node_that_comes_back_catches_up_in_every_shard)
{
    struct replica_cluster cluster;
    make(&cluster, 3);
    run_on_all(&cluster, "SET key-%1$u old-%1$u");
    replica_cluster_until(&cluster, "all are even", all_even);
    replica_cluster_stop(&cluster, 2);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_start(&cluster, 2);
    replica_cluster_until(&cluster, "all are even again", all_even);
    expect_on(&cluster, 2, "on the one that was away");
    replica_cluster_free(&cluster);
}

Test(shards, a_node_that_lost_its_folder_is_filled_in_every_shard)
{
    struct replica_cluster cluster;
    make(&cluster, 3);
    for (int i = 0; i < 300; i++) run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_until(&cluster, "all are even", all_even);
    replica_cluster_stop(&cluster, 3);
    folder_remove_tree(cluster.nodes[2].folder);
    struct fault fault;
    cr_assert_eq(folder_create(cluster.nodes[2].folder, &fault), ERR_OK, "%s", fault.text);
    for (int i = 0; i < 300; i++) run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_start(&cluster, 3);
    replica_cluster_until(&cluster, "all are even again", all_even);
    expect_on(&cluster, 3, "on the one that was empty");
    replica_cluster_free(&cluster);
}

static void write_much(struct replica_cluster *cluster, uint32_t keys)
{
    enum { VALUE_BYTES = 8000 };
    static char text[VALUE_BYTES + 40];
    for (uint32_t i = 0; i < keys; i++) {
        int len = snprintf(text, sizeof text, "SET much:%u ", i);
        memset(text + len, 'x', VALUE_BYTES);
        text[len + VALUE_BYTES] = '\0';
        (void)replica_run_soon(cluster, replica_cluster_lead(cluster), text);
    }
}

Test(shards, one_that_is_filled_does_not_hold_up_another)
{
    enum { KEYS = 600, TURNS_MAX = 200000 };
    struct replica_cluster cluster;
    struct fault fault;
    uint64_t turn = 0;
    uint32_t slices = 0, answers = 0;
    make(&cluster, 3);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_stop(&cluster, 3);
    folder_remove_tree(cluster.nodes[2].folder);
    cr_assert_eq(folder_create(cluster.nodes[2].folder, &fault), ERR_OK, "%s", fault.text);
    cluster.shard = (shard_id){1};
    write_much(&cluster, KEYS);
    replica_cluster_until(&cluster, "both have it", replica_cluster_is_even);
    save_all(&cluster); /* it is not sent from the log */
    replica_cluster_start(&cluster, 3);
    for (uint32_t i = 0; i < TURNS_MAX && turn == 0; i++) {
        replica_cluster_turn(&cluster);
        const struct lane *lane = replica_lane(&cluster, 3);
        const struct replica *replica = lane_shard(lane, (shard_id){1})->replica;
        bool loads = replica->install.stage == INSTALL_LOAD;
        slices += loads;
        cluster.shard = (shard_id){2};
        answers += loads && replica_says(&cluster, 3, "GET key-2", "$7\r\nvalue-2\r\n");
        cr_expect(!loads || store_count(lane_shard(lane, (shard_id){1})->store, 0) == 0,
                  "nobody sees half of it");
        cluster.shard = (shard_id){1};
        if (raft_stats(replica->raft)->snapshots_received > 0) turn = lane->turn;
    }
    cr_expect_geq(slices, 5, "it takes several turns");
    cr_expect_gt(answers, 0, "another shard answers meanwhile");
    replica_cluster_until(&cluster, "all are even", all_even);
    replica_cluster_free(&cluster);
}

Test(shards, one_without_a_leader_does_not_hold_up_another)
{
    struct replica_cluster cluster;
    make(&cluster, 3);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    cluster.shard = (shard_id){1};
    uint32_t leader = replica_cluster_lead(&cluster);
    struct shard *shard = lane_shard(replica_lane(&cluster, leader), cluster.shard);
    uint64_t gate = replica_run_soon(&cluster, leader, "SET a b");
    shard_hand_over(lane_shard(replica_lane(&cluster, leader), (shard_id){2}), NODE_NONE);
    for (int i = 0; i < 200 && shard_agreed(shard) < gate; i++) replica_cluster_turn(&cluster);
    cr_expect(shard_agreed(shard) >= gate, "agreed on while the neighbour changes its leader");
    cr_expect(shard_is_leader(shard));
    replica_cluster_free(&cluster);
}

/* --- opened and dropped while running --------------------------------------------------------- */

static struct shard *shard_at(struct replica_cluster *cluster, uint32_t node, uint32_t number)
{
    return lane_shard(replica_lane(cluster, node), (shard_id){number});
}

static void drop(struct replica_cluster *cluster, uint32_t node, shard_id number)
{
    struct fault fault;
    enum err err = ERR_CANCELLED;
    for (int i = 0; i < 1000 && err == ERR_CANCELLED; i++) {
        err = lane_drop_shard(replica_lane(cluster, node), number, &fault);
        replica_cluster_turn(cluster);
    }
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
}

static void open(struct replica_cluster *cluster, uint32_t node, shard_id number,
                 const node_id *members, uint32_t count)
{
    struct fault fault;
    enum err err = ERR_CANCELLED;
    for (int i = 0; i < 1000 && err == ERR_CANCELLED; i++) {
        err = lane_open_shard(replica_lane(cluster, node), number, members, count, &fault);
        replica_cluster_turn(cluster);
    }
    cr_assert_eq(err, ERR_OK, "%s", fault.text);
}

static bool may_write_it(struct replica_cluster *cluster)
{
    return raft_may_propose(shard_raft(lane_shard(replica_lane(cluster, 1), cluster->shard)));
}

/* Whoever looks at those that had a turn does not meet one that is no more. */
static void expect_no_trace_of(struct lane *lane, uint32_t number)
{
    const struct shard *shard;
    uint32_t seen = 0;
    for (; (shard = lane_take_turned(lane)) != NULL; seen++) {
        cr_assert(shard == lane_shard(lane, shard_number(shard)), "shard %u", number);
    }
    cr_expect_eq(seen, SHARDS - 1, "all others have had a turn");
}

/* As a try does that failed half-way. */
static void leave_partial(const struct replica_cluster *cluster, uint32_t node, shard_id shard)
{
    char path[SNAPSHOT_PATH_MAX];
    snapshot_path(path, cluster->nodes[node - 1].folder, shard, 0, SNAPSHOT_PARTIAL);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fclose(file), 0);
}

Test(shards, one_that_was_dropped_and_comes_back_has_nothing_of_its_earlier_life)
{
    struct replica_cluster cluster;
    const node_id self = {1};
    make(&cluster, 1);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    drop(&cluster, 1, (shard_id){2});
    cr_expect(shard_at(&cluster, 1, 2) == NULL);
    expect_no_trace_of(replica_lane(&cluster, 1), 2);
    leave_partial(&cluster, 1, (shard_id){2});
    open(&cluster, 1, (shard_id){2}, &self, 1);
    cluster.shard = (shard_id){2};
    replica_cluster_until(&cluster, "its vote is on disk", may_write_it);
    cr_expect(replica_says(&cluster, 1, "GET key-2", "$-1\r\n"));
    (void)replica_run_soon(&cluster, 1, "SET key-2 value-2");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    replica_cluster_stop(&cluster, 1);
    replica_cluster_start(&cluster, 1);
    expect_on(&cluster, 1, "after a start");
    replica_cluster_free(&cluster);
}

Test(shards, the_root_group_is_opened_beside_them_and_comes_back)
{
    struct replica_cluster cluster;
    const node_id self = {1};
    make(&cluster, 1);
    open(&cluster, 1, SHARD_ROOT, &self, 1);
    cluster.shard = SHARD_ROOT;
    replica_cluster_until(&cluster, "its vote is on disk", may_write_it);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    cluster.shard = SHARD_ROOT;
    (void)replica_run_soon(&cluster, 1, "SET registry here");
    replica_cluster_until(&cluster, "all is durable", all_agreed);
    replica_cluster_stop(&cluster, 1);
    replica_cluster_start(&cluster, 1);
    expect_on(&cluster, 1, "after a start");
    cluster.shard = SHARD_ROOT;
    cr_expect(replica_says(&cluster, 1, "GET registry", "$4\r\nhere\r\n"));
    replica_cluster_free(&cluster);
}

static bool shard_3_has_two_members(struct replica_cluster *cluster)
{
    cluster->shard = (shard_id){3};
    uint32_t leader = replica_cluster_leader(cluster);
    if (leader == 0) return false;
    const struct raft *raft = shard_raft(shard_at(cluster, leader, 3));
    return raft_may_change_members(raft) && raft_members(raft)->count == 2;
}

/* Who was filled is told a little later that it is whole. */
static bool shard_3_is_even_and_whole(struct replica_cluster *cluster)
{
    bool whole = true;
    cluster->shard = (shard_id){3};
    for (uint32_t i = 1; i <= cluster->count; i++)
        whole = whole && !shard_is_recovering(shard_at(cluster, i, 3));
    return whole && replica_cluster_is_even(cluster);
}

Test(shards, one_that_is_opened_without_members_is_filled_by_its_leader)
{
    struct replica_cluster cluster;
    struct fault fault;
    make(&cluster, 3);
    run_on_all(&cluster, "SET key-%1$u value-%1$u");
    replica_cluster_until(&cluster, "all are even", all_even);
    cluster.shard = (shard_id){3};
    uint32_t leader = replica_cluster_lead(&cluster), other = leader % 3 + 1;
    const node_id two[] = {{leader}, {(leader + 1) % 3 + 1}};
    cr_assert_eq(shard_change_members(shard_at(&cluster, leader, 3), two, 2, &fault), ERR_OK, "%s",
                 fault.text);
    replica_cluster_until(&cluster, "two are its members", shard_3_has_two_members);
    drop(&cluster, other, (shard_id){3});
    for (int i = 0; i < 300; i++) replica_cluster_turn(&cluster);
    open(&cluster, other, (shard_id){3}, NULL, 0);
    for (int i = 0; i < 300; i++) replica_cluster_turn(&cluster);
    cr_expect(shard_is_recovering(shard_at(&cluster, other, 3)), "it waits");
    const node_id three[] = {{1}, {2}, {3}};
    leader = replica_cluster_lead(&cluster);
    cr_assert_eq(shard_change_members(shard_at(&cluster, leader, 3), three, 3, &fault), ERR_OK,
                 "%s", fault.text);
    replica_cluster_until(&cluster, "it is filled", shard_3_is_even_and_whole);
    expect_on(&cluster, other, "on the one that came back");
    replica_cluster_free(&cluster);
}

/* --- folders of before lanes had many shards -------------------------------------------------- */

static uint32_t snapshots_in(const char *folder)
{
    struct arena *arena = arena_new();
    struct folder_files files = {0};
    struct fault fault;
    uint32_t count = 0;
    cr_assert_eq(folder_walk(folder, arena, NULL, &files, &fault), ERR_OK);
    for (uint32_t i = 0; i < files.count; i++) {
        struct slice path = files.files[i].path;
        count += memmem(path.data, path.len, "snapshot-", 9) != NULL;
    }
    folder_files_free(&files);
    arena_free(arena);
    return count;
}

/* Its one shard was in the log alone: what is said of it now must not hide any of that. */
Test(shards, an_older_folder_is_renewed_and_keeps_what_is_in_its_log)
{
    enum { SEED = 5, TWICE = 2 };
    struct replica_cluster cluster;
    const node_id self = {1};
    struct fault fault;
    replica_cluster_new(&cluster, 1);
    cluster.shards_count = 1;
    replica_cluster_start_all(&cluster);
    (void)replica_run_soon(&cluster, 1, "SET old 1");
    replica_cluster_until(&cluster, "it is durable", all_agreed);
    replica_cluster_stop(&cluster, 1);
    const char *folder = cluster.nodes[0].folder;
    cr_assert_eq(snapshots_in(folder), 0u, "as it was then");
    for (int i = 0; i < TWICE; i++) {
        cr_assert_eq(lane_renew_folder(folder, (shard_id){0}, 1, SEED, &self, 1, &fault), ERR_OK,
                     "%s", fault.text);
        cr_expect_eq(snapshots_in(folder), 1u, "the shard is said to be here, once");
    }
    replica_cluster_start(&cluster, 1);
    cr_expect(replica_says(&cluster, 1, "GET old", "$1\r\n1\r\n"));
    (void)replica_run_soon(&cluster, 1, "SET new 2");
    replica_cluster_until(&cluster, "it is durable", all_agreed);
    replica_cluster_stop(&cluster, 1);
    cr_assert_eq(lane_renew_folder(folder, (shard_id){0}, 1, SEED, &self, 1, &fault), ERR_OK);
    replica_cluster_start(&cluster, 1);
    cr_expect(replica_says(&cluster, 1, "MGET old new", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"));
    replica_cluster_free(&cluster);
}
