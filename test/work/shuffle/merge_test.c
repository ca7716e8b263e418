/* merge_test.c -- many parts as one stream, against one sorted list: order, passes, folds, sets. */
#include <stdlib.h>
#include <unistd.h>

#include "test/rows.h"
#include "test/work/read/read_fixture.h"
#include "test/work/shuffle/run_fixture.h"
#include "work/shuffle/merge.h"

enum { PARTS_MAX = 40, BLOCK_BYTES = 300 };

/* What a merge reads: parts of several stores, and all their records in the order of the parts. */
struct world {
    struct arena *arena;
    const char *folder;
    struct run_store *stores[3], *scratch;
    struct merge_part parts[PARTS_MAX];
    size_t count;
    struct fixture_pairs all;
};

static struct world world_new(void)
{
    struct world world = {.arena = arena_new()};
    static const size_t memories[] = {0, 3000, 1 << 20};
    world.folder = fixture_folder(world.arena);
    for (size_t s = 0; s < COUNT_OF(memories); s++) {
        world.stores[s] = run_store_new(world.folder, memories[s], BLOCK_BYTES);
    }
    world.scratch = run_store_new(world.folder, 0, BLOCK_BYTES);
    return world;
}

static void world_free(struct world *world)
{
    for (size_t s = 0; s < COUNT_OF(world->stores); s++) run_store_free(world->stores[s]);
    run_store_free(world->scratch);
    fixture_pairs_free(&world->all);
    cr_expect_eq(rmdir(world->folder), 0);
    arena_free(world->arena);
}

/* A value: of a fold its state; of a set nothing; else the number of the pair. */
static struct slice value_of(const struct fold_type *fold, enum merge_mode mode, size_t number,
                             struct buffer *out)
{
    buffer_clear(out);
    if (mode == MERGE_SET) return (struct slice){0};
    if (mode == MERGE_ALL) {
        buffer_append(out, slice_of(&number, sizeof number));
        return buffer_slice(out);
    }
    uint64_t state[FOLD_STATE_BYTES_MAX / 8] = {0};
    char text[] = {'-', (char)('0' + number % 10), '\0'};
    struct fault fault;
    cr_assert_eq(fold->start(state, slice_text(text + number % 2), &fault), ERR_OK);
    fold->encode(state, out);
    return buffer_slice(out);
}

static void add_part(struct world *world, struct random *random, enum key_kind kind,
                     enum merge_mode mode, const struct fold_type *fold, size_t records)
{
    struct fixture_pairs pairs = {0};
    struct buffer key = {0}, value = {0};
    for (size_t i = 0; i < records; i++) {
        fixture_pairs_add(&pairs, 0, fixture_key(random, kind, &key),
                          value_of(fold, mode, world->all.count + i, &value));
    }
    fixture_pairs_sort(&pairs);
    struct run_store *store = world->stores[random_below(random, COUNT_OF(world->stores))];
    struct run_part part = {0};
    (void)fixture_run(store, &pairs, &part);
    world->parts[world->count++] = (struct merge_part){store, part.run, part.offset, part.bytes};
    for (size_t i = 0; i < records; i++) {
        fixture_pairs_add(&world->all, 0, pairs.list[i].key, pairs.list[i].value);
    }
    fixture_pairs_free(&pairs);
    buffer_free(&key);
    buffer_free(&value);
}

static struct merge *open_merge(struct world *world, size_t memory, enum merge_mode mode,
                                const struct fold_type *fold)
{
    struct merge_config config = {world->parts, world->count, memory, world->scratch,
                                  mode,         fold,         NULL};
    struct merge *merge;
    struct fault fault;
    cr_assert_eq(merge_new(&config, &merge, &fault), ERR_OK, "%s", fault.text);
    return merge;
}

static void check_all(struct world *world, size_t memory)
{
    struct merge *merge = open_merge(world, memory, MERGE_ALL, NULL);
    struct fault fault;
    struct record record;
    bool got;
    fixture_pairs_sort(&world->all);
    for (size_t i = 0; i < world->all.count; i++) {
        cr_assert_eq(merge_next(merge, &record, &got, &fault), ERR_OK, "%s", fault.text);
        cr_assert(got, "%zu parts, record %zu", world->count, i);
        cr_assert(slice_eq(record.key, world->all.list[i].key), "%zu parts, key %zu", world->count,
                  i);
        cr_assert(slice_eq(record.value, world->all.list[i].value),
                  "%zu parts, record %zu: equal keys in the order of the parts", world->count, i);
    }
    for (size_t again = 0; again < 2; again++) {
        cr_assert_eq(merge_next(merge, &record, &got, &fault), ERR_OK);
        cr_assert(!got, "the end stays the end");
    }
    cr_assert_eq(merge_records(merge), world->all.count);
    merge_free(merge);
}

static void check_folded(struct world *world, size_t memory, enum merge_mode mode,
                         const struct fold_type *fold)
{
    struct merge *merge = open_merge(world, memory, mode, fold);
    struct fault fault;
    struct slice key;
    bool got;
    fixture_pairs_sort(&world->all);
    struct buffer got_text = {0}, want_text = {0};
    for (size_t i = 0; i < world->all.count;) {
        const struct fixture_pair *first = &world->all.list[i];
        uint64_t want[FOLD_STATE_BYTES_MAX / 8], state[FOLD_STATE_BYTES_MAX / 8], more[8];
        for (; i < world->all.count && slice_eq(first->key, world->all.list[i].key); i++) {
            bool is_first = first == &world->all.list[i];
            if (fold == NULL) continue;
            cr_assert(fold->decode(world->all.list[i].value, is_first ? want : more));
            if (!is_first) fold->merge(want, more);
        }
        cr_assert_eq(merge_next_folded(merge, &key, state, &got, &fault), ERR_OK, "%s", fault.text);
        cr_assert(got);
        cr_assert(slice_eq(key, first->key), "%zu parts, before record %zu", world->count, i);
        if (fold == NULL) continue;
        buffer_clear(&got_text);
        buffer_clear(&want_text);
        fold->format(state, &got_text);
        fold->format(want, &want_text);
        cr_assert(slice_eq(buffer_slice(&got_text), buffer_slice(&want_text)));
    }
    cr_assert_eq(merge_next_folded(merge, &key, NULL, &got, &fault), ERR_OK);
    cr_assert(!got);
    buffer_free(&got_text);
    buffer_free(&want_text);
    merge_free(merge);
}

Test(merge, any_number_of_parts_in_any_memory)
{
    static const size_t memories[] = {0, 2000, 1 << 20};
    for (size_t parts = 0; parts <= PARTS_MAX; parts++) {
        struct world world = world_new();
        struct random random = {parts + 40};
        for (size_t p = 0; p < parts; p++) {
            enum key_kind kind = (enum key_kind)((parts + p) % KEY_KINDS);
            add_part(&world, &random, kind, MERGE_ALL, NULL, random_below(&random, 40));
        }
        check_all(&world, memories[parts % COUNT_OF(memories)]);
        world_free(&world);
    }
}

Test(merge, folds)
{
    static const char *const folds[] = {"count", "sum", "min", "max", "mean"};
    static const size_t memories[] = {0, 4000, 1 << 20};
    for (size_t f = 0; f < COUNT_OF(folds); f++) {
        for (size_t m = 0; m < COUNT_OF(memories); m++) {
            struct world world = world_new();
            struct random random = {f * 10 + m};
            const struct fold_type *fold = fixture_reduce(world.arena, folds[f]).fold;
            for (size_t p = 0; p < 11; p++) {
                add_part(&world, &random, KEY_FEW, MERGE_FOLD, fold, random_below(&random, 60));
            }
            check_folded(&world, memories[m], MERGE_FOLD, fold);
            world_free(&world);
        }
    }
}

Test(merge, sets)
{
    static const size_t memories[] = {0, 4000, 1 << 20};
    for (size_t m = 0; m < COUNT_OF(memories); m++) {
        struct world world = world_new();
        struct random random = {m};
        for (size_t p = 0; p < 13; p++) {
            add_part(&world, &random, p % 2 == 0 ? KEY_ZEROS : KEY_SHARED, MERGE_SET, NULL,
                     random_below(&random, 60));
        }
        check_folded(&world, memories[m], MERGE_SET, NULL);
        world_free(&world);
    }
}

Test(merge, keys_that_no_prefix_tells_from_the_end)
{
    static const uint8_t high[20] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct world world = world_new();
    for (size_t p = 0; p < 5; p++) {
        struct fixture_pairs pairs = {0};
        for (size_t i = 0; i < p; i++) {
            fixture_pairs_add(&pairs, 0, slice_of(high, 8 + 2 * i), slice_of(&p, sizeof p));
        }
        struct run_part part = {0};
        (void)fixture_run(world.stores[0], &pairs, &part);
        world.parts[world.count++] =
            (struct merge_part){world.stores[0], part.run, part.offset, part.bytes};
        for (size_t i = 0; i < p; i++) {
            fixture_pairs_add(&world.all, 0, pairs.list[i].key, pairs.list[i].value);
        }
        fixture_pairs_free(&pairs);
    }
    check_all(&world, 1 << 20);
    world_free(&world);
}

Test(merge, errors_are_told_and_nothing_is_kept)
{
    static const size_t memories[] = {0, 1 << 20};
    for (size_t m = 0; m < COUNT_OF(memories); m++) {
        struct world world = world_new();
        struct random random = {3};
        for (size_t p = 0; p < 8; p++) add_part(&world, &random, KEY_RANDOM, MERGE_ALL, NULL, 50);
        world.parts[5].bytes--; /* its last block is cut */
        struct merge_config config = {world.parts, world.count, memories[m], world.scratch,
                                      MERGE_ALL,   NULL,        NULL};
        struct merge *merge;
        struct fault fault;
        bool got = true;
        enum err err = merge_new(&config, &merge, &fault);
        for (struct record record; err == ERR_OK && got;) {
            err = merge_next(merge, &record, &got, &fault);
        }
        cr_expect_eq(err, ERR_CORRUPT);
        merge_free(merge);
        world.parts[5].run = 1000;
        cr_expect_eq(merge_new(&config, &merge, &fault), ERR_CORRUPT);
        cr_expect_null(merge);
        world_free(&world);
    }
}

Test(merge, runs_of_a_pass_are_dropped_after_the_next)
{
    enum { PARTS = 8, FIRST_PASS = PARTS / 2 }; /* by twos, in no memory: 4 runs, then 2 */
    struct world world = world_new();
    struct random random = {5};
    for (size_t p = 0; p < PARTS; p++) add_part(&world, &random, KEY_RANDOM, MERGE_ALL, NULL, 50);
    check_all(&world, 0);
    for (uint64_t run = 0; run < FIRST_PASS + 2; run++) {
        struct run_cursor *cursor;
        struct fault fault;
        enum err err = run_cursor_new(world.scratch, run, 0, 1, &cursor, &fault);
        cr_expect_eq(err == ERR_CORRUPT, run < FIRST_PASS, "run %zu", (size_t)run);
        run_cursor_free(cursor);
    }
    world_free(&world);
}

Test(merge, a_state_that_is_none_is_damage)
{
    struct world world = world_new();
    struct random random = {4};
    const struct fold_type *fold = fixture_reduce(world.arena, "sum").fold;
    add_part(&world, &random, KEY_SAME, MERGE_ALL, NULL, 2);
    struct merge *merge = open_merge(&world, 0, MERGE_FOLD, fold);
    uint64_t state[FOLD_STATE_BYTES_MAX / 8];
    struct fault fault;
    struct slice key;
    bool got;
    cr_expect_eq(merge_next_folded(merge, &key, state, &got, &fault), ERR_CORRUPT);
    merge_free(merge);
    world_free(&world);
}
