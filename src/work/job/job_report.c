/* job_report.c -- what a job tells of itself: progress while it runs, a summary at its end. */
#include "io/clock.h"
#include "io/memory.h"
#include "work/job/job_impl.h"

static double part_of(uint64_t done, uint64_t total, bool ended)
{
    if (ended) return 1;
    return total == 0 ? 0 : (double)u64_min(done, total) / (double)total;
}

static duration phase_time(const struct mr_phase_progress *phase)
{
    if (!phase->begun || !phase->ended) return (duration){0};
    return (duration){phase->end.ns - phase->begin.ns};
}

static enum job_phase phase_of(const struct job *job)
{
    if (mr_master_state(job->master) != MR_RUNNING) return JOB_PUBLISH;
    switch (job->outbox->phase) {
    case MR_SAMPLE: return JOB_SAMPLE;
    case MR_MAP: return JOB_MAP;
    case MR_REDUCE: return JOB_REDUCE;
    }
    return JOB_PLAN;
}

static uint64_t spilled_bytes(const struct job *job)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < job->workers_count; i++) {
        bytes += run_store_spilled_bytes(job->workers[i].store) +
                 run_store_spilled_bytes(job->workers[i].scratch);
    }
    return bytes;
}

void job_progress_read(struct job *job, struct job_progress *progress)
{
    struct mr_progress *from = job->progress;
    mr_master_progress(job->master, from);
    const struct mr_phase_progress *map = &from->phases[MR_MAP];
    const struct mr_phase_progress *reduce = &from->phases[MR_REDUCE];
    instant now = job->over ? job->ended : clock_now();
    *progress = (struct job_progress){
        .phase = phase_of(job),
        .map_only = reduce->tasks == 0,
        .map_done = part_of(map->counts.bytes_read, map->bytes_total, map->ended),
        .reduce_done = part_of(reduce->counts.bytes_read, reduce->bytes_total, reduce->ended),
        .bytes_read = map->counts.bytes_read,
        .bytes_total = job->plan.bytes,
        .records_in = map->counts.records_in,
        .records_out = reduce->tasks == 0 ? map->counts.records_out : reduce->counts.records_out,
        .keys_out = reduce->counts.keys_out,
        .bytes_out = from->output_bytes,
        .spills = map->counts.spills + reduce->counts.spills,
        .spilled_bytes = job->over ? spilled_bytes(job) : 0,
        .bad_records = from->bad_records,
        .attempts_failed = from->attempts_failed,
        .status = slice_text(from->status),
        .elapsed = {now.ns - job->start.ns},
    };
    for (unsigned kind = 0; kind < MR_KINDS; kind++) {
        progress->tasks_done += from->phases[kind].done;
        progress->tasks_total += from->phases[kind].tasks;
    }
}

enum err job_result(struct job *job, struct job_summary *summary, struct fault *fault)
{
    ASSERT(job->over);
    job_progress_read(job, &summary->final);
    const struct mr_progress *from = job->progress;
    summary->plan.ns = job->planned.ns - job->start.ns;
    summary->sample = phase_time(&from->phases[MR_SAMPLE]);
    summary->map = phase_time(&from->phases[MR_MAP]);
    summary->reduce = phase_time(&from->phases[MR_REDUCE]);
    summary->publish = job->publish_time;
    summary->cpu = clock_cpu_process();
    summary->peak_rss_bytes = memory_peak_rss_bytes();
    summary->slowest_label = slice_text(from->slowest.label);
    summary->slowest = from->slowest.time;
    summary->files = job->plan.files;
    summary->splits = job->plan.count;
    summary->workers = job->workers_count;
    summary->parts = job_parts(job);
    summary->counters = mr_master_counters(job->master, &summary->counters_count);
    summary->first_bad_record = slice_text(from->first_bad);
    summary->output = job->options.output;
    if (job->published) return ERR_OK;
    *fault = job->fault;
    return fault->code;
}
