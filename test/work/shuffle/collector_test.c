/* collector_test.c -- pairs through tables, sorters and combiners into runs, in memory that is far
 * too small: merged again, they are what a plain list would give. */
#include <stdlib.h>
#include <unistd.h>

#include "test/rows.h"
#include "test/work/read/read_fixture.h"
#include "test/work/shuffle/run_fixture.h"
#include "work/shuffle/collector.h"
#include "work/shuffle/merge.h"
#include "work/shuffle/set_key.h"
#include "work/shuffle/sorter.h"

enum { PARTITIONS = 4, TASKS = 3, BLOCK_BYTES = 400 };

/* A combiner command that, of one partition, gives for each key the count of its pairs; and writes
 * the last key first, as a command may. */
struct counting {
    struct combiner combiner; /* first: the functions get its address */
    struct fixture_pairs pairs;
    struct sink *out;
    uint64_t partitions_seen;
};

static enum err counting_begin(struct combiner *combiner, uint32_t partition, struct sink *out,
                               struct fault *fault)
{
    struct counting *counting = (struct counting *)combiner;
    (void)fault;
    counting->out = out;
    counting->partitions_seen |= 1ULL << partition;
    return ERR_OK;
}

static enum err counting_put(struct combiner *combiner, struct slice key, struct slice value,
                             struct fault *fault)
{
    struct counting *counting = (struct counting *)combiner;
    (void)fault;
    fixture_pairs_add(&counting->pairs, 0, key, value);
    return ERR_OK;
}

static uint64_t value_number(struct slice value)
{
    uint64_t number = 0;
    for (size_t i = 0; i < value.len; i++) number = number * 10 + value.data[i] - '0';
    return number;
}

static enum err counting_end(struct combiner *combiner, struct fault *fault)
{
    struct fixture_pairs *pairs = &((struct counting *)combiner)->pairs;
    enum err err = ERR_OK;
    for (size_t end = pairs->count; end > 0 && err == ERR_OK;) {
        uint64_t sum = 0;
        size_t first = end;
        while (first > 0 && slice_eq(pairs->list[first - 1].key, pairs->list[end - 1].key)) {
            sum += value_number(pairs->list[--first].value);
        }
        struct buffer text = {0};
        buffer_append_format(&text, "%llu", (unsigned long long)sum);
        err = sink_put(((struct counting *)combiner)->out, pairs->list[end - 1].key,
                       buffer_slice(&text), fault);
        buffer_free(&text);
        end = first;
    }
    fixture_pairs_free(pairs);
    return err;
}

/* How the pairs of a key are looked at, so that all modes can be told in one way: as their sum,
 * their first value, all in order, or how many different ones. */
enum seen_as { SEEN_SUM, SEEN_ALL, SEEN_FIRST, SEEN_DISTINCT };

/* clang-format off */
static const struct mode_row {
    const char *why, *reduce;
    bool command_combines;
    enum seen_as seen;
} modes[] = {
    {"a fold",                          "sum",      false, SEEN_SUM},
    {"a fold of counts",                "count",    false, SEEN_SUM},
    {"a group that does not combine",   "list",     false, SEEN_ALL},
    {"a group that combines",           "first",    false, SEEN_FIRST},
    {"a set",                           "distinct", false, SEEN_DISTINCT},
    {"a command that combines",         "sort",     true,  SEEN_SUM},
};
/* clang-format on */

struct run_of_tasks {
    const struct mode_row *row;
    struct reduce_operator reduce;
    struct partitioner partitioner;
    struct run_store *store;
    struct merge_part parts[PARTITIONS][4000];
    size_t counts[PARTITIONS];
    struct fixture_pairs all;
    uint64_t spills;
};

static const char *const numbers[] = {"1", "2", "3", "40", "5"};

static void emit_all(struct run_of_tasks *run, struct collector *collector, struct random *random,
                     enum key_kind kind, size_t pairs)
{
    struct buffer key = {0};
    struct fault fault;
    bool counts = run->reduce.fold != NULL && run->reduce.fold->counts;
    cr_assert_eq(collector_counts(collector), counts);
    for (size_t i = 0; i < pairs; i++) {
        (void)fixture_key(random, kind, &key);
        (void)buffer_reserve(&key, 16); /* FOLD_KEYS_AHEAD_BYTES */
        struct slice value =
            slice_text(counts ? "1" : numbers[random_below(random, COUNT_OF(numbers))]);
        struct slice keys[] = {buffer_slice(&key), buffer_slice(&key)};
        bool batch = counts && i % 2 == 0;
        enum err err = batch ? collector_count_keys(collector, keys, 2, &fault)
                             : collector_emit(collector, keys[0], value, &fault);
        cr_assert_eq(err, ERR_OK, "%s", fault.text);
        uint32_t partition = partition_of(&run->partitioner, keys[0]);
        fixture_pairs_add(&run->all, partition, keys[0], value);
        if (batch) fixture_pairs_add(&run->all, partition, keys[0], value);
    }
    buffer_free(&key);
}

static void run_task(struct run_of_tasks *run, struct collector_memory *memory,
                     struct random *random, size_t memory_bytes)
{
    struct counting counting = {.combiner = {counting_begin, counting_put, counting_end}};
    struct collector_config config = {
        .store = run->store,
        .reduce = &run->reduce,
        .partitioner = run->partitioner,
        .combiner = run->row->command_combines ? &counting.combiner : NULL,
        .memory = memory,
        .memory_bytes = memory_bytes,
        .hash_seed = 5,
    };
    struct collector *collector = collector_new(&config);
    size_t before = run->all.count;
    emit_all(run, collector, random, before == 0 ? KEY_RANDOM : KEY_FEW, 1500);
    const struct run_part *parts;
    uint32_t count;
    struct fault fault;
    cr_assert_eq(collector_finish(collector, &parts, &count, &fault), ERR_OK, "%s", fault.text);
    cr_assert_eq(collector_pairs(collector), run->all.count - before);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = parts[i].partition;
        cr_assert(p < PARTITIONS);
        cr_assert(run->counts[p] < COUNT_OF(run->parts[p]));
        run->parts[p][run->counts[p]++] =
            (struct merge_part){run->store, parts[i].run, parts[i].offset, parts[i].bytes};
    }
    run->spills += collector_spills(collector);
    collector_free(collector);
}

/* The text of one key's values, as they are looked at. `list`: the values in order. */
static void seen_text(enum seen_as seen, const struct fixture_pair *list, size_t count,
                      struct buffer *out)
{
    uint64_t sum = 0, different = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t j = 0; j < i && !known; j++) known = slice_eq(list[i].value, list[j].value);
        different += !known;
        sum += value_number(list[i].value);
        if (seen == SEEN_ALL || (seen == SEEN_FIRST && i == 0)) {
            buffer_append_format(out, "%.*s,", (int)list[i].value.len,
                                 (const char *)list[i].value.data);
        }
    }
    if (seen == SEEN_SUM) buffer_append_format(out, "%llu", (unsigned long long)sum);
    if (seen == SEEN_DISTINCT) buffer_append_format(out, "%llu", (unsigned long long)different);
}

/* What was merged, as plain pairs: states as text, joined keys taken apart. */
static void take_apart(const struct run_of_tasks *run, uint32_t partition, struct record record,
                       struct fixture_pairs *out)
{
    struct buffer text = {0};
    struct slice key = record.key, value = record.value, escaped;
    uint64_t state[FOLD_STATE_BYTES_MAX / 8];
    if (run->reduce.fold != NULL) {
        cr_assert(run->reduce.fold->decode(record.value, state));
        run->reduce.fold->format(state, &text);
        value = buffer_slice(&text);
    } else if (run->reduce.values_sorted) {
        cr_assert(set_key_split(record.key, &escaped, &value));
        set_key_unescape(escaped, &text);
        key = buffer_slice(&text);
    }
    cr_assert_eq(partition_of(&run->partitioner, key), partition, "%s", run->row->why);
    fixture_pairs_add(out, partition, key, value);
    buffer_free(&text);
}

static void collect_merged(struct run_of_tasks *run, struct run_store *scratch,
                           struct fixture_pairs *out)
{
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        struct merge_config config = {run->parts[p], run->counts[p], 1 << 20, scratch,
                                      MERGE_ALL,     NULL,           NULL};
        struct merge *merge;
        struct fault fault;
        bool got = true;
        cr_assert_eq(merge_new(&config, &merge, &fault), ERR_OK, "%s", fault.text);
        for (struct record record;;) {
            cr_assert_eq(merge_next(merge, &record, &got, &fault), ERR_OK, "%s", fault.text);
            if (!got) break;
            take_apart(run, p, record, out);
        }
        merge_free(merge);
    }
}

static void check_same(const struct mode_row *row, struct fixture_pairs *got,
                       struct fixture_pairs *want)
{
    fixture_pairs_sort(got);
    fixture_pairs_sort(want);
    struct buffer got_text = {0}, want_text = {0};
    size_t g = 0;
    for (size_t w = 0; w < want->count;) {
        size_t want_from = w, got_from = g;
        struct slice key = want->list[w].key;
        while (w < want->count && slice_eq(want->list[w].key, key)) w++;
        while (g < got->count && slice_eq(got->list[g].key, key)) g++;
        buffer_clear(&got_text);
        buffer_clear(&want_text);
        seen_text(row->seen, got->list + got_from, g - got_from, &got_text);
        seen_text(row->seen, want->list + want_from, w - want_from, &want_text);
        cr_assert(g > got_from, "%s: a key is missing", row->why);
        cr_assert(slice_eq(buffer_slice(&got_text), buffer_slice(&want_text)), "%s: %.*s, not %.*s",
                  row->why, (int)got_text.len, (const char *)got_text.data, (int)want_text.len,
                  (const char *)want_text.data);
    }
    cr_assert_eq(g, got->count, "%s: keys that never came", row->why);
    buffer_free(&got_text);
    buffer_free(&want_text);
}

static void check_mode(struct arena *arena, const char *folder, const struct mode_row *row,
                       size_t memory_bytes)
{
    struct random random = {memory_bytes + 77};
    struct run_of_tasks *run = arena_alloc(arena, sizeof *run);
    struct run_store *scratch = run_store_new(folder, 0, BLOCK_BYTES);
    struct collector_memory memory = {0};
    run->row = row;
    run->reduce = fixture_reduce(arena, row->reduce);
    run->partitioner.partitions = PARTITIONS;
    run->store = run_store_new(folder, memory_bytes, BLOCK_BYTES);
    for (size_t t = 0; t < TASKS; t++) run_task(run, &memory, &random, memory_bytes);
    ROW_EQ(row, run->spills > 0, memory_bytes == 0);
    struct fixture_pairs got = {0};
    collect_merged(run, scratch, &got);
    check_same(row, &got, &run->all);
    fixture_pairs_free(&got);
    fixture_pairs_free(&run->all);
    collector_memory_free(&memory);
    collector_memory_free(&memory);
    group_free(run->reduce.group);
    run_store_free(run->store);
    run_store_free(scratch);
}

Test(collector, every_mode_in_little_and_in_much_memory)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    FOR_ROWS (row, modes) {
        check_mode(arena, folder, row, 0);
        check_mode(arena, folder, row, 4 << 20);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

static enum err broken_end(struct combiner *combiner, struct fault *fault)
{
    enum err err = counting_end(combiner, fault);
    return err == ERR_OK ? fault_set(fault, ERR_CHILD_FAILED, "broken") : err;
}

/* A task that ends in the middle leaves nothing to the next, which has its memory. */
Test(collector, begins_anew)
{
    struct arena *arena = arena_new();
    FOR_ROWS (row, modes) {
        struct reduce_operator reduce = fixture_reduce(arena, row->reduce);
        struct run_store *store = run_store_new("/no/such/folder", 1 << 20, BLOCK_BYTES);
        struct counting counting = {.combiner = {counting_begin, counting_put, broken_end}};
        struct collector_memory memory = {0};
        struct collector_config config = {
            .store = store,
            .reduce = &reduce,
            .partitioner = {.partitions = 1},
            .combiner = row->command_combines ? &counting.combiner : NULL,
            .memory = &memory,
        };
        const struct run_part *parts;
        uint32_t count;
        struct fault fault;
        struct collector *ended = collector_new(&config);
        ROW_EQ(row, collector_emit(ended, SLICE("k"), SLICE("1"), &fault), ERR_OK);
        if (row->command_combines) {
            ROW_EQ(row, collector_finish(ended, &parts, &count, &fault), ERR_CHILD_FAILED);
        }
        collector_free(ended);
        struct collector *next = collector_new(&config);
        ROW_EQ(row, collector_finish(next, &parts, &count, &fault), ERR_OK);
        ROW_EQ(row, count, 0);
        if (memory.combined != NULL) ROW_EQ(row, sorter_is_empty(memory.combined), true);
        collector_free(next);
        collector_memory_free(&memory);
        run_store_free(store);
        group_free(reduce.group);
    }
    arena_free(arena);
}

Test(collector, what_never_fits_is_an_error)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    static const uint8_t bytes[10000];
    FOR_ROWS (row, modes) {
        struct reduce_operator reduce = fixture_reduce(arena, row->reduce);
        struct run_store *store = run_store_new(folder, 0, BLOCK_BYTES);
        struct collector_memory memory = {0};
        struct collector_config config = {
            .store = store,
            .reduce = &reduce,
            .partitioner = {.partitions = 1},
            .memory = &memory,
        };
        struct collector *collector = collector_new(&config);
        struct slice long_one = slice_of(bytes, sizeof bytes);
        struct fault fault;
        ROW_EQ(row, collector_emit(collector, SLICE("k"), SLICE("1"), &fault), ERR_OK);
        ROW_EQ(row, collector_emit(collector, long_one, SLICE("1"), &fault), ERR_TOO_LONG);
        cr_expect_not_null(strstr(fault.text, "--memory"), "%s", fault.text);
        ROW_EQ(row, collector_pairs(collector), 1);
        if (collector_counts(collector)) {
            ROW_EQ(row, collector_count_keys(collector, &long_one, 1, &fault), ERR_TOO_LONG);
        }
        collector_free(collector);
        collector_memory_free(&memory);
        run_store_free(store);
        group_free(reduce.group);
    }
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}

Test(collector, samples_and_lines)
{
    struct arena *arena = arena_new();
    const char *folder = fixture_folder(arena);
    const char *path = arena_format(arena, "%s/lines", folder);
    struct fault fault;
    struct file file;
    const struct run_part *parts;
    uint32_t count;
    cr_assert_eq(file_create(path, &file, &fault), ERR_OK);
    struct sample *sample = sample_new(10, 10, 1);
    struct writer *writer = writer_new(&file, COMPRESSION_NONE);
    struct collector_config configs[] = {{.sample = sample}, {.writer = writer}};
    for (size_t c = 0; c < COUNT_OF(configs); c++) {
        struct collector *collector = collector_new(&configs[c]);
        cr_expect_eq(collector_emit(collector, SLICE("k"), SLICE("v"), &fault), ERR_OK);
        cr_expect_eq(collector_emit(collector, SLICE("alone"), SLICE(""), &fault), ERR_OK);
        cr_expect_eq(collector_finish(collector, &parts, &count, &fault), ERR_OK);
        cr_expect_eq(count, 0);
        cr_expect_eq(collector_pairs(collector), 2);
        collector_free(collector);
    }
    cr_expect_eq(sample_count(sample), 2);
    cr_expect_eq(writer_bytes(writer), strlen("k\tv\nalone\n"));
    sample_free(sample);
    writer_free(writer);
    file_close(&file);
    file_remove(path);
    cr_expect_eq(rmdir(folder), 0);
    arena_free(arena);
}
