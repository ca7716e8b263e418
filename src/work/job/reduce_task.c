/*
 * reduce_task.c -- a reduce task: the segments of a partition, merged, through the reduce operator
 * into a part file.
 */
#include <stdlib.h>

#include "io/clock.h"
#include "work/child/reduce_child.h"
#include "work/job/task.h"
#include "work/job/value_order.h"
#include "work/reduce/reduce.h"
#include "work/shuffle/merge.h"
#include "work/shuffle/set_key.h"

enum {
    PROGRESS_NS = 100 * 1000 * 1000,
    PROGRESS_KEYS = 4096, /* looked at the clock after so many keys, or records of one key */
};

struct reduce_work {
    struct task *task;
    struct reduce_operator reduce;
    struct merge *merge;
    struct part *part;
    struct value_order *order; /* NULL: by key */
    struct sink *sink;         /* of the order or the part */
    struct reduce_child *child;
    struct buffer text; /* a state as text; or the key of the group at hand */
    uint64_t segment_bytes, segment_records, records;
    instant told;
};

static enum err open_merge(struct reduce_work *work, struct fault *fault)
{
    struct task *task = work->task;
    const struct mr_run_task *run = &task->run->run;
    struct merge_part *parts = ARENA_ARRAY(task->arena, struct merge_part, run->segments_count + 1);
    for (uint32_t i = 0; i < run->segments_count; i++) {
        const struct mr_segment *segment = &run->segments[i];
        if (segment->worker.n >= task->job->workers) {
            return fault_set(fault, ERR_CORRUPT, "map output of worker %u: there is none",
                             segment->worker.n);
        }
        parts[i] = (struct merge_part){task->job->stores[segment->worker.n], segment->run.n,
                                       segment->offset, segment->bytes};
        work->segment_bytes += segment->bytes;
        work->segment_records += segment->records;
    }
    struct merge_config config = {
        .parts = parts,
        .parts_count = run->segments_count,
        .memory_bytes = task->job->share.work / 2,
        .scratch = task->scratch,
        .mode = work->reduce.kind == REDUCE_FOLD ? MERGE_FOLD
                : work->reduce.values_sorted     ? MERGE_SET
                                                 : MERGE_ALL,
        .fold = work->reduce.fold,
        .stop = task->stop,
    };
    return merge_new(&config, &work->merge, fault);
}

static enum err open_output(struct reduce_work *work, struct fault *fault)
{
    const struct job_spec *spec = work->task->job->spec;
    enum err err = task_part_new(work->task, &work->part, fault);
    if (err != ERR_OK) return err;
    work->sink = part_sink(work->part);
    if (spec->order == ORDER_KEY) return ERR_OK;
    work->order = value_order_new(work->task->job->share.work / 2,
                                  spec->order == ORDER_VALUE_DESCENDING, work->task->scratch);
    work->sink = value_order_sink(work->order);
    return ERR_OK;
}

/* From time to time, look whether to stop, and tell. */
static enum err tell_progress(struct reduce_work *work, struct fault *fault)
{
    struct mr_counts *counts = &work->task->done->report.counts;
    instant now = clock_now();
    if (now.ns - work->told.ns < PROGRESS_NS) return ERR_OK;
    work->told = now;
    counts->records_in = work->records;
    /* Bytes are not counted on the way: as far as the records are, the bytes will be. */
    uint64_t all = u64_max(work->segment_records, 1);
    counts->bytes_read =
        (uint64_t)((double)work->segment_bytes * (double)u64_min(work->records, all) / (double)all);
    struct slice status = {0};
    if (work->child != NULL) status = child_status(reduce_child_child(work->child));
    work->task->watch->progress(work->task->watch, counts, status);
    return task_stopped(work->task, fault);
}

/* One more key is through. */
static enum err key_done(struct reduce_work *work, struct fault *fault)
{
    uint64_t keys = ++work->task->done->report.counts.keys_out;
    return keys % PROGRESS_KEYS == 0 ? tell_progress(work, fault) : ERR_OK;
}

/* One more record: a single key may have all there are. */
static enum err record_done(struct reduce_work *work, struct fault *fault)
{
    return ++work->records % PROGRESS_KEYS == 0 ? tell_progress(work, fault) : ERR_OK;
}

static enum err put_state(struct reduce_work *work, struct slice key, const void *state,
                          struct fault *fault)
{
    buffer_clear(&work->text);
    work->reduce.fold->format(state, &work->text);
    struct slice text = buffer_slice(&work->text);
    return work->order == NULL ? part_put(work->part, key, text, fault)
                               : sink_put(work->sink, key, text, fault);
}

static enum err run_fold(struct reduce_work *work, struct fault *fault)
{
    for (;;) {
        uint64_t state[FOLD_STATE_BYTES_MAX / sizeof(uint64_t)];
        struct slice key;
        bool got;
        enum err err = merge_next_folded(work->merge, &key, state, &got, fault);
        if (err != ERR_OK || !got) return err;
        err = put_state(work, key, state, fault);
        work->records = merge_records(work->merge);
        if (err == ERR_OK) err = key_done(work, fault);
        if (err != ERR_OK) return err;
    }
}

/* Groups out of joined keys: the values of a key come as neighbours, each once. */
static enum err run_set(struct reduce_work *work, struct fault *fault)
{
    struct group_operator *group = work->reduce.group;
    struct buffer escaped = {0};
    bool open = false;
    enum err err;
    for (;;) {
        struct slice joined, key, value;
        bool got;
        err = merge_next_folded(work->merge, &joined, NULL, &got, fault);
        if (err != ERR_OK || !got) break;
        bool is_joined = set_key_split(joined, &key, &value);
        ASSERT(is_joined);
        if (!open || !slice_eq(key, buffer_slice(&escaped))) {
            if (open) err = group_end(group, fault);
            if (open && err == ERR_OK) err = key_done(work, fault);
            if (err != ERR_OK) break;
            buffer_clear(&escaped);
            buffer_append(&escaped, key);
            buffer_clear(&work->text);
            set_key_unescape(key, &work->text);
            err = group_begin(group, buffer_slice(&work->text), false, work->sink, fault);
            open = true;
        }
        if (err == ERR_OK) err = group_value(group, value, fault);
        work->records = merge_records(work->merge);
        if (err != ERR_OK) break;
    }
    if (err == ERR_OK && open) err = group_end(group, fault);
    if (err == ERR_OK && open) err = key_done(work, fault);
    buffer_free(&escaped);
    return err;
}

static enum err run_groups(struct reduce_work *work, struct fault *fault)
{
    struct group_operator *group = work->reduce.group;
    bool open = false;
    enum err err;
    for (;;) {
        struct record record;
        bool got;
        err = merge_next(work->merge, &record, &got, fault);
        if (err != ERR_OK || !got) break;
        err = record_done(work, fault);
        if (err != ERR_OK) break;
        if (!open || !slice_eq(record.key, buffer_slice(&work->text))) {
            if (open) err = group_end(group, fault);
            if (open && err == ERR_OK) err = key_done(work, fault);
            if (err != ERR_OK) break;
            buffer_clear(&work->text);
            buffer_append(&work->text, record.key);
            err = group_begin(group, buffer_slice(&work->text), false, work->sink, fault);
            open = true;
        }
        if (err == ERR_OK) err = group_value(group, record.value, fault);
        if (err != ERR_OK) break;
    }
    if (err == ERR_OK && open) err = group_end(group, fault);
    if (err == ERR_OK && open) err = key_done(work, fault);
    return err;
}

static enum err feed_child(struct reduce_work *work, struct fault *fault)
{
    for (bool first = true;; first = false) {
        struct record record;
        bool got;
        enum err err = merge_next(work->merge, &record, &got, fault);
        if (err != ERR_OK || !got) return err;
        err = record_done(work, fault);
        if (err != ERR_OK) return err;
        if (first || !slice_eq(record.key, buffer_slice(&work->text))) {
            buffer_clear(&work->text);
            buffer_append(&work->text, record.key);
            err = key_done(work, fault);
        }
        if (err == ERR_OK) err = reduce_child_put(work->child, record.key, record.value, fault);
        if (err != ERR_OK) return err;
    }
}

static enum err run_child(struct reduce_work *work, struct fault *fault)
{
    struct task_environment environment;
    task_environment_fill(work->task, &environment);
    struct reduce_child_config config = {
        .spec = work->task->job->spec,
        .command = work->task->job->spec->reduce,
        .task = &environment,
        .writer = work->order == NULL ? part_writer(work->part) : NULL,
        .sink = work->order == NULL ? NULL : work->sink,
        .stop = work->task->stop,
    };
    enum err err = reduce_child_start(&config, &work->child, fault);
    if (err == ERR_OK) err = feed_child(work, fault);
    if (err == ERR_OK) err = reduce_child_finish(work->child, fault);
    if (err == ERR_OK) task_counters_take(work->task, reduce_child_child(work->child));
    return err;
}

static enum err run_operator(struct reduce_work *work, struct fault *fault)
{
    switch (work->reduce.kind) {
    case REDUCE_FOLD: return run_fold(work, fault);
    case REDUCE_GROUP:
        return work->reduce.values_sorted ? run_set(work, fault) : run_groups(work, fault);
    case REDUCE_CHILD: return run_child(work, fault);
    case REDUCE_NONE: break; /* a map-only job has no reduce tasks */
    }
    ASSERT(work->reduce.kind != REDUCE_NONE);
    return ERR_OK;
}

static enum err finish(struct reduce_work *work, struct fault *fault)
{
    struct mr_task_done *done = work->task->done;
    enum err err = ERR_OK;
    if (work->order != NULL) {
        err = value_order_finish(work->order, work->part, fault);
        done->report.counts.spills = value_order_spills(work->order);
    }
    if (err == ERR_OK) err = part_commit(work->part, fault);
    done->report.counts.bytes_read = work->segment_bytes;
    done->report.counts.records_in = work->records;
    done->output_bytes = part_bytes(work->part);
    done->output_records = work->child != NULL && work->order == NULL
                               ? reduce_child_records_out(work->child)
                               : part_pairs(work->part);
    done->report.counts.records_out = done->output_records;
    return err;
}

enum err reduce_task_run(struct task *task, struct fault *fault)
{
    struct reduce_work work = {.task = task, .told = clock_now()};
    struct run_mark before = run_store_mark(task->scratch);
    collector_memory_free(task->memory); /* the maps are done */
    enum err err = reduce_new(task->arena, task->job->spec, &work.reduce, fault);
    if (err == ERR_OK) err = open_output(&work, fault);
    if (err == ERR_OK) err = open_merge(&work, fault);
    if (err == ERR_OK) err = run_operator(&work, fault);
    if (err == ERR_OK) err = finish(&work, fault);
    reduce_child_free(work.child);
    merge_free(work.merge);
    value_order_free(work.order);
    part_free(work.part);
    group_free(work.reduce.group);
    buffer_free(&work.text);
    run_store_rewind(task->scratch, before); /* it held this task's runs alone */
    return err;
}
