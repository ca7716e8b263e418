/* collector_flush.c -- from the table through the sorter into runs. See collector_impl.h. */
#include <stdlib.h>

#include "work/shuffle/collector_impl.h"
#include "work/shuffle/set_key.h"

enum { AHEAD = 16 }; /* pairs fetched before they are written: the sort has shuffled them */

static void keep_parts(struct collector *collector, const struct run_part *parts, uint32_t count)
{
    uint32_t need = collector->parts_count + count;
    if (need > collector->parts_capacity) {
        collector->parts_capacity = need + need / 2;
        collector->parts =
            realloc(collector->parts, collector->parts_capacity * sizeof *collector->parts);
        ASSERT(collector->parts != NULL);
    }
    if (count > 0) {
        memcpy(collector->parts + collector->parts_count, parts, count * sizeof *parts);
    }
    collector->parts_count = need;
}

static enum err write_items(struct collector *collector, const uint8_t *pairs,
                            const struct item *items, size_t count, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) __builtin_prefetch(pairs + item_offset(items[i + AHEAD]));
        enum err err = run_put(collector->config.store, pair_key(pairs, items[i]),
                               pair_value(pairs, items[i]), fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

/* The end of the equal keys that start at `from`. */
static size_t equals_end(const uint8_t *pairs, const struct item *items, size_t count, size_t from)
{
    struct slice key = pair_key(pairs, items[from]);
    size_t end = from + 1;
    while (end < count && slice_eq(key, pair_key(pairs, items[end]))) end++;
    return end;
}

/* Through the reduce operator itself, which combines: its pairs come in the order of the keys. */
static enum err write_groups(struct collector *collector, const uint8_t *pairs,
                             const struct item *items, size_t count, struct fault *fault)
{
    struct group_operator *group = collector->config.reduce->group;
    for (size_t from = 0; from < count;) {
        size_t end = equals_end(pairs, items, count, from);
        enum err err = group_begin(group, pair_key(pairs, items[from]), true,
                                   &collector->pair_sink.sink, fault);
        for (; from < end && err == ERR_OK; from++) {
            err = group_value(group, pair_value(pairs, items[from]), fault);
        }
        if (err == ERR_OK) err = group_end(group, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

static enum err write_partitions(struct collector *collector, struct sorter *sorter,
                                 bool group_combines, struct fault *fault)
{
    struct run_store *store = collector->config.store;
    for (uint32_t p = 0; p < collector->config.partitioner.partitions; p++) {
        size_t count;
        const struct item *items = sorter_items(sorter, p, &count);
        const uint8_t *pairs = sorter_pairs(sorter);
        enum err err = group_combines ? write_groups(collector, pairs, items, count, fault)
                                      : write_items(collector, pairs, items, count, fault);
        if (err == ERR_OK) err = run_end_part(store, p, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

/* The sorter, sorted, becomes one run. */
static enum err write_run(struct collector *collector, struct sorter *sorter, bool group_combines,
                          struct fault *fault)
{
    struct run_store *store = collector->config.store;
    const struct run_part *parts;
    uint32_t count;
    run_begin(store);
    enum err err = write_partitions(collector, sorter, group_combines, fault);
    if (err == ERR_OK) err = run_end(store, &parts, &count, fault);
    if (err != ERR_OK) {
        run_abandon(store);
        return err;
    }
    keep_parts(collector, parts, count);
    sorter_clear(sorter);
    return ERR_OK;
}

static enum err pair_sink_begin(struct sink *sink, struct slice key, struct fault *fault)
{
    (void)fault;
    struct pair_sink *pair = (struct pair_sink *)sink;
    buffer_clear(&pair->key);
    buffer_clear(&pair->value);
    buffer_append(&pair->key, key);
    return ERR_OK;
}

static enum err pair_sink_append(struct sink *sink, struct slice bytes, struct fault *fault)
{
    (void)fault;
    buffer_append(&((struct pair_sink *)sink)->value, bytes);
    return ERR_OK;
}

static enum err pair_sink_to_run(struct sink *sink, struct fault *fault)
{
    struct pair_sink *pair = (struct pair_sink *)sink;
    return run_put(pair->collector->config.store, buffer_slice(&pair->key),
                   buffer_slice(&pair->value), fault);
}

/* What a combiner command writes is in no order: it is sorted once more. */
static enum err pair_sink_to_sorter(struct sink *sink, struct fault *fault)
{
    struct pair_sink *pair = (struct pair_sink *)sink;
    struct collector *collector = pair->collector;
    struct slice key = buffer_slice(&pair->key), value = buffer_slice(&pair->value);
    uint32_t partition = partition_of(&collector->config.partitioner, key);
    if (sorter_add(collector->combined, partition, key, value)) return ERR_OK;
    sorter_sort(collector->combined);
    enum err err = write_run(collector, collector->combined, false, fault);
    if (err != ERR_OK || sorter_add(collector->combined, partition, key, value)) return err;
    return fault_set(fault, ERR_TOO_LONG,
                     "the combiner wrote a line of %zu bytes, which does not "
                     "fit into the memory of a worker; raise --memory",
                     key.len + value.len);
}

static void pair_sink_open(struct collector *collector,
                           enum err (*end)(struct sink *sink, struct fault *fault))
{
    collector->pair_sink.collector = collector;
    collector->pair_sink.sink = (struct sink){pair_sink_begin, pair_sink_append, end};
}

/* Feed one partition to the combiner command. */
static enum err combine_partition(struct collector *collector, uint32_t partition,
                                  struct fault *fault)
{
    struct combiner *combiner = collector->config.combiner;
    const uint8_t *pairs = sorter_pairs(collector->sorter);
    size_t count;
    const struct item *items = sorter_items(collector->sorter, partition, &count);
    if (count == 0) return ERR_OK;
    enum err err = combiner->begin(combiner, partition, &collector->pair_sink.sink, fault);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err =
            combiner->put(combiner, pair_key(pairs, items[i]), pair_value(pairs, items[i]), fault);
    }
    return err == ERR_OK ? combiner->end(combiner, fault) : err;
}

static enum err combine_all(struct collector *collector, struct fault *fault)
{
    pair_sink_open(collector, pair_sink_to_sorter);
    for (uint32_t p = 0; p < collector->config.partitioner.partitions; p++) {
        enum err err = combine_partition(collector, p, fault);
        if (err != ERR_OK) return err;
    }
    sorter_clear(collector->sorter);
    if (sorter_is_empty(collector->combined)) return ERR_OK;
    sorter_sort(collector->combined);
    return write_run(collector, collector->combined, false, fault);
}

enum err collector_flush_sorter(struct collector *collector, struct fault *fault)
{
    if (sorter_is_empty(collector->sorter)) return ERR_OK;
    sorter_sort(collector->sorter);
    if (collector->config.combiner != NULL) return combine_all(collector, fault);
    pair_sink_open(collector, pair_sink_to_run);
    return write_run(collector, collector->sorter, collector->config.reduce->group_combines, fault);
}

/* Of a set, the partition is that of the key alone. */
static uint32_t partition_of_table_key(struct collector *collector, struct slice key)
{
    if (!collector->config.reduce->values_sorted) {
        return partition_of(&collector->config.partitioner, key);
    }
    struct slice escaped, value;
    bool is_joined = set_key_split(key, &escaped, &value);
    ASSERT(is_joined);
    buffer_clear(&collector->plain);
    set_key_unescape(escaped, &collector->plain);
    return partition_of(&collector->config.partitioner, buffer_slice(&collector->plain));
}

static enum err table_pair_to_sorter(struct collector *collector, struct slice key,
                                     struct slice state, struct fault *fault)
{
    uint32_t partition = partition_of_table_key(collector, key);
    if (sorter_add(collector->sorter, partition, key, state)) return ERR_OK;
    enum err err = collector_flush_sorter(collector, fault);
    if (err != ERR_OK || sorter_add(collector->sorter, partition, key, state)) return err;
    return fault_set(fault, ERR_TOO_LONG,
                     "a key of %zu bytes does not fit into the memory of a worker; raise --memory",
                     key.len);
}

enum err collector_flush_table(struct collector *collector, struct fault *fault)
{
    const struct fold_type *fold = collector->config.reduce->fold;
    struct slice key;
    const void *state;
    for (size_t at = 0; fold_table_next(collector->table, &at, &key, &state);) {
        buffer_clear(&collector->state);
        if (!collector->config.reduce->values_sorted) fold->encode(state, &collector->state);
        enum err err = table_pair_to_sorter(collector, key, buffer_slice(&collector->state), fault);
        if (err != ERR_OK) return err;
    }
    fold_table_clear(collector->table);
    return collector_flush_sorter(collector, fault);
}
