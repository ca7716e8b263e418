/* run_store_test.c -- runs in memory and in the file, parts and their places, and damaged bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test/rows.h"
#include "test/work/read/read_fixture.h"
#include "test/work/shuffle/run_fixture.h"
#include "work/shuffle/run_impl.h"

enum { RUNS = 6, PARTITIONS = 5, BLOCK_BYTES = 512 };

/* clang-format off */
static const struct store_row {
    const char *why;
    size_t memory_bytes;
    bool compresses;
    size_t value_max;
    bool spills;
} rows[] = {
    {"all fits into memory",                       4 << 20, true,  300,  false},
    {"memory is full in the middle of a run",      20000,   true,  300,  true},
    {"the same, and nothing compresses",           20000,   false, 300,  true},
    {"full within the first block of the second",  9000,    false, 40,   true},
    {"no memory at all",                           0,       true,  300,  true},
    {"no memory, records over a block's length",   0,       false, 3000, true},
    {"memory for less than one block",             100,     false, 3000, true},
    {"empty values",                               2000,    true,  1,    true},
};
/* clang-format on */

static struct fixture_pairs random_run(struct random *random, const struct store_row *row)
{
    struct fixture_pairs pairs = {0};
    struct buffer key = {0}, value = {0};
    size_t count = random_below(random, 120);
    for (size_t i = 0; i < count; i++) {
        size_t len = random_below(random, row->value_max);
        fixture_pairs_add(&pairs, 2 * (uint32_t)random_below(random, PARTITIONS),
                          fixture_key(random, KEY_SHARED, &key),
                          fixture_value(random, len, row->compresses, &value));
    }
    fixture_pairs_sort(&pairs);
    buffer_free(&key);
    buffer_free(&value);
    return pairs;
}

/* Every part, against the pairs of its partition. */
static void check_run(const struct run_store *store, const struct fixture_pairs *pairs,
                      const struct run_part *parts, uint32_t count)
{
    size_t at = 0;
    for (uint32_t p = 0; p < count; p++) {
        size_t end = at;
        while (end < pairs->count && pairs->list[end].partition == parts[p].partition) end++;
        fixture_check_part(store, &parts[p], pairs->list + at, end - at);
        at = end;
    }
    cr_assert_eq(at, pairs->count, "a part is missing");
}

Test(run_store, gives_back_what_was_put)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct random random = {13};
    FOR_ROWS (row, rows) {
        struct run_store *store = run_store_new(folder, row->memory_bytes, BLOCK_BYTES);
        struct fixture_pairs pairs[RUNS];
        struct run_part parts[RUNS][PARTITIONS];
        uint32_t counts[RUNS];
        for (size_t r = 0; r < RUNS; r++) {
            pairs[r] = random_run(&random, row);
            counts[r] = fixture_run(store, &pairs[r], parts[r]);
        }
        for (size_t r = RUNS; r-- > 0;) check_run(store, &pairs[r], parts[r], counts[r]);
        ROW_EQ(row, run_store_spilled_bytes(store) > 0, row->spills);
        for (size_t r = 0; r < RUNS; r++) fixture_pairs_free(&pairs[r]);
        run_store_free(store);
    }
    cr_expect_eq(rmdir(folder), 0, "the temporary file has no name");
    arena_free(arena);
}

/* Like the one above, for each size of memory: wherever it is full, parts have moved rightly. */
Test(run_store, memory_may_be_full_anywhere)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct store_row row = {"full anywhere", 0, true, 60, true};
    for (size_t memory = 0; memory < 9000; memory += 67) {
        struct random random = {14};
        struct run_store *store = run_store_new(folder, memory, 100);
        for (size_t r = 0; r < 3; r++) {
            struct run_part parts[PARTITIONS];
            struct fixture_pairs pairs = random_run(&random, &row);
            size_t memory_before = store->memory_len;
            uint32_t count = fixture_run(store, &pairs, parts);
            check_run(store, &pairs, parts, count);
            bool moved = pairs.count > 0 && !store->runs[r].in_memory;
            if (moved) cr_assert_eq(store->memory_len, memory_before, "its memory is free again");
            fixture_pairs_free(&pairs);
        }
        run_store_free(store);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(run_store, compresses_what_can_be)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct random random = {15};
    uint64_t spilled[2];
    for (size_t compresses = 0; compresses < 2; compresses++) {
        struct store_row row = {"", 0, compresses == 1, 2000, true};
        struct random same = random;
        struct run_store *store = run_store_new(folder, 0, 4096);
        struct fixture_pairs pairs = random_run(&same, &row);
        struct run_part parts[PARTITIONS];
        (void)fixture_run(store, &pairs, parts);
        spilled[compresses] = run_store_spilled_bytes(store);
        fixture_pairs_free(&pairs);
        run_store_free(store);
    }
    cr_expect(spilled[1] * 4 < spilled[0]);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(run_store, cursors_stay_while_more_is_written)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    enum { MORE = 100 };
    struct store_row row = {"", 0, true, 100, true};
    struct random random = {16};
    struct run_store *store = run_store_new(folder, 0, BLOCK_BYTES);
    struct fixture_pairs pairs = random_run(&random, &row);
    struct run_part parts[PARTITIONS];
    (void)fixture_run(store, &pairs, parts);
    struct run_cursor *cursor;
    struct record record;
    struct fault fault;
    bool got;
    cr_assert_eq(run_cursor_new(store, 0, parts[0].offset, parts[0].bytes, &cursor, &fault),
                 ERR_OK);
    for (size_t i = 0; i < MORE; i++) {
        struct run_part other[PARTITIONS];
        if (i < parts[0].records) {
            cr_assert_eq(run_cursor_next(cursor, &record, &got, &fault), ERR_OK);
            cr_assert(slice_eq(record.value, pairs.list[i].value));
        }
        (void)fixture_run(store, &pairs, other);
    }
    run_cursor_free(cursor);
    fixture_pairs_free(&pairs);
    run_store_free(store);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(run_store, an_abandoned_run_leaves_the_others)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct random random = {17};
    static const size_t memories[] = {0, 5000, 1 << 20};
    struct store_row row = {"", 0, false, 200, true};
    struct fault fault;
    for (size_t m = 0; m < COUNT_OF(memories); m++) {
        struct run_store *store = run_store_new(folder, memories[m], BLOCK_BYTES);
        for (size_t round = 0; round < 10; round++) {
            struct run_part parts[PARTITIONS];
            struct fixture_pairs pairs = random_run(&random, &row);
            size_t memory_before = store->memory_len;
            run_begin(store);
            for (size_t i = 0; i < pairs.count; i++) {
                cr_assert_eq(run_put(store, pairs.list[i].key, SLICE("of no use"), &fault), ERR_OK);
                if (i % 9 == 0) cr_assert_eq(run_end_part(store, 0, &fault), ERR_OK);
            }
            run_abandon(store);
            cr_assert_eq(store->memory_len, memory_before, "its memory is free again");
            uint32_t count = fixture_run(store, &pairs, parts);
            check_run(store, &pairs, parts, count);
            fixture_pairs_free(&pairs);
        }
        run_store_free(store);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(run_store, a_dropped_run_gives_its_room_back)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct store_row row = {"", 0, false, 20000, true};
    struct random random = {18};
    struct run_store *store = run_store_new(folder, 0, 1 << 16);
    struct fixture_pairs pairs[2] = {random_run(&random, &row), random_run(&random, &row)};
    struct run_part parts[2][PARTITIONS];
    uint32_t counts[2];
    struct run_cursor *cursor;
    struct fault fault;
    for (size_t r = 0; r < 2; r++) counts[r] = fixture_run(store, &pairs[r], parts[r]);
    run_drop(store, 0);
    cr_expect_eq(run_cursor_new(store, 0, parts[0][0].offset, parts[0][0].bytes, &cursor, &fault),
                 ERR_CORRUPT);
    cr_expect_null(cursor);
    check_run(store, &pairs[1], parts[1], counts[1]);
    off_t hole = lseek(store->file.fd, 0, SEEK_HOLE);
    cr_expect(hole == 0 || errno == EINVAL, "its room is a hole now, at %lld", (long long)hole);
    for (size_t r = 0; r < 2; r++) fixture_pairs_free(&pairs[r]);
    run_store_free(store);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

/* clang-format off */
static const struct place_row {
    const char *why;
    uint64_t run, offset, bytes;
} places[] = {
    {"a run that is not there",         7, 0,          10},
    {"far behind the end",              0, 1ULL << 60, 10},
    {"over the end",                    0, 1,          UINT64_MAX},
    {"a part that begins in a block",   0, 3,          40},
    {"a part that ends in a head",      0, 0,          RUN_HEAD_BYTES - 1},
    {"a part that ends in a block",     0, 0,          RUN_HEAD_BYTES + 5},
};
/* clang-format on */

Test(run_store, wrong_places_are_refused)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    static const size_t memories[] = {0, 1 << 20};
    for (size_t m = 0; m < COUNT_OF(memories); m++) {
        struct run_store *store = run_store_new(folder, memories[m], BLOCK_BYTES);
        struct store_row row = {"", 0, true, 100, true};
        struct fixture_pairs pairs = random_run(&(struct random){20}, &row);
        struct run_part parts[PARTITIONS];
        (void)fixture_run(store, &pairs, parts);
        FOR_ROWS (place, places) {
            struct run_cursor *cursor;
            struct record record;
            struct fault fault;
            bool got = false;
            enum err err =
                run_cursor_new(store, place->run, place->offset, place->bytes, &cursor, &fault);
            if (err == ERR_OK) err = run_cursor_next(cursor, &record, &got, &fault);
            ROW_EQ(place, err, ERR_CORRUPT);
            ROW_EQ(place, got, false);
            run_cursor_free(cursor);
        }
        fixture_pairs_free(&pairs);
        run_store_free(store);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

/* Read all records of a run; ERR_OK only when all are as they were. */
static enum err read_all(const struct run_store *store, const struct run_part *part,
                         const struct fixture_pairs *want, struct fault *fault)
{
    struct run_cursor *cursor;
    struct record record;
    bool got = true;
    size_t at = 0;
    enum err err = run_cursor_new(store, part->run, part->offset, part->bytes, &cursor, fault);
    while (err == ERR_OK && got) {
        err = run_cursor_next(cursor, &record, &got, fault);
        if (err != ERR_OK || !got) break;
        cr_assert(at < want->count);
        cr_assert(slice_eq(record.key, want->list[at].key), "a damaged key was given out");
        cr_assert(slice_eq(record.value, want->list[at].value), "a damaged value was given out");
        at++;
    }
    run_cursor_free(cursor);
    return err;
}

Test(run_store, every_flipped_byte_is_found)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct random random = {21};
    for (size_t compresses = 0; compresses < 2; compresses++) {
        struct fixture_pairs pairs = {0};
        struct buffer value = {0};
        for (size_t i = 0; i < 12; i++) {
            fixture_pairs_add(&pairs, 0, SLICE("key"),
                              fixture_value(&random, 50, compresses == 1, &value));
        }
        struct run_store *store = run_store_new(folder, 0, 300);
        struct run_part parts[PARTITIONS];
        cr_assert_eq(fixture_run(store, &pairs, parts), 1);
        for (off_t at = 0; at < (off_t)run_store_spilled_bytes(store); at++) {
            uint8_t was, now;
            struct fault fault = {0};
            cr_assert_eq(pread(store->file.fd, &was, 1, at), 1);
            now = was ^ (uint8_t)(1U << random_below(&random, 8));
            cr_assert_eq(pwrite(store->file.fd, &now, 1, at), 1);
            cr_expect_eq(read_all(store, parts, &pairs, &fault), ERR_CORRUPT, "byte %lld",
                         (long long)at);
            cr_expect_not_null(strstr(fault.text, folder), "it says where: %s", fault.text);
            cr_assert_eq(pwrite(store->file.fd, &was, 1, at), 1);
        }
        struct fault fault;
        cr_expect_eq(read_all(store, parts, &pairs, &fault), ERR_OK);
        cr_assert_eq(ftruncate(store->file.fd, (off_t)run_store_spilled_bytes(store) - 1), 0);
        cr_expect_eq(read_all(store, parts, &pairs, &fault), ERR_CORRUPT, "a lost byte");
        run_store_free(store);
        buffer_free(&value);
        fixture_pairs_free(&pairs);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(run_store, a_head_that_says_more_than_there_is_room_for)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    struct store_row row = {"", 0, false, 300, true};
    struct fixture_pairs pairs = random_run(&(struct random){22}, &row);
    for (size_t i = 0; i < pairs.count; i++) pairs.list[i].partition = 0;
    fixture_pairs_sort(&pairs);
    struct run_store *store = run_store_new(folder, 0, BLOCK_BYTES);
    struct run_part part;
    cr_assert_eq(fixture_run(store, &pairs, &part), 1);
    uint8_t head[RUN_HEAD_BYTES];
    size_t len = part.bytes - RUN_HEAD_BYTES; /* all of the part as one block */
    uint8_t *stored = arena_alloc(arena, len);
    cr_assert_eq(pread(store->file.fd, stored, len, RUN_HEAD_BYTES), (ssize_t)len);
    run_head_write(head, len, slice_of(stored, len), RUN_CODEC_PLAIN);
    cr_assert_eq(pwrite(store->file.fd, head, sizeof head, 0), (ssize_t)sizeof head);
    struct fault fault = {0};
    cr_expect_eq(read_all(store, &part, &pairs, &fault), ERR_CORRUPT);
    cr_expect_not_null(strstr(fault.text, "longer than it was written"), "%s", fault.text);
    fixture_pairs_free(&pairs);
    run_store_free(store);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(run_store, says_what_cannot_be)
{
    struct fault fault;
    struct run_store *store = run_store_new("/no/such/folder", 0, BLOCK_BYTES);
    const struct run_part *parts;
    uint32_t count;
    run_begin(store);
    cr_expect_eq(run_put(store, SLICE("a"), SLICE("b"), &fault), ERR_OK);
    cr_expect_eq(run_end_part(store, 0, &fault), ERR_OK);
    cr_expect_eq(run_end(store, &parts, &count, &fault), ERR_NOT_FOUND);
    cr_expect_not_null(strstr(fault.text, "/no/such/folder"), "%s", fault.text);
    run_abandon(store);
    run_begin(store);
    struct slice long_one = slice_of(&fault, (size_t)RUN_BLOCK_BYTES_MAX);
    cr_expect_eq(run_put(store, SLICE("a"), long_one, &fault), ERR_TOO_LONG);
    cr_expect_eq(run_put(store, long_one, SLICE(""), &fault), ERR_TOO_LONG);
    run_abandon(store);
    run_store_free(store);
}
