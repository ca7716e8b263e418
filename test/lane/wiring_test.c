/* wiring_test.c -- three nodes form a cluster, know who leads, and make shards as they shall be. */
#include "lane/keeper.h"
#include "lane/moves.h"
#include "lane/root.h"
#include "lane/wiring.h"
#include "test/lane/wiring_fixture.h"
#include "test/rows.h"

enum { SHARDS = WIRING_SHARDS };

/* Each shard is led by whom the registry prefers, and its members are as they shall be. */
static bool is_as_desired(struct replica_cluster *cluster)
{
    if (!wiring_all_know(cluster)) return false;
    const struct registry *registry = map_registry(wiring_map_of(cluster, 1));
    for (uint32_t i = 0; i < SHARDS; i++) {
        const struct registry_shard *place = registry_shard(registry, (shard_id){i});
        node_id leader = map_leader(wiring_map_of(cluster, 1), (shard_id){i});
        if (place->leader.n != 0 && !node_eq(place->leader, leader)) return false;
        const struct shard *shard = lane_shard(replica_lane(cluster, leader.n), (shard_id){i});
        const struct raft_members *members = raft_members(shard_raft(shard));
        if (members->joint || members->count != place->voters_count) return false;
        for (uint32_t k = 0; k < members->count; k++) {
            if (!node_eq(members->members[k].node, place->voters[k])) return false;
        }
    }
    return true;
}

/* Who shall not have a shard has dropped it, and who shall has opened it. */
static bool holds_as_desired(struct replica_cluster *cluster)
{
    if (!is_as_desired(cluster)) return false;
    const struct registry *registry = map_registry(wiring_map_of(cluster, 1));
    uint64_t replicas = registry_replicas(registry);
    for (uint32_t i = 0; i < SHARDS * cluster->count; i++) {
        shard_id shard = {i % SHARDS};
        node_id node = {1 + i / SHARDS};
        if (registry_shard(registry, shard)->voters_count != replicas) return false;
        bool here = lane_shard(replica_lane(cluster, node.n), shard) != NULL;
        if (here != registry_shall_hold(registry, shard, node)) return false;
    }
    return true;
}

static struct root *root_that_leads(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) {
        struct root *root = wiring_root(lane_wiring(replica_lane(cluster, i)));
        if (root_leads(root)) return root;
    }
    return NULL;
}

static bool all_report(struct replica_cluster *cluster)
{
    const struct root *root = root_that_leads(cluster);
    wiring_hurry(cluster);
    for (uint32_t i = 0; i < SHARDS && root != NULL; i++) {
        const struct planner_report *report = root_report(root, (shard_id){i});
        if (report->at.ns == 0 || report->voters_count == 0) return false;
    }
    return root != NULL;
}

static void change(struct replica_cluster *cluster, const struct registry_event *event)
{
    struct fault fault = {0};
    node_id node;
    struct root *root = root_that_leads(cluster);
    cr_assert(root != NULL);
    uint64_t ticket = root_ask(root, event, &fault);
    cr_assert(ticket != 0, "%s", fault.text);
    enum root_answer answer = ROOT_WAITS;
    for (uint32_t i = 0; i < 1000 && answer == ROOT_WAITS; i++) {
        replica_cluster_turn(cluster);
        answer = root_answer(root, ticket, &node);
    }
    cr_assert(answer == ROOT_DONE);
}

Test(wiring, forms_a_cluster_that_wiring_all_know)
{
    struct wiring_world world = {0};
    wiring_world_new(&world, 3);
    replica_cluster_until(&world.replicas, "all know the registry and the leaders",
                          wiring_all_know);
    const struct registry *registry = map_registry(wiring_map_of(&world.replicas, 2));
    cr_expect(registry_cluster(registry) == WIRING_CLUSTER);
    cr_expect(registry_shards_count(registry) == SHARDS);
    cr_expect(registry_members_count(registry) == 3);
    replica_cluster_until(&world.replicas, "leadership is dealt", is_as_desired);
    replica_cluster_until(&world.replicas, "leaders report", all_report);
    replica_cluster_free(&world.replicas);
}

Test(wiring, makes_shards_as_they_shall_be)
{
    struct wiring_world world = {0};
    wiring_world_new(&world, 3);
    replica_cluster_until(&world.replicas, "leadership is dealt", is_as_desired);
    struct registry_event event = {
        .kind = REGISTRY_SETTING, .setting = REGISTRY_SETTING_REPLICAS, .value = 1};
    change(&world.replicas, &event);
    for (uint32_t i = 1; i <= 3; i++) {
        struct root *root = wiring_root(lane_wiring(replica_lane(&world.replicas, i)));
        const struct registry *registry = map_registry(wiring_map_of(&world.replicas, i));
        cr_assert(!root_leads(root) || registry_replicas(registry) == 1, "who is told it, knows");
    }
    replica_cluster_until(&world.replicas, "groups of one, and the rest dropped", holds_as_desired);
    event.value = 3;
    change(&world.replicas, &event);
    replica_cluster_until(&world.replicas, "groups of three again", holds_as_desired);
    replica_cluster_free(&world.replicas);
}

/* --- moves ----------------------------------------------------------------------------------- */

Test(wiring, tells_what_is_between_members_and_their_place)
{
    static const struct {
        const char *why;
        node_id voters[3];
        uint32_t voters_count;
        uint32_t moves_count, from, to;
        enum move_phase phase;
    } rows[] = {
        {"as it shall be", {{1}, {2}, {3}}, 3, 0, 0, 0, 0},
        {"one comes for one that goes", {{1}, {2}, {4}}, 3, 1, 3, 4, MOVE_WAITS},
        {"one goes", {{2}, {3}}, 2, 1, 1, 0, MOVE_CHANGES},
    };
    struct wiring_world world = {0};
    wiring_world_new(&world, 3);
    replica_cluster_until(&world.replicas, "all know the leaders", wiring_all_know);
    node_id leader = map_leader(wiring_map_of(&world.replicas, 1), (shard_id){0});
    for (uint32_t number = 1; number <= 3; number++) {
        const struct shard *shard =
            lane_shard(replica_lane(&world.replicas, number), (shard_id){0});
        FOR_ROWS (row, rows) {
            struct registry_shard place = {.voters_count = row->voters_count};
            struct move_told moves[MOVES_OF_SHARD_MAX];
            memcpy(place.voters, row->voters, sizeof row->voters);
            uint32_t count = moves_of_shard(shard, &place, (instant){1}, moves);
            ROW_EQ(row, count, number == leader.n ? row->moves_count : 0);
            if (count == 0) continue;
            ROW_EQ(row, moves[0].from.n, row->from);
            ROW_EQ(row, moves[0].to.n, row->to);
            ROW_EQ(row, moves[0].phase, row->phase);
            cr_expect(moves[0].left.ns < 0, "%s: nothing is sent yet", row->why);
        }
    }
    replica_cluster_free(&world.replicas);
}

Test(wiring, pace_of_a_move)
{
    static const struct {
        const char *why;
        uint64_t bytes, sent, begun;
        int64_t since_ns;
        uint64_t bytes_a_second;
        int64_t left_ns;
    } rows[] = {
        {"half in two seconds", 4000, 2000, 0, 2000000000, 1000, 2000000000},
        {"what it had before does not count", 4000, 3000, 1000, 1000000000, 2000, 500000000},
        {"nothing yet", 4000, 1000, 1000, 1000000000, 0, -1},
        {"no time has passed", 4000, 1000, 0, 0, 0, -1},
        {"all of it", 4000, 4000, 0, 4000000000, 1000, 0},
    };
    FOR_ROWS (row, rows) {
        struct move_told move = {.bytes = row->bytes, .sent_bytes = row->sent};
        move_note_pace(&move, row->begun, (duration){row->since_ns});
        ROW_EQ(row, move.bytes_a_second, row->bytes_a_second);
        ROW_EQ(row, move.left.ns, row->left_ns);
    }
}

static bool is_in_state(struct replica_cluster *cluster, node_id node, enum member_state state)
{
    const struct registry_member *member =
        registry_member(map_registry(wiring_map_of(cluster, 1)), node);
    return member != NULL && member->state == state;
}

static bool second_is_removed(struct replica_cluster *cluster)
{
    return is_in_state(cluster, (node_id){2}, MEMBER_REMOVED);
}

/* For ever, so a wall clock that jumps is no reason. */
Test(wiring, who_joins_and_does_not_come_is_removed_after_a_while)
{
    enum { HOUR_MS = 3600 * 1000, TURNS = 500 };
    struct wiring_world world = {0};
    wiring_world_new(&world, 1);
    replica_cluster_until(&world.replicas, "it is formed", wiring_all_know);
    struct registry_member member = made_member(2, "", "");
    struct registry_event event = {.kind = REGISTRY_JOIN, .members = &member, .members_count = 1};
    member.state = MEMBER_JOINING;
    change(&world.replicas, &event);
    world.replicas.wall_ahead_ms += HOUR_MS;
    for (int i = 0; i < TURNS; i++) {
        wiring_hurry(&world.replicas);
        replica_cluster_turn(&world.replicas);
    }
    cr_expect(is_in_state(&world.replicas, (node_id){2}, MEMBER_JOINING));
    world.replicas.ahead_ns += HOUR_MS * INT64_C(1000000);
    replica_cluster_until(&world.replicas, "it is removed", second_is_removed);
    replica_cluster_free(&world.replicas);
}
