/* registry_test.c -- what may happen to a registry, and what comes of it. */
#include "test/core/registry/registry_fixture.h"
#include "test/rows.h"

Test(registry, takes_what_it_may)
{
    static const struct {
        const char *why;
        enum registry_event_kind kind;
        uint32_t node;
        enum member_state state;
        bool force;
        enum err err;
    } rows[] = {
        {"a cluster is formed once", REGISTRY_FORM, 9, 0, false, ERR_EXISTS},
        {"anybody may join", REGISTRY_JOIN, 0, 0, false, ERR_OK},
        {"facts are of a member", REGISTRY_MEMBER_FACTS, 8, 0, false, ERR_NOT_FOUND},
        {"what is known already changes nothing", REGISTRY_MEMBER_FACTS, 1, 0, false, ERR_EXISTS},
        {"a live node may die", REGISTRY_MEMBER_STATE, 1, MEMBER_DEAD, false, ERR_OK},
        {"nobody joins again", REGISTRY_MEMBER_STATE, 1, MEMBER_JOINING, false, ERR_USAGE},
        {"who is alive is alive", REGISTRY_MEMBER_STATE, 1, MEMBER_ALIVE, false, ERR_EXISTS},
        {"a stranger does not die", REGISTRY_MEMBER_STATE, 9, MEMBER_DEAD, false, ERR_NOT_FOUND},
        {"with others there, one may leave", REGISTRY_MEMBER_STATE, 2, MEMBER_LEAVING, false,
         ERR_OK},
        {"who has copies is not removed", REGISTRY_MEMBER_STATE, 1, MEMBER_REMOVED, false,
         ERR_USAGE},
        {"but by force, where others have them", REGISTRY_MEMBER_STATE, 1, MEMBER_REMOVED, true,
         ERR_OK},
        {"who has none, and is alive, must leave first", REGISTRY_MEMBER_STATE, 4, MEMBER_REMOVED,
         false, ERR_USAGE},
        {"or is forced", REGISTRY_MEMBER_STATE, 4, MEMBER_REMOVED, true, ERR_OK},
    };
    FOR_ROWS (row, rows) {
        struct registry *registry = made_registry(3, 4, 3);
        made_join(registry, "", "");
        struct registry_member member = made_member(row->node, "", "");
        struct registry_event event = {.kind = row->kind,
                                       .node = {row->node},
                                       .state = row->state,
                                       .force = row->force,
                                       .members = &member,
                                       .members_count = 1,
                                       .shards_count = 4,
                                       .replicas = 3};
        struct fault fault = {0};
        uint64_t epoch = registry_epoch(registry);
        ROW_EQ(row, registry_may(registry, &event, &fault), row->err);
        registry_step(registry, &event);
        ROW_EQ(row, registry_epoch(registry), epoch + (row->err == ERR_OK));
        registry_check(registry);
        registry_free(registry);
    }
}

Test(registry, places_shards)
{
    static const struct {
        const char *why;
        uint32_t shard, voters[3], count, leader;
        uint64_t epoch;
        enum err err;
    } rows[] = {
        {"members, rising, led by one of them", 2, {1, 3}, 2, 3, 0, ERR_OK},
        {"the root as well", SHARDS_MAX, {2}, 1, 0, 0, ERR_OK},
        {"there are four shards", 4, {1}, 1, 0, 0, ERR_NOT_FOUND},
        {"somebody must have it", 1, {0}, 0, 0, 0, ERR_USAGE},
        {"in one order only", 1, {2, 1}, 2, 0, 0, ERR_USAGE},
        {"nobody twice", 1, {2, 2}, 2, 0, 0, ERR_USAGE},
        {"a stranger has nothing", 1, {1, 9}, 2, 0, 0, ERR_NOT_FOUND},
        {"who has no copy does not lead", 1, {1, 2}, 2, 3, 0, ERR_USAGE},
        {"what was planned for another place is overtaken", 1, {1, 2}, 2, 0, 5, ERR_EXISTS},
        {"what was planned for this one is not", 1, {1, 2}, 2, 0, 1, ERR_OK},
    };
    FOR_ROWS (row, rows) {
        struct registry *registry = made_registry(3, 4, 3);
        struct registry_event event = {.kind = REGISTRY_PLACE, .shard = {row->shard}};
        event.place = (struct registry_shard){
            .voters_count = row->count, .leader = {row->leader}, .epoch = row->epoch};
        for (uint32_t i = 0; i < row->count; i++) event.place.voters[i].n = row->voters[i];
        struct fault fault = {0};
        ROW_EQ(row, registry_may(registry, &event, &fault), row->err);
        registry_step(registry, &event);
        registry_check(registry);
        if (row->err == ERR_OK) {
            const struct registry_shard *shard = registry_shard(registry, event.shard);
            ROW_EQ(row, shard->voters_count, row->count);
            ROW_EQ(row, shard->epoch, registry_epoch(registry));
        }
        registry_free(registry);
    }
}

Test(registry, deals_what_it_is_formed_with)
{
    struct registry *registry = made_registry(5, 10, 3);
    uint32_t copies[6] = {0}, leads[6] = {0};
    for (uint32_t i = 0; i < 10; i++) {
        const struct registry_shard *shard = registry_shard(registry, (shard_id){i});
        cr_assert(shard->voters_count == 3);
        for (uint32_t k = 0; k < 3; k++) copies[shard->voters[k].n]++;
        leads[shard->leader.n]++;
    }
    for (uint32_t node = 1; node <= 5; node++) {
        cr_expect(copies[node] == 6 && leads[node] == 2, "node %u: %u copies, %u led", node,
                  copies[node], leads[node]);
    }
    cr_expect(registry_shard(registry, SHARD_ROOT)->voters_count == 5);
    registry_free(registry);
}

Test(registry, never_gives_a_number_twice)
{
    struct registry *registry = made_registry(1, 1, 1);
    uint32_t last = 1;
    for (uint32_t i = 0; i < REGISTRY_MEMBERS_EVER_MAX + 10; i++) {
        node_id node = registry_next_node(registry);
        cr_assert(node.n > last);
        last = node.n;
        made_join(registry, "", "");
        made_step(registry, &(struct registry_event){.kind = REGISTRY_MEMBER_STATE,
                                                     .node = node,
                                                     .state = MEMBER_REMOVED,
                                                     .force = true});
        cr_assert(registry_is_removed(registry, node));
    }
    cr_expect(registry_members_count(registry) == REGISTRY_MEMBERS_EVER_MAX);
    cr_expect(registry_member(registry, (node_id){2}) == NULL, "the oldest is forgotten");
    cr_expect(registry_is_removed(registry, (node_id){2}), "and not let in");
    cr_expect(!registry_is_removed(registry, registry_next_node(registry)));
    registry_check(registry);
    registry_free(registry);
}

/* --- bytes ----------------------------------------------------------------------------------- */

enum { KEPT_MAX = 256 };
struct kept { /* what a hash would hold */
    struct {
        struct slice name, bytes;
    } rows[KEPT_MAX];
    uint32_t count;
    struct arena *arena;
};

static void keep_row(void *context, struct slice name, struct slice bytes)
{
    struct kept *kept = context;
    uint32_t i = 0;
    while (i < kept->count && !slice_eq(kept->rows[i].name, name)) i++;
    cr_assert(i < KEPT_MAX);
    if (i == kept->count) kept->rows[kept->count++].name = arena_copy(kept->arena, name);
    kept->rows[i].bytes = arena_copy(kept->arena, bytes);
    if (bytes.len == 0) kept->rows[i] = kept->rows[--kept->count];
}

static void expect_same(const struct registry *a, const struct registry *b, const char *what)
{
    struct buffer one = made_bytes(a), two = made_bytes(b);
    cr_assert(slice_eq(buffer_slice(&one), buffer_slice(&two)), "%s", what);
    buffer_free(&one);
    buffer_free(&two);
}

static void expect_rows_whole(const struct kept *kept, const struct registry *registry,
                              struct random *random)
{
    struct registry *again = registry_new();
    uint32_t start = (uint32_t)random_below(random, kept->count);
    for (uint32_t i = 0; i < kept->count; i++) { /* in any order */
        uint32_t at = (start + i) % kept->count;
        cr_assert(registry_row_load(again, kept->rows[at].name, kept->rows[at].bytes));
    }
    cr_assert(registry_rows_end(again));
    expect_same(registry, again, "rows");
    registry_free(again);
}

static void expect_event_round(const struct registry_event *event, struct registry *follower)
{
    struct arena *arena = arena_new();
    struct buffer bytes = {0};
    struct registry_event again;
    registry_event_write(event, &bytes);
    cr_assert(registry_event_read(buffer_slice(&bytes), arena, &again));
    registry_step(follower, &again);
    cr_assert(!registry_event_read(slice_of(bytes.data, bytes.len - 1), arena, &again));
    buffer_free(&bytes);
    arena_free(arena);
}

/* By chance: a copy that reads the events as bytes, the rows, and the whole stay the same. */
Test(registry, stays_itself_in_all_its_forms)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct random random = {seed};
        struct registry *registry = registry_new(), *follower = registry_new();
        struct kept kept = {.arena = arena_new()};
        for (uint32_t i = 0; i < 120; i++) {
            struct registry_member member;
            struct registry_event event = made_random_event(&random, registry, &member);
            uint64_t epoch = registry_epoch(registry);
            registry_step(registry, &event);
            registry_check(registry);
            expect_event_round(&event, follower);
            expect_same(registry, follower, "events");
            if (registry_epoch(registry) == epoch) continue;
            registry_changed_rows(registry, keep_row, &kept);
            expect_rows_whole(&kept, registry, &random);
            struct buffer bytes = made_bytes(registry);
            struct registry *again = registry_read(buffer_slice(&bytes));
            cr_assert(again != NULL);
            expect_same(registry, again, "whole");
            bytes.data[random_below(&random, bytes.len)] ^= 0x10;
            cr_assert(registry_read(buffer_slice(&bytes)) == NULL, "a flipped bit");
            registry_free(again);
            buffer_free(&bytes);
        }
        registry_free(registry);
        registry_free(follower);
        arena_free(kept.arena);
    }
}

Test(registry, refuses_rows_that_do_not_fit)
{
    static const struct {
        const char *why, *name, *bytes;
    } rows[] = {
        {"no such row", "colour", "x"},
        {"too many shards", "shard:16384", "\1\1\1\1\1"},
        {"a number in its long form", "shard:01", "\1\1\1\1\1"},
        {"no number", "member:", "\1\1"},
        {"cut short", "root", "\3\1"},
        {"more than it is", "root", "\1\1\1\1\1\1"},
    };
    FOR_ROWS (row, rows) {
        struct registry *registry = registry_new();
        cr_expect(!registry_row_load(registry, slice_text(row->name), slice_text(row->bytes)), "%s",
                  row->why);
        cr_expect(!registry_rows_end(registry), "%s", row->why);
        registry_free(registry);
    }
}
