/*
 * map_task.c -- a map or sample task: a split through the map operator into runs, lines or samples.
 */
#include "io/clock.h"
#include "io/folder.h"
#include "work/child/map_child.h"
#include "work/job/command_combiner.h"
#include "work/job/task.h"
#include "work/map/map.h"
#include "work/read/reader.h"
#include "work/shuffle/collector.h"

enum {
    SAMPLE_BYTES = 1 << 20, /* of a split, from its start */
    PROGRESS_NS = 100 * 1000 * 1000,
};

struct map_work {
    struct task *task;
    struct split split;
    struct bad_records bad;
    struct reader *reader;
    struct reduce_operator reduce;
    struct command_combiner *combiner;
    struct collector *collector;
    struct sample *sample;
    struct part *part;
    struct map_operator *map;
    struct map_child *child;
    instant told; /* when progress was last told */
};

static bool is_sample(const struct task *task)
{
    return task->run->run.kind == MR_SAMPLE;
}

static bool is_map_only(const struct task *task)
{
    return task->run->run.partitions == 0;
}

/* A sample reads no more than the start of its split. */
static void shorten(struct split *split)
{
    uint64_t left = SAMPLE_BYTES;
    uint32_t count = 0;
    for (; count < split->count && left > 0; count++) {
        struct piece *piece = &split->pieces[count];
        if (piece->bytes > left) piece->last = false;
        piece->bytes = u64_min(piece->bytes, left);
        left -= piece->bytes;
    }
    split->count = count;
}

static enum err open_reader(struct map_work *work, struct fault *fault)
{
    struct task *task = work->task;
    const struct mr_run_task *run = &task->run->run;
    enum err err = split_decode(run->split, task->arena, &work->split, fault);
    if (err != ERR_OK) return err;
    work->bad.allowed = is_sample(task) ? UINT64_MAX : run->bad_records_allowed;
    if (is_sample(task)) shorten(&work->split);
    struct job_spec *spec = ARENA_NEW(task->arena, struct job_spec);
    *spec = *task->job->spec;
    const struct memory_share *share = &task->job->share;
    struct reader_limits limits = {
        .stop = task->stop,
        .window_bytes_max = share->window_max,
        .record_by_memory = share->record_max < spec->record_bytes_max,
    };
    spec->record_bytes_max = u64_min(spec->record_bytes_max, share->record_max);
    err = reader_open(spec, &work->split, share->reader, &work->bad, &work->reader, fault);
    if (err == ERR_OK) reader_set_limits(work->reader, &limits);
    return err;
}

/* Without splitters a total order has one range, not hashes. */
static struct partitioner partitioner_of(const struct task *task)
{
    const struct mr_run_task *run = &task->run->run;
    struct partitioner partitioner = {.partitions = run->partitions};
    if (!task->job->spec->total_order) return partitioner;
    ASSERT(run->splitters != NULL);
    partitioner.splitters = run->splitters;
    partitioner.splitters_count = run->splitters_count;
    return partitioner;
}

static enum err open_collector(struct map_work *work, struct fault *fault)
{
    struct task *task = work->task;
    const struct mr_run_task *run = &task->run->run;
    struct collector_config config = {
        .reduce = &work->reduce,
        .partitioner = partitioner_of(task),
        .memory = task->memory,
        .memory_bytes = task->job->share.work,
        .hash_seed = task->job->hash_seed,
    };
    enum err err = reduce_new(task->arena, task->job->spec, &work->reduce, fault);
    if (err == ERR_OK && is_sample(task)) {
        work->sample = sample_new(MR_SAMPLE_KEYS_MAX, MR_SAMPLE_KEY_BYTES_MAX, run->part);
        config.sample = work->sample;
    } else if (err == ERR_OK && is_map_only(task)) {
        err = task_part_new(task, &work->part, fault);
        if (err == ERR_OK) config.writer = part_writer(work->part);
    } else if (err == ERR_OK) {
        config.store = task->store;
        if (task->job->spec->combine.len > 0) {
            work->combiner = command_combiner_new(task);
            config.combiner = command_combiner_of(work->combiner);
        }
    }
    if (err == ERR_OK) work->collector = collector_new(&config);
    return err;
}

/* What is spliced into a command passes the reader by. */
static uint64_t bytes_read(const struct map_work *work)
{
    uint64_t read = reader_bytes_read(work->reader);
    if (work->child == NULL) return read;
    struct map_child_counts counts = map_child_counts(work->child);
    return counts.spliced ? counts.bytes_in : read;
}

static void tell_progress(struct map_work *work, struct slice status)
{
    instant now = clock_now();
    if (now.ns - work->told.ns < PROGRESS_NS) return;
    work->told = now;
    struct mr_counts counts = work->task->done->report.counts;
    counts.bytes_read = bytes_read(work);
    counts.records_out = collector_pairs(work->collector);
    counts.spills = collector_spills(work->collector);
    counts.bad_records = work->bad.count;
    work->task->watch->progress(work->task->watch, &counts, status);
}

static enum err run_native(struct map_work *work, struct fault *fault)
{
    struct task *task = work->task;
    struct mr_counts *counts = &task->done->report.counts;
    enum err err = map_new(task->arena, task->job->spec, &work->map, fault);
    while (err == ERR_OK) {
        struct block block;
        err = task_stopped(task, fault);
        if (err == ERR_OK) err = reader_next(work->reader, &block, fault);
        if (err != ERR_OK || block.bytes.len == 0) break;
        err = map_block(work->map, &block, work->collector, &work->bad, &counts->records_in, fault);
        if (is_sample(task) && reader_bytes_read(work->reader) > SAMPLE_BYTES) break;
        tell_progress(work, (struct slice){0});
    }
    return err;
}

static enum err run_child(struct map_work *work, struct fault *fault)
{
    struct task *task = work->task;
    struct task_environment environment;
    task_environment_fill(task, &environment);
    if (work->split.count > 0) {
        environment.file = work->split.pieces[0].path;
        environment.file_start = work->split.pieces[0].offset;
        environment.file_bytes = work->split.pieces[0].bytes;
    }
    struct map_child_config config = {
        .spec = task->job->spec,
        .reader = work->reader,
        .task = &environment,
        .collector = work->part == NULL ? work->collector : NULL,
        .writer = work->part == NULL ? NULL : part_writer(work->part),
        .bad = &work->bad,
        .stop = task->stop,
    };
    enum err err = map_child_start(&config, &work->child, fault);
    for (bool done = false; err == ERR_OK && !done;) {
        err = map_child_step(work->child, &done, fault);
        task->done->report.counts.records_in = map_child_counts(work->child).records_in;
        tell_progress(work, child_status(map_child_child(work->child)));
    }
    if (err == ERR_OK) task_counters_take(task, map_child_child(work->child));
    return err;
}

static void report_segments(struct map_work *work, const struct run_part *parts, uint32_t count)
{
    struct mr_task_done *done = work->task->done;
    done->segments = ARENA_ARRAY(work->task->arena, struct mr_segment, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        done->segments[i] = (struct mr_segment){
            .partition = parts[i].partition,
            .run = {parts[i].run},
            .offset = parts[i].offset,
            .bytes = parts[i].bytes,
            .records = parts[i].records,
        };
    }
    done->segments_count = count;
}

static void report_samples(struct map_work *work)
{
    struct mr_task_done *done = work->task->done;
    size_t count = sample_count(work->sample);
    done->samples = ARENA_ARRAY(work->task->arena, struct slice, count + 1);
    for (size_t i = 0; i < count; i++) {
        done->samples[i] = arena_copy(work->task->arena, sample_key(work->sample, i));
    }
    done->samples_count = (uint32_t)count;
}

static enum err finish(struct map_work *work, struct fault *fault)
{
    struct mr_task_done *done = work->task->done;
    struct mr_counts *counts = &done->report.counts;
    const struct run_part *parts;
    uint32_t count;
    enum err err = collector_finish(work->collector, &parts, &count, fault);
    if (err != ERR_OK) return err;
    counts->bytes_read = bytes_read(work);
    counts->records_out = collector_pairs(work->collector);
    counts->spills = collector_spills(work->collector);
    counts->bad_records = is_sample(work->task) ? 0 : work->bad.count;
    done->report.first_bad = arena_copy(work->task->arena, slice_text(work->bad.first));
    report_segments(work, parts, count);
    if (work->sample != NULL) report_samples(work);
    if (work->part == NULL) return ERR_OK;
    if (work->child != NULL) counts->records_out = map_child_counts(work->child).records_out;
    done->output_records = counts->records_out;
    done->output_bytes = part_bytes(work->part);
    return part_commit(work->part, fault);
}

static void close_all(struct map_work *work)
{
    map_child_free(work->child);
    map_free(work->map);
    collector_free(work->collector);
    command_combiner_free(work->combiner);
    sample_free(work->sample);
    part_free(work->part);
    reader_close(work->reader);
    group_free(work->reduce.group);
}

/* What was read from standard input or a pipe is gone: another attempt would read less. */
static bool reads_stream(const struct split *split, struct arena *arena)
{
    if (split->count != 1 || split->bytes > 0) return false; /* streams are never packed */
    struct slice path = split->pieces[0].path;
    struct path_status status;
    struct fault *fault = ARENA_NEW(arena, struct fault);
    if (slice_eq(path, SLICE("-"))) return true;
    return path_look(arena_text(arena, path), &status, fault) == ERR_OK &&
           status.kind == PATH_STREAM;
}

enum err map_task_run(struct task *task, struct fault *fault)
{
    struct map_work work = {.task = task, .told = clock_now()};
    struct run_mark before = run_store_mark(task->store);
    enum err err = open_reader(&work, fault);
    if (err == ERR_OK) err = open_collector(&work, fault);
    if (err == ERR_OK) {
        err = map_is_child(task->job->spec) ? run_child(&work, fault) : run_native(&work, fault);
    }
    if (err == ERR_OK) err = finish(&work, fault);
    if (err != ERR_OK && reads_stream(&work.split, task->arena)) fault->retry = false;
    close_all(&work);
    if (err != ERR_OK) run_store_rewind(task->store, before);
    return err;
}
