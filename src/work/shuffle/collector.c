/* collector.c -- taking pairs. See collector.h. */
#include <stdlib.h>

#include "work/shuffle/collector_impl.h"
#include "work/shuffle/set_key.h"

void collector_memory_free(struct collector_memory *memory)
{
    fold_table_free(memory->table);
    sorter_free(memory->sorter);
    sorter_free(memory->combined);
    *memory = (struct collector_memory){0};
}

/* A table gets more than the sorter that it is emptied through, piece by piece. */
static void memory_fill(struct collector_memory *memory, const struct collector_config *config)
{
    size_t bytes = config->memory_bytes;
    uint32_t partitions = config->partitioner.partitions;
    if (config->reduce->kind == REDUCE_FOLD || config->reduce->values_sorted) {
        memory->table = fold_table_new(config->reduce->fold, bytes / 8 * 5, config->hash_seed);
        bytes = bytes / 8 * 3;
    }
    if (config->combiner != NULL) {
        bytes /= 2;
        memory->combined = sorter_new(bytes, partitions);
    }
    memory->sorter = sorter_new(bytes, partitions);
}

struct collector *collector_new(const struct collector_config *config)
{
    struct collector *collector = calloc(1, sizeof *collector);
    ASSERT(collector != NULL);
    collector->config = *config;
    if (config->store == NULL) return collector;
    struct collector_memory *memory = config->memory;
    if (memory->sorter == NULL) memory_fill(memory, config);
    collector->table = memory->table;
    collector->sorter = memory->sorter;
    collector->combined = memory->combined;
    /* The task before may have ended in the middle. */
    if (collector->table != NULL) fold_table_clear(collector->table);
    if (collector->combined != NULL) sorter_clear(collector->combined);
    sorter_clear(collector->sorter);
    return collector;
}

void collector_free(struct collector *collector)
{
    if (collector == NULL) return;
    buffer_free(&collector->joined);
    buffer_free(&collector->plain);
    buffer_free(&collector->state);
    buffer_free(&collector->pair_sink.key);
    buffer_free(&collector->pair_sink.value);
    free(collector->parts);
    free(collector);
}

static enum err emit_fold(struct collector *collector, struct slice key, struct slice value,
                          struct fault *fault)
{
    bool full;
    enum err err = fold_table_add(collector->table, key, value, &full, fault);
    if (err != ERR_OK || !full) return err;
    collector->spills++;
    err = collector_flush_table(collector, fault);
    if (err != ERR_OK) return err;
    return fold_table_add(collector->table, key, value, &full, fault);
}

static enum err emit_set(struct collector *collector, struct slice key, struct slice value,
                         struct fault *fault)
{
    buffer_clear(&collector->joined);
    set_key_join(key, value, &collector->joined);
    return emit_fold(collector, buffer_slice(&collector->joined), (struct slice){0}, fault);
}

static enum err emit_pair(struct collector *collector, struct slice key, struct slice value,
                          struct fault *fault)
{
    if (collector->config.reduce->value_check != NULL) {
        enum err err = collector->config.reduce->value_check(value, fault);
        if (err != ERR_OK) return err;
    }
    uint32_t partition = partition_of(&collector->config.partitioner, key);
    if (LIKELY(sorter_add(collector->sorter, partition, key, value))) return ERR_OK;
    if (!sorter_is_empty(collector->sorter)) {
        collector->spills++;
        enum err err = collector_flush_sorter(collector, fault);
        if (err != ERR_OK) return err;
        if (sorter_add(collector->sorter, partition, key, value)) return ERR_OK;
    }
    return fault_set(fault, ERR_TOO_LONG,
                     "a record of %zu bytes does not fit into the memory of a worker; raise "
                     "--memory",
                     key.len + value.len);
}

enum err collector_emit(struct collector *collector, struct slice key, struct slice value,
                        struct fault *fault)
{
    enum err err;
    if (collector->config.sample != NULL) {
        sample_add(collector->config.sample, key);
        err = ERR_OK;
    } else if (collector->config.writer != NULL) {
        err = writer_put_line(collector->config.writer, key, value, fault);
    } else if (collector->table == NULL) {
        err = emit_pair(collector, key, value, fault);
    } else if (collector->config.reduce->values_sorted) {
        err = emit_set(collector, key, value, fault);
    } else {
        err = emit_fold(collector, key, value, fault);
    }
    collector->pairs += err == ERR_OK;
    return err;
}

bool collector_counts(const struct collector *collector)
{
    const struct reduce_operator *reduce = collector->config.reduce;
    return collector->table != NULL && reduce->kind == REDUCE_FOLD && reduce->fold->counts;
}

/* As many as the table takes; then it is emptied, and on. */
enum err collector_count_keys(struct collector *collector, const struct slice *keys, size_t count,
                              struct fault *fault)
{
    for (size_t done = 0;;) {
        size_t taken = fold_table_count(collector->table, keys + done, count - done);
        collector->pairs += taken;
        done += taken;
        if (done == count) return ERR_OK;
        /* The one that did not fit: the slow way empties the table, or says that it never will. */
        enum err err = collector_emit(collector, keys[done++], (struct slice){0}, fault);
        if (err != ERR_OK) return err;
    }
}

enum err collector_finish(struct collector *collector, const struct run_part **parts,
                          uint32_t *count, struct fault *fault)
{
    enum err err = ERR_OK;
    if (collector->table != NULL) err = collector_flush_table(collector, fault);
    if (err == ERR_OK && collector->sorter != NULL) {
        err = collector_flush_sorter(collector, fault);
    }
    *parts = collector->parts;
    *count = collector->parts_count;
    return err;
}

uint64_t collector_pairs(const struct collector *collector)
{
    return collector->pairs;
}

uint64_t collector_spills(const struct collector *collector)
{
    return collector->spills;
}
