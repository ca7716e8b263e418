/*
 * value_order.c -- see value_order.h.
 *
 * The sorter's key is the value's order key followed by the pair's key; the order key is
 * prefix-free, so the two do not run into each other. The sorter's value is the pair itself.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/number.h"
#include "work/job/value_order.h"
#include "work/shuffle/collector.h"
#include "work/shuffle/merge.h"

struct value_order {
    struct sink sink; /* first: the functions get its address */
    bool descending;
    size_t memory_bytes;
    struct run_store *store;
    struct collector *collector;
    struct collector_memory memory;
    struct reduce_operator sort; /* what the collector is told: a plain group, nothing combined */
    struct buffer key, value, order_key, pair;
};

static enum err order_begin(struct sink *sink, struct slice key, struct fault *fault)
{
    (void)fault;
    struct value_order *order = (struct value_order *)sink;
    buffer_clear(&order->key);
    buffer_clear(&order->value);
    buffer_append(&order->key, key);
    return ERR_OK;
}

static enum err order_append(struct sink *sink, struct slice bytes, struct fault *fault)
{
    struct value_order *order = (struct value_order *)sink;
    if (order->value.len + bytes.len > order->memory_bytes) {
        return fault_set(fault, ERR_TOO_LONG,
                         "a value to order by is longer than the %zu bytes of memory there are "
                         "for it; raise --memory, or leave --order away",
                         order->memory_bytes);
    }
    buffer_append(&order->value, bytes);
    return ERR_OK;
}

static enum err order_end(struct sink *sink, struct fault *fault)
{
    struct value_order *order = (struct value_order *)sink;
    struct slice key = buffer_slice(&order->key), value = buffer_slice(&order->value);
    buffer_clear(&order->order_key);
    if (order->descending) {
        number_order_key_descending(value, &order->order_key);
    } else {
        number_order_key(value, &order->order_key);
    }
    buffer_append(&order->order_key, key);
    buffer_clear(&order->pair);
    put_sized(&order->pair, key);
    buffer_append(&order->pair, value);
    return collector_emit(order->collector, buffer_slice(&order->order_key),
                          buffer_slice(&order->pair), fault);
}

struct value_order *value_order_new(size_t memory_bytes, bool descending, struct run_store *store)
{
    struct value_order *order = calloc(1, sizeof *order);
    ASSERT(order != NULL);
    order->sink = (struct sink){order_begin, order_append, order_end};
    order->descending = descending;
    order->memory_bytes = memory_bytes / 3; /* for one value, and for reading back */
    order->store = store;
    order->sort = (struct reduce_operator){.kind = REDUCE_GROUP};
    struct collector_config config = {
        .store = store,
        .reduce = &order->sort,
        .partitioner = {.partitions = 1},
        .memory = &order->memory,
        .memory_bytes = memory_bytes / 3 * 2,
    };
    order->collector = collector_new(&config);
    return order;
}

struct sink *value_order_sink(struct value_order *order)
{
    return &order->sink;
}

static enum err put_all(struct merge *merge, struct part *part, struct fault *fault)
{
    for (;;) {
        struct record record;
        bool got;
        enum err err = merge_next(merge, &record, &got, fault);
        if (err != ERR_OK || !got) return err;
        struct cursor cursor = cursor_of(record.value);
        struct slice key = cursor_sized(&cursor);
        struct slice value = cursor_bytes(&cursor, cursor_left(&cursor));
        ASSERT(!cursor.bad);
        err = part_put(part, key, value, fault);
        if (err != ERR_OK) return err;
    }
}

enum err value_order_finish(struct value_order *order, struct part *part, struct fault *fault)
{
    const struct run_part *runs;
    uint32_t count;
    enum err err = collector_finish(order->collector, &runs, &count, fault);
    if (err != ERR_OK) return err;
    struct merge_part *parts = calloc(count + 1, sizeof *parts);
    ASSERT(parts != NULL);
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = (struct merge_part){order->store, runs[i].run, runs[i].offset, runs[i].bytes};
    }
    struct merge_config config = {.parts = parts,
                                  .parts_count = count,
                                  .memory_bytes = order->memory_bytes,
                                  .scratch = order->store,
                                  .mode = MERGE_ALL};
    struct merge *merge;
    err = merge_new(&config, &merge, fault);
    if (err == ERR_OK) err = put_all(merge, part, fault);
    merge_free(merge);
    free(parts);
    return err;
}

uint64_t value_order_spills(const struct value_order *order)
{
    return collector_spills(order->collector);
}

void value_order_free(struct value_order *order)
{
    if (order == NULL) return;
    collector_free(order->collector);
    collector_memory_free(&order->memory);
    buffer_free(&order->key);
    buffer_free(&order->value);
    buffer_free(&order->order_key);
    buffer_free(&order->pair);
    free(order);
}
