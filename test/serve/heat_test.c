/* heat_test.c -- rates, busy keys and large keys, against what was really asked. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/crc.h"
#include "base/prng.h"
#include "serve/heat.h"

#define NS_PER_S INT64_C(1000000000)

static struct slice key_of(char text[32], uint64_t number)
{
    int len = snprintf(text, 32, "key:%llu", (unsigned long long)number);
    return slice_of((const uint8_t *)text, (size_t)len);
}

static void ask(struct heat *heat, uint64_t number, uint32_t times)
{
    char text[32];
    struct slice key = key_of(text, number);
    for (uint32_t i = 0; i < times; i++)
        if (heat_wants(heat)) heat_note(heat, 0, key, 100);
}

/* Seconds of a load: half of it on key 7, the rest all over. */
static void run_seconds(struct heat *heat, struct prng *prng, int64_t first, int64_t last)
{
    enum { A_SECOND = 20000, KEYS = 10000 };
    for (int64_t second = first; second < last; second++) {
        for (uint32_t i = 0; i < A_SECOND / 2; i++) {
            ask(heat, 7, 1);
            ask(heat, 100 + prng_below(prng, KEYS), 1);
        }
        (void)heat_turn(heat, (instant){(second + 1) * NS_PER_S});
    }
}

Test(heat, a_rate_is_that_of_the_last_seconds)
{
    struct arena *arena = arena_new();
    struct heat *heat = heat_new(arena, 1);
    struct prng prng = {1};
    (void)heat_turn(heat, (instant){1});
    run_seconds(heat, &prng, 0, 12);
    char text[32];
    struct slice key = key_of(text, 7);
    uint32_t rate = heat_slots(heat)[slot_of_key(key)].rate;
    cr_expect(rate > 8000 && rate < 12000, "%u of 10000", rate);
    uint32_t bytes = heat_slots(heat)[slot_of_key(key)].rate_bytes;
    cr_expect(bytes > 800000 && bytes < 1200000, "%u of 1000000", bytes);
    cr_expect(heat_rate(heat) > 18000 && heat_rate(heat) < 22000, "%llu of 20000",
              (unsigned long long)heat_rate(heat));
    for (int64_t second = 12; second < 40; second++)
        (void)heat_turn(heat, (instant){(second + 1) * NS_PER_S});
    cr_expect_eq(heat_slots(heat)[slot_of_key(key)].rate, 0, "nobody asks any more");
    cr_expect_eq(heat_turn(heat, (instant){50 * NS_PER_S}).ns, INT64_MAX, "nothing to do");
    arena_free(arena);
}

Test(heat, a_long_pause_halves_as_often_as_seconds_pass)
{
    struct arena *arena = arena_new();
    struct heat *heat = heat_new(arena, 1);
    struct prng prng = {1};
    (void)heat_turn(heat, (instant){1});
    run_seconds(heat, &prng, 0, 5);
    uint64_t before = heat_rate(heat);
    (void)heat_turn(heat, (instant){8 * NS_PER_S});
    cr_expect(heat_rate(heat) <= before / 8 + 1);
    arena_free(arena);
}

Test(heat, the_busiest_key_is_found_among_many)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct arena *arena = arena_new();
        struct heat *heat = heat_new(arena, seed);
        struct prng prng = {seed};
        struct heat_key keys[HEAT_KEYS];
        (void)heat_turn(heat, (instant){1});
        run_seconds(heat, &prng, 0, 4);
        uint32_t count = heat_busiest(heat, keys, 3);
        cr_assert_eq(count, 3);
        cr_expect(slice_eq(slice_of(keys[0].text, keys[0].len), SLICE("key:7")), "seed %llu",
                  (unsigned long long)seed);
        cr_expect(keys[0].rate - keys[0].error <= 12000, "seed %llu", (unsigned long long)seed);
        cr_expect(keys[0].rate >= keys[1].rate && keys[1].rate >= keys[2].rate);
        arena_free(arena);
    }
}

Test(heat, every_place_is_of_another_key)
{
    struct arena *arena = arena_new();
    struct heat *heat = heat_new(arena, 3);
    struct prng prng = {3};
    struct heat_key keys[HEAT_KEYS];
    (void)heat_turn(heat, (instant){1});
    run_seconds(heat, &prng, 0, 3);
    uint32_t count = heat_busiest(heat, keys, HEAT_KEYS);
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t b = 0; b < a; b++) cr_expect_neq(keys[a].hash, keys[b].hash);
    arena_free(arena);
}

Test(heat, the_largest_keys_of_a_walk)
{
    enum { KEYS = 1000 };
    struct arena *arena = arena_new();
    struct heat *heat = heat_new(arena, 1);
    struct heat_key keys[HEAT_LARGE];
    char text[32];
    for (uint64_t i = 0; i < KEYS; i++) {
        heat_look(heat, 0, key_of(text, i), i * 7919 % KEYS);
        heat_look(heat, 0, key_of(text, i), i * 7919 % KEYS); /* met twice */
    }
    for (int round = 0; round < 2; round++) {
        cr_assert_eq(heat_largest(heat, keys, HEAT_LARGE), HEAT_LARGE);
        for (uint32_t i = 0; i < HEAT_LARGE; i++) cr_expect_eq(keys[i].bytes, KEYS - 1 - i);
        heat_round(heat); /* the next one has met nobody yet: the last counts */
    }
    heat_round(heat);
    cr_expect_eq(heat_largest(heat, keys, HEAT_LARGE), 0, "they are gone for a whole round");
    arena_free(arena);
}

Test(heat, a_long_key_is_cut)
{
    struct arena *arena = arena_new();
    struct heat *heat = heat_new(arena, 1);
    uint8_t bytes[HEAT_KEY_BYTES_MAX + 1] = {'k'};
    struct heat_key key;
    heat_look(heat, 3, slice_of(bytes, sizeof bytes), 5);
    cr_assert_eq(heat_largest(heat, &key, 1), 1);
    cr_expect(key.cut);
    cr_expect_eq(key.len, HEAT_KEY_BYTES_MAX);
    cr_expect_eq(key.database, 3);
    arena_free(arena);
}
