/* value_order_test.c -- pairs in the order of their values, in memory that is too small. */
#include <stdlib.h>
#include <unistd.h>

#include "base/number.h"
#include "io/file.h"
#include "test/rows.h"
#include "test/work/output/output_fixture.h"
#include "test/work/read/read_fixture.h"
#include "test/work/shuffle/shuffle_fixture.h"
#include "work/job/value_order.h"

enum { PAIRS = 3000, MEMORY_LEAST = 3000 };

static const char *const values[] = {"1", "1.0", "-3",    "10",   "9",   "1e3", "text", "te",
                                     "0", "",    "text2", "-0.5", "007", "7",   "1e-9"};

/* Pairs sorted as they should come: by order key, then key, then as they came. */
static struct slice put_pairs(struct value_order *order, bool descending, struct arena *arena)
{
    struct fixture_pairs pairs = {0};
    struct random random = {60};
    struct buffer key = {0}, order_key = {0};
    struct sink *sink = value_order_sink(order);
    struct fault fault;
    for (size_t i = 0; i < PAIRS; i++) {
        struct slice value = slice_text(values[random_below(&random, COUNT_OF(values))]);
        buffer_clear(&key);
        buffer_append_format(&key, "k%u", (unsigned)random_below(&random, 50));
        cr_assert_eq(sink_begin(sink, buffer_slice(&key), &fault), ERR_OK);
        struct slice first = slice_of(value.data, value.len / 2);
        cr_assert_eq(sink_append(sink, first, &fault), ERR_OK);
        cr_assert_eq(sink_append(sink, slice_from(value, first.len), &fault), ERR_OK);
        cr_assert_eq(sink_end(sink, &fault), ERR_OK);
        buffer_clear(&order_key);
        if (descending) {
            number_order_key_descending(value, &order_key);
        } else {
            number_order_key(value, &order_key);
        }
        buffer_append(&order_key, buffer_slice(&key));
        buffer_append_format(&key, "%s%.*s\n", value.len > 0 ? "\t" : "", (int)value.len,
                             (const char *)value.data);
        fixture_pairs_add(&pairs, 0, buffer_slice(&order_key), buffer_slice(&key));
    }
    fixture_pairs_sort(&pairs);
    buffer_clear(&key);
    for (size_t i = 0; i < PAIRS; i++) buffer_append(&key, pairs.list[i].value);
    struct slice want = arena_copy(arena, buffer_slice(&key));
    fixture_pairs_free(&pairs);
    buffer_free(&key);
    buffer_free(&order_key);
    return want;
}

Test(value_order, puts_pairs_by_value_then_key)
{
    static const size_t memories[] = {MEMORY_LEAST, 4 << 20};
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *path = arena_format(arena, "%s/part-00000", folder);
    for (size_t m = 0; m < 2 * COUNT_OF(memories); m++) {
        struct run_store *store = run_store_new(folder, 0, 512);
        struct value_order *order = value_order_new(memories[m / 2], m % 2 == 1, store);
        struct part *part;
        struct part_config config = {.folder = folder};
        struct fault fault;
        cr_assert_eq(part_new(&config, &part, &fault), ERR_OK);
        struct slice want = put_pairs(order, m % 2 == 1, arena);
        cr_expect_eq(value_order_finish(order, part, &fault), ERR_OK, "%s", fault.text);
        cr_expect_eq(value_order_spills(order) > 0, m < 2);
        cr_expect_eq(part_commit(part, &fault), ERR_OK);
        struct buffer got = {0};
        fixture_read_output(path, COMPRESSION_NONE, &got);
        cr_expect(slice_eq(buffer_slice(&got), want), "memory %zu", memories[m / 2]);
        buffer_free(&got);
        part_free(part);
        value_order_free(order);
        run_store_free(store);
    }
    file_remove(path);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(value_order, a_value_longer_than_memory_is_an_error)
{
    static const uint8_t bytes[MEMORY_LEAST];
    struct run_store *store = run_store_new("/no/such/folder", 0, 512);
    struct value_order *order = value_order_new(MEMORY_LEAST, false, store);
    struct sink *sink = value_order_sink(order);
    struct fault fault;
    cr_expect_eq(sink_begin(sink, SLICE("k"), &fault), ERR_OK);
    cr_expect_eq(sink_append(sink, slice_of(bytes, sizeof bytes), &fault), ERR_TOO_LONG);
    cr_expect_not_null(strstr(fault.text, "--memory"), "%s", fault.text);
    value_order_free(order);
    value_order_free(NULL);
    run_store_free(store);
}
