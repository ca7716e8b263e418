/* wish_test.c -- what persons want of the cluster: one after the other, by whoever leads the root
 * group, or not at all. */
#include "lane/report.h"
#include "lane/root.h"
#include "lane/wiring.h"
#include "test/lane/wiring_fixture.h"
#include "test/rows.h"

enum { WISHES_MAX = 32, PAUSE_TURNS = 100, TURNS_MAX = 20000, LAST = 9 };

static struct wiring *wiring_of(struct replica_cluster *cluster, uint32_t number)
{
    return lane_wiring(replica_lane(cluster, number));
}

static struct root *root_of(struct replica_cluster *cluster, uint32_t number)
{
    return wiring_root(wiring_of(cluster, number));
}

static const struct registry *registry_of(struct replica_cluster *cluster, uint32_t number)
{
    return map_registry(wiring_map_of(cluster, number));
}

static int64_t value_at(struct replica_cluster *cluster, uint32_t number, uint32_t setting)
{
    return registry_setting(registry_of(cluster, number), setting);
}

static struct registry_event setting_event(uint32_t setting, int64_t value)
{
    return (struct registry_event){.kind = REGISTRY_SETTING, .setting = setting, .value = value};
}

static void wish(struct replica_cluster *cluster, uint32_t number, uint32_t setting, int64_t value)
{
    struct registry_event event = setting_event(setting, value);
    wiring_wish(wiring_of(cluster, number), &event);
}

static bool has_last(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) {
        if (replica_lane(cluster, i) == NULL || cluster->nodes[i - 1].paused) continue;
        if (value_at(cluster, i, REGISTRY_SETTING_MOVES_A_NODE) != LAST) return false;
    }
    return true;
}

/* One more is wished, until it has come true: then all before it have, or never will. It gets lost
 * where nobody leads. */
static void wish_last(struct replica_cluster *cluster, uint32_t number)
{
    for (int i = 0; i < TURNS_MAX && !has_last(cluster); i++) {
        if (i % PAUSE_TURNS == 0) wish(cluster, number, REGISTRY_SETTING_MOVES_A_NODE, LAST);
        replica_cluster_turn(cluster);
    }
    cr_assert(has_last(cluster));
}

static bool it_is_7(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++) {
        if (replica_lane(cluster, i) == NULL) continue;
        if (value_at(cluster, i, REGISTRY_SETTING_MOVES_MAX) != 7) return false;
    }
    return true;
}

/* --- in turn --------------------------------------------------------------------------------- */

static void formed(struct wiring_world *world, uint32_t count)
{
    wiring_world_new(world, count);
    replica_cluster_until(&world->replicas, "all know the leaders", wiring_all_know);
}

/* Each is seen on its way, and none before the one that was wished before it. */
Test(wish, comes_true_in_turn)
{
    struct wiring_world world = {0};
    struct replica_cluster *cluster = &world.replicas;
    formed(&world, 1);
    uint64_t epoch = registry_epoch(registry_of(cluster, 1));
    for (uint32_t i = 1; i <= WISHES_MAX; i++) wish(cluster, 1, REGISTRY_SETTING_BYTES_A_SECOND, i);
    int64_t last = 0;
    for (int i = 0; i < TURNS_MAX && last < WISHES_MAX; i++) {
        replica_cluster_turn(cluster);
        if (registry_epoch(registry_of(cluster, 1)) == epoch) continue;
        int64_t value = value_at(cluster, 1, REGISTRY_SETTING_BYTES_A_SECOND);
        cr_assert(value == last || value == last + 1, "%lld after %lld", (long long)value,
                  (long long)last);
        last = value;
    }
    cr_expect_eq(last, WISHES_MAX);
    cr_expect_eq(registry_epoch(registry_of(cluster, 1)), epoch + WISHES_MAX, "each once");
    replica_cluster_free(cluster);
}

Test(wish, what_is_beyond_the_queue_is_lost_and_may_be_wished_again)
{
    struct wiring_world world = {0};
    struct replica_cluster *cluster = &world.replicas;
    formed(&world, 1);
    for (uint32_t i = 1; i <= WISHES_MAX + 8; i++)
        wish(cluster, 1, REGISTRY_SETTING_BYTES_A_SECOND, i);
    wish(cluster, 1, REGISTRY_SETTING_MOVES_MAX, 7);
    wish_last(cluster, 1);
    cr_expect_eq(value_at(cluster, 1, REGISTRY_SETTING_BYTES_A_SECOND), WISHES_MAX);
    cr_expect_neq(value_at(cluster, 1, REGISTRY_SETTING_MOVES_MAX), 7);
    wish(cluster, 1, REGISTRY_SETTING_MOVES_MAX, 7);
    replica_cluster_until(cluster, "now it comes true", it_is_7);
    replica_cluster_free(cluster);
}

/* It has been overtaken, or cannot be: those behind it do not wait for it. */
Test(wish, one_that_cannot_be_is_passed_over)
{
    struct wiring_world world = {0};
    struct replica_cluster *cluster = &world.replicas;
    formed(&world, 1);
    wish_last(cluster, 1); /* so that nothing is on its way */
    uint64_t epoch = registry_epoch(registry_of(cluster, 1));
    struct registry_event nobody = {
        .kind = REGISTRY_MEMBER_STATE, .node = {99}, .state = MEMBER_REMOVED};
    wiring_wish(wiring_of(cluster, 1), &nobody);
    wish(cluster, 1, REGISTRY_SETTING_REPLICAS, 100);
    wish(cluster, 1, REGISTRY_SETTING_MOVES_MAX, 5);
    replica_cluster_turn(cluster);
    const struct registry *decided = root_registry(root_of(cluster, 1));
    cr_expect_eq(registry_setting(decided, REGISTRY_SETTING_MOVES_MAX), 5, "in the same turn");
    cr_expect_eq(registry_epoch(decided), epoch + 1);
    replica_cluster_free(cluster);
}

/* --- what is none ---------------------------------------------------------------------------- */

static bool takes(struct root *root, struct slice bytes)
{
    return root_take_reports(root, (node_id){1}, bytes);
}

static struct buffer wish_bytes(const struct registry_event *event)
{
    struct buffer bytes = {0};
    put_u8(&bytes, REPORT_WISH);
    registry_event_write(event, &bytes);
    return bytes;
}

Test(wish, bytes_of_another_node)
{
    struct wiring_world world = {0};
    struct replica_cluster *cluster = &world.replicas;
    struct registry_member member = made_member(9, "", "");
    formed(&world, 1);
    uint32_t members_count = registry_members_count(registry_of(cluster, 1));
    struct root *root = root_of(cluster, 1);
    const struct {
        const char *why;
        struct registry_event event;
    } rows[] = {
        {"nobody asks to join so", {.kind = REGISTRY_JOIN, .members = &member, .members_count = 1}},
        {"nor to form",
         {.kind = REGISTRY_FORM,
          .cluster = 5,
          .shards_count = 1,
          .replicas = 1,
          .members = &member,
          .members_count = 1}},
        {"nor is a place wished",
         {.kind = REGISTRY_PLACE, .place = {.voters = {{1}}, .voters_count = 1}}},
    };
    FOR_ROWS (row, rows) {
        struct buffer bytes = wish_bytes(&row->event);
        ROW_EQ(row, takes(root, buffer_slice(&bytes)), false);
        buffer_free(&bytes);
    }
    struct registry_event event = setting_event(REGISTRY_SETTING_MOVES_MAX, 3);
    struct buffer bytes = wish_bytes(&event);
    for (size_t len = 0; len < bytes.len; len++) /* in memory of its own, so that none reads on */
        cr_expect(!takes(root, arena_copy(cluster->arena, slice_of(bytes.data, len))), "%zu", len);
    buffer_append_byte(&bytes, 0);
    cr_expect(!takes(root, buffer_slice(&bytes)), "something behind it");
    buffer_free(&bytes);
    wish_last(cluster, 1);
    cr_expect_neq(value_at(cluster, 1, REGISTRY_SETTING_MOVES_MAX), 3);
    cr_expect_eq(registry_members_count(registry_of(cluster, 1)), members_count);
    replica_cluster_free(cluster);
}

/* --- of three nodes -------------------------------------------------------------------------- */

static uint32_t root_leader(struct replica_cluster *cluster)
{
    for (uint32_t i = 1; i <= cluster->count; i++)
        if (replica_lane(cluster, i) != NULL && !cluster->nodes[i - 1].mute &&
            root_leads(root_of(cluster, i)))
            return i;
    return 0;
}

static bool some_root_leads(struct replica_cluster *cluster)
{
    return root_leader(cluster) != 0 && wiring_all_know(cluster);
}

/* Who asks is not there any more when it is decided: it is done all the same. */
Test(wish, of_a_node_that_went_away_is_done)
{
    struct wiring_world world = {0};
    struct replica_cluster *cluster = &world.replicas;
    formed(&world, 3);
    replica_cluster_until(cluster, "one leads the root group", some_root_leads);
    uint32_t leader = root_leader(cluster), asker = leader % 3 + 1;
    cluster->nodes[leader - 1].paused = true;
    wish(cluster, asker, REGISTRY_SETTING_MOVES_MAX, 7);
    replica_cluster_turn(cluster); /* it leaves */
    replica_cluster_stop(cluster, asker);
    cluster->nodes[leader - 1].paused = false;
    replica_cluster_until(cluster, "it comes true", it_is_7);
    replica_cluster_free(cluster);
}

/* A wish that waits for what was decided before is forgotten with the leadership: it does not come
 * true when nobody expects it any more, of whoever leads and had not heard of it, or leads again.
 */
Test(wish, is_forgotten_by_who_leads_no_more)
{
    struct wiring_world world = {0};
    struct replica_cluster *cluster = &world.replicas;
    formed(&world, 3);
    replica_cluster_until(cluster, "one leads the root group", some_root_leads);
    uint32_t first = root_leader(cluster);
    cluster->nodes[first - 1].mute = true;
    wish(cluster, first, REGISTRY_SETTING_MOVES_MAX, 5);
    wish(cluster, first, REGISTRY_SETTING_MOVES_MAX, 7);
    replica_cluster_turn(cluster);
    for (int i = 0; i < TURNS_MAX && root_leader(cluster) == 0; i++) replica_cluster_turn(cluster);
    uint32_t second = root_leader(cluster);
    cr_assert(second != 0 && second != first);
    cluster->nodes[first - 1].mute = false;
    replica_cluster_until(cluster, "all know who leads", some_root_leads);
    second = root_leader(cluster);
    if (second != first) cluster->nodes[6 - first - second - 1].paused = true; /* not that one */
    for (int i = 0; i < TURNS_MAX && root_leader(cluster) != first; i++) {
        if (i % PAUSE_TURNS == 0) lane_hand_over(replica_lane(cluster, second));
        replica_cluster_turn(cluster);
    }
    cr_assert_eq(root_leader(cluster), first, "it leads again");
    wish_last(cluster, second);
    cr_expect_neq(value_at(cluster, first, REGISTRY_SETTING_MOVES_MAX), 7);
    replica_cluster_free(cluster);
}
