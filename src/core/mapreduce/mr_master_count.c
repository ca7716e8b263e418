/* mr_master_count.c -- the sums over a job's tasks, and the readers that tell them. */
#include "core/mapreduce/mr_master_impl.h"

static void counts_add(struct mr_counts *sum, const struct mr_counts *more)
{
    sum->bytes_read = mr_sum(sum->bytes_read, more->bytes_read);
    sum->records_in = mr_sum(sum->records_in, more->records_in);
    sum->records_out = mr_sum(sum->records_out, more->records_out);
    sum->keys_out = mr_sum(sum->keys_out, more->keys_out);
    sum->spills = mr_sum(sum->spills, more->spills);
    sum->bad_records = mr_sum(sum->bad_records, more->bad_records);
}

void mr_text_keep(char *to, size_t max, struct slice text)
{
    size_t len = u64_min(text.len, max);
    if (len > 0) memcpy(to, text.data, len);
    to[len] = '\0';
}

static struct mr_counter *counter_find(const struct mr_master *master,
                                       const struct mr_counter *like)
{
    for (uint32_t i = 0; i < master->counters_count; i++) {
        struct mr_counter *counter = &master->counters[i];
        if (slice_eq(counter->name, like->name) && slice_eq(counter->group, like->group)) {
            return counter;
        }
    }
    return NULL;
}

static void counter_add(struct mr_master *master, const struct mr_counter *more)
{
    struct mr_counter *counter = counter_find(master, more);
    if (counter == NULL && master->counters_count == MR_COUNTERS_MAX) {
        master->counters_dropped = mr_sum(master->counters_dropped, 1);
        return;
    }
    if (counter == NULL) {
        counter = &master->counters[master->counters_count++];
        counter->group = arena_copy(master->arena, more->group);
        counter->name = arena_copy(master->arena, more->name);
    }
    int64_t limit = more->amount < 0 ? INT64_MIN : INT64_MAX;
    if (__builtin_add_overflow(counter->amount, more->amount, &counter->amount)) {
        counter->amount = limit;
    }
}

static void slowest_keep(struct mr_master *master, const struct mr_task *task, duration time)
{
    struct mr_slowest *slowest = &master->slowest;
    if (slowest->any && slowest->time.ns >= time.ns) return;
    char label[MR_TASK_LABEL_MAX];
    mr_task_label(master, task, label);
    *slowest = (struct mr_slowest){.any = true, .kind = task->kind, .time = time};
    mr_text_keep(slowest->label, MR_LABEL_BYTES_MAX, slice_text(label));
}

void mr_count_done(struct mr_master *master, struct mr_task *task, const struct mr_task_done *done,
                   duration time)
{
    slowest_keep(master, task, time);
    if (task->counted) return; /* [I9] it ran again because its output was lost */
    task->counted = true;
    const struct mr_report *report = &done->report;
    counts_add(&master->phases[task->kind].counts, &report->counts);
    if (task->kind == MR_SAMPLE) return; /* its map counts the same records again */

    master->bad_records = mr_sum(master->bad_records, report->counts.bad_records);
    master->output_bytes = mr_sum(master->output_bytes, done->output_bytes);
    master->output_records = mr_sum(master->output_records, done->output_records);
    master->counters_dropped = mr_sum(master->counters_dropped, report->counters_dropped);
    for (uint32_t i = 0; i < report->counters_count; i++) counter_add(master, &report->counters[i]);
    if (master->first_bad[0] == '\0') {
        mr_text_keep(master->first_bad, MR_TEXT_BYTES_MAX, report->first_bad);
    }
}

const struct mr_counter *mr_master_counters(const struct mr_master *master, uint32_t *count)
{
    *count = master->counters_count;
    return master->counters;
}

static struct mr_phase_progress phase_progress(const struct mr_phase *phase)
{
    uint32_t done = phase->in_state[MR_FINISHED];
    return (struct mr_phase_progress){
        .tasks = phase->tasks,
        .running = phase->in_state[MR_LIVE],
        .done = done,
        .bytes_total = phase->bytes_total,
        .counts = phase->counts,
        .begun = phase->begun,
        .ended = phase->begun && done == phase->tasks,
        .begin = phase->begin,
        .end = phase->end,
    };
}

void mr_master_progress(const struct mr_master *master, struct mr_progress *progress)
{
    *progress = (struct mr_progress){
        .output_bytes = master->output_bytes,
        .output_records = master->output_records,
        .bad_records = master->bad_records,
        .slowest = master->slowest,
        .attempts_failed = master->attempts_failed,
        .tasks_lost = master->tasks_lost,
        .messages_ignored = master->messages_ignored,
        .counters_dropped = master->counters_dropped,
        .workers = master->workers_count,
        .slots = master->slots,
    };
    for (uint32_t kind = 0; kind < MR_KINDS; kind++) {
        progress->phases[kind] = phase_progress(&master->phases[kind]);
    }
    for (uint32_t i = 0; i < master->live_count; i++) {
        const struct mr_live *live = &master->live[i];
        const struct mr_task *task = &master->tasks[live->task];
        if (task->counted) continue; /* [I9] */
        counts_add(&progress->phases[task->kind].counts, &live->counts);
    }
    memcpy(progress->first_bad, master->first_bad, sizeof progress->first_bad);
    memcpy(progress->status, master->status, sizeof progress->status);
}
