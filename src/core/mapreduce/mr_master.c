/*
 * mr_master.c -- making a master, and its step. See mr_master.h.
 *
 * A task is ready, live or finished:
 *   ready -> live        mr_live_begin (mr_master_worker.c), from mr_deal
 *   live -> finished     mr_live_end, from a good MR_TASK_DONE
 *   live -> ready        mr_live_end, from MR_TASK_FAILED, or with its worker
 *   finished -> ready    mr_on_gone, only a map whose output is lost and still needed
 *
 * Invariants. The brackets mark the lines that keep them; mr_master_check sweeps them.
 *   I1  a task has one live attempt when it is live, and none otherwise.
 *   I2  a live attempt's worker has joined, and `used` counts its live attempts, up to its slots.
 *   I3  a phase counts its tasks by state.
 *   I4  a reduce begins only when all maps are finished; a live one that reads what was lost is
 *       told to stop.
 *   I5  the segments that a partition which is not reduced yet needs are with workers that have
 *       joined, or their map runs again.
 *   I6  a task has failed fewer than attempts_max times, and was lost up to MR_LOSSES_MAX times, or
 *       the job fails.
 *   I7  what is settled stays, and then nothing begins.
 *   I8  final: no attempt is live, every worker was told, and nothing leaves any more.
 *   I9  a task's report is counted once, however often the task runs.
 *   I10 segments of a map are in order of partition, and all of them number up to MR_SEGMENTS_MAX.
 */
#include "core/mapreduce/mr_master_impl.h"

enum err mr_config_check(const struct mr_config *config, struct fault *fault)
{
    if (config->splits_count > MR_SPLITS_MAX) {
        return fault_set(fault, ERR_LIMIT,
                         "the input is in %u splits, and %d is the limit: make them larger",
                         config->splits_count, MR_SPLITS_MAX);
    }
    for (uint32_t i = 0; i < config->splits_count; i++) {
        if (config->splits[i].descriptor.len > MR_SPLIT_BYTES_MAX) {
            return fault_set(fault, ERR_LIMIT, "split %u names too many files: make it smaller", i);
        }
    }
    bool parted = config->reducers >= 1 && config->reducers <= MR_PARTITIONS_MAX;
    if (!config->map_only && !parted) {
        return fault_set(fault, ERR_USAGE, "%u reducers: from 1 to %d are possible",
                         config->reducers, MR_PARTITIONS_MAX);
    }
    if (config->attempts_max < 1 || config->attempts_max > MR_ATTEMPTS_MAX) {
        return fault_set(fault, ERR_USAGE, "%u attempts: from 1 to %d are possible",
                         config->attempts_max, MR_ATTEMPTS_MAX);
    }
    if (config->sample_tasks_max > MR_SAMPLE_TASKS_MAX) {
        return fault_set(fault, ERR_USAGE, "%u samples: up to %d are possible",
                         config->sample_tasks_max, MR_SAMPLE_TASKS_MAX);
    }
    return ERR_OK;
}

static void splits_copy(struct mr_master *master, const struct mr_config *config)
{
    struct mr_split *splits = ARENA_ARRAY(master->arena, struct mr_split, config->splits_count);
    for (uint32_t i = 0; i < config->splits_count; i++) {
        const struct mr_split *from = &config->splits[i];
        size_t label_len = u64_min(from->label.len, MR_LABEL_BYTES_MAX);
        splits[i].descriptor = arena_copy(master->arena, from->descriptor);
        splits[i].label = arena_copy(master->arena, slice_of(from->label.data, label_len));
        splits[i].bytes = from->bytes;
    }
    master->config.splits = splits;
}

static uint32_t splits_to_sample(const struct mr_config *config)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->splits_count; i++) count += config->splits[i].bytes > 0;
    return count;
}

static uint32_t tasks_of_kind(const struct mr_config *config, enum mr_kind kind)
{
    bool sampled = !config->map_only && config->reducers > 1;
    switch (kind) {
    case MR_SAMPLE:
        if (!sampled || config->sample_tasks_max == 0) return 0;
        return (uint32_t)u64_min(config->sample_tasks_max, splits_to_sample(config));
    case MR_MAP: return config->splits_count;
    case MR_REDUCE: return config->map_only ? 0 : config->reducers;
    }
    return 0;
}

static void phase_fill(struct mr_master *master, enum mr_kind kind)
{
    struct mr_phase *phase = &master->phases[kind];
    phase->in_state[MR_READY] = phase->tasks; /* [I3] */
    for (uint32_t i = 0; i < phase->tasks; i++) {
        master->tasks[phase->first + i] = (struct mr_task){.kind = kind, .part = i};
        if (kind == MR_MAP) phase->bytes_total += master->config.splits[i].bytes;
    }
}

/* Samples are spread evenly over the splits that can be sampled. */
static void samples_spread(struct mr_master *master)
{
    const struct mr_phase *phase = &master->phases[MR_SAMPLE];
    uint64_t splits = phase->tasks == 0 ? 0 : splits_to_sample(&master->config), seen = 0;
    uint32_t next = 0;
    for (uint32_t i = 0; next < phase->tasks; i++) {
        if (master->config.splits[i].bytes == 0) continue;
        if (seen++ == next * splits / phase->tasks) master->tasks[phase->first + next++].part = i;
    }
}

static void partitions_new(struct mr_master *master)
{
    uint32_t count = master->config.reducers;
    master->partitions = ARENA_ARRAY(master->arena, struct mr_partition, count);
    master->reduce_order = ARENA_ARRAY(master->arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) master->reduce_order[i] = i;
    uint32_t keys = master->phases[MR_SAMPLE].tasks * MR_SAMPLE_KEYS_MAX;
    master->samples = ARENA_ARRAY(master->arena, struct slice, keys);
    master->splitters = ARENA_ARRAY(master->arena, struct slice, count);
}

struct mr_master *mr_master_new(struct arena *arena, const struct mr_config *config)
{
    struct fault fault;
    ASSERT(mr_config_check(config, &fault) == ERR_OK);
    struct mr_master *master = ARENA_NEW(arena, struct mr_master);
    master->arena = arena;
    master->config = *config;
    if (config->map_only) master->config.reducers = 0;
    master->now.ns = INT64_MIN;
    splits_copy(master, config);
    for (uint32_t kind = 0; kind < MR_KINDS; kind++) {
        master->phases[kind].first = master->tasks_count;
        master->phases[kind].tasks = tasks_of_kind(config, (enum mr_kind)kind);
        master->tasks_count += master->phases[kind].tasks;
    }
    master->tasks = ARENA_ARRAY(arena, struct mr_task, master->tasks_count);
    master->live =
        ARENA_ARRAY(arena, struct mr_live, u64_min(master->tasks_count, MR_LIVE_MAX)); /* [I1] */
    master->workers = ARENA_ARRAY(arena, struct mr_worker, MR_WORKERS_MAX);
    master->counters = ARENA_ARRAY(arena, struct mr_counter, MR_COUNTERS_MAX);
    for (uint32_t kind = 0; kind < MR_KINDS; kind++) phase_fill(master, (enum mr_kind)kind);
    samples_spread(master);
    partitions_new(master);
    return master;
}

static void on_cancel(struct mr_master *master)
{
    if (master->verdict == MR_RUNNING) master->verdict = MR_CANCELLED; /* [I7] */
}

/* What the event changed, found by comparing with what was before it. */
static void settle(struct mr_master *master, enum mr_kind phase_before, enum mr_state before)
{
    enum mr_kind last = master->config.map_only ? MR_MAP : MR_REDUCE;
    bool complete = mr_phase_is_finished(&master->phases[last]);
    if (master->verdict == MR_RUNNING && complete) master->verdict = MR_DONE;

    enum mr_kind phase = mr_phase_now(master);
    if (phase_before == MR_SAMPLE && phase != MR_SAMPLE) mr_splitters_choose(master);
    if (phase_before != MR_REDUCE && phase == MR_REDUCE) mr_partitions_order(master);

    if (before == master->verdict) return;
    for (uint32_t i = 0; i < master->live_count; i++) mr_live_stop(master, &master->live[i]);
}

static void on_event(struct mr_master *master, const struct mr_event *event, struct mr_outbox *out)
{
    switch (event->kind) {
    case MR_EV_POLL: break;
    case MR_EV_WORKER_JOINED: mr_on_joined(master, event->worker, event->slots); break;
    case MR_EV_WORKER_GONE: mr_on_gone(master, event->worker); break;
    case MR_EV_MSG: mr_on_msg(master, event->worker, event->msg, out); break;
    case MR_EV_CANCEL: on_cancel(master); break;
    }
}

void mr_master_step(struct mr_master *master, const struct mr_event *event, struct mr_outbox *out)
{
    ASSERT(event->now.ns >= master->now.ns);
    master->now = event->now;
    master->gathered_count = 0;
    out->count = 0;
    out->more = false;
    if (!master->final) { /* [I8] */
        enum mr_kind phase = mr_phase_now(master);
        enum mr_state verdict = master->verdict;
        on_event(master, event, out);
        settle(master, phase, verdict);
        mr_deal(master, out);
    }
    out->state = mr_master_state(master);
    out->phase = mr_phase_now(master);
}

enum mr_state mr_master_state(const struct mr_master *master)
{
    return master->final ? master->verdict : MR_RUNNING;
}

const struct fault *mr_master_fault(const struct mr_master *master)
{
    return &master->fault;
}
