/* base_test.c -- slices: equality, order, prefixes. */
#include "test/random.h"
#include "test/rows.h"

static const struct cmp_row {
    const char *why, *a, *b;
    int want;
    bool b_starts_a; /* a starts with b */
} rows[] = {
    {"nothing equals nothing", "", "", 0, true},
    {"nothing comes before all else", "", "a", -1, false},
    {"a text starts with nothing", "a", "", 1, true},
    {"the same bytes", "abc", "abc", 0, true},
    {"a prefix comes first", "ab", "abc", -1, false},
    {"what it starts comes after it", "abc", "ab", 1, true},
    {"the first difference decides, not the length", "b", "abc", 1, false},
    {"bytes are unsigned", "\xff", "\x01", 1, false},
};

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

Test(slice, rows)
{
    FOR_ROWS (row, rows) {
        struct slice a = slice_text(row->a), b = slice_text(row->b);
        ROW_EQ(row, sign(slice_cmp(a, b)), row->want);
        ROW_EQ(row, sign(slice_cmp(b, a)), -row->want);
        ROW_EQ(row, slice_eq(a, b), row->want == 0);
        ROW_EQ(row, slice_starts_with(a, b), row->b_starts_a);
    }
}

Test(slice, may_hold_any_byte)
{
    cr_expect(SLICE("a\0b").len == 3);
    cr_expect(!slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    cr_expect(slice_eq((struct slice){0}, SLICE("")));
}

Test(slice, from_cuts_the_front)
{
    struct slice text = SLICE("abc");
    cr_expect(slice_eq(slice_from(text, 0), text));
    cr_expect(slice_eq(slice_from(text, 2), SLICE("c")));
    cr_expect(slice_from(text, 3).len == 0);
}

Test(slice, order_is_total) /* any three short slices: antisymmetric and transitive */
{
    struct random random = {1};
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[3][3];
        struct slice s[3];
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) bytes[i][j] = (uint8_t)(random_below(&random, 3) * 100);
            s[i] = slice_of(bytes[i], random_below(&random, 4));
        }
        int ab = slice_cmp(s[0], s[1]), bc = slice_cmp(s[1], s[2]), ac = slice_cmp(s[0], s[2]);
        cr_expect(sign(ab) == -sign(slice_cmp(s[1], s[0])), "round %d", round);
        cr_expect(!(ab <= 0 && bc <= 0) || ac <= 0, "round %d", round);
        cr_expect((ab == 0) == slice_eq(s[0], s[1]), "round %d", round);
    }
}

Test(u64, min_and_max)
{
    cr_expect(u64_min(3, UINT64_MAX) == 3);
    cr_expect(u64_max(3, UINT64_MAX) == UINT64_MAX);
}

/* Wherever a shard is, the lanes that have it on two nodes meet; and it is told the same way from
 * both sides. */
Test(base, lanes_that_share_a_shard_meet)
{
    static const uint32_t lanes[] = {1, 2, 3, 4, 7, 16, 64}, shards[] = {1, 3, 64, 100, KEY_SLOTS};
    for (uint32_t a = 0; a < COUNT_OF(lanes); a++) {
        for (uint32_t b = 0; b < COUNT_OF(lanes); b++) {
            uint32_t pairs = 0;
            for (uint32_t i = 0; i < lanes[a]; i++) {
                for (uint32_t j = 0; j < lanes[b]; j++) {
                    bool meet = lanes_meet(i, lanes[a], j, lanes[b]);
                    cr_assert_eq(meet, lanes_meet(j, lanes[b], i, lanes[a]));
                    pairs += meet;
                }
            }
            cr_expect_leq(pairs, lanes[a] + lanes[b] - 1, "no more than are needed");
            cr_expect(lanes_meet(0, lanes[a], 0, lanes[b]), "of the root group");
            for (uint32_t s = 0; s < COUNT_OF(shards); s++) {
                for (uint32_t n = 0; n < shards[s]; n++) {
                    uint32_t i = shard_lane((shard_id){n}, shards[s], lanes[a]);
                    uint32_t j = shard_lane((shard_id){n}, shards[s], lanes[b]);
                    cr_assert(lanes_meet(i, lanes[a], j, lanes[b]), "shard %u of %u", n, shards[s]);
                }
            }
        }
    }
}

/* Where they begin and end, they are each other's neighbours. */
Test(base, slots_of_shards_and_shards_of_lanes)
{
    static const uint32_t shards[] = {1, 3, 64, 100, KEY_SLOTS}, lanes[] = {1, 2, 3, 7, 64};
    for (uint32_t s = 0; s < COUNT_OF(shards); s++) {
        uint32_t next = 0;
        for (uint32_t n = 0; n < shards[s]; n++) {
            shard_id shard = {n};
            uint32_t last = shard_last_slot(shard, shards[s]);
            cr_assert_eq(shard_first_slot(shard, shards[s]), next, "%u of %u", n, shards[s]);
            cr_assert_eq(shard_of_slot(next, shards[s]).n, n);
            cr_assert_eq(shard_of_slot(last, shards[s]).n, n);
            next = last + 1;
        }
        cr_expect_eq(next, KEY_SLOTS);
        for (uint32_t l = 0; l < COUNT_OF(lanes); l++) {
            for (uint32_t n = 0; n < shards[s]; n++) {
                uint32_t lane = shard_lane((shard_id){n}, shards[s], lanes[l]);
                cr_assert_leq(lane_first_shard(lane, shards[s], lanes[l]).n, n);
                shard_id first = lane_first_shard(lane, shards[s], lanes[l]);
                cr_assert_eq(shard_lane(first, shards[s], lanes[l]), lane);
            }
        }
    }
}
