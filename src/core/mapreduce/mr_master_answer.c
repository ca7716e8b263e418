/* mr_master_answer.c -- what workers say: done, failed, so far. The invariants are in mr_master.c.
 */
#include "core/mapreduce/mr_master_impl.h"

/* The task whose live attempt this message is about; NULL: it is not live, or not there. */
static struct mr_task *live_task(const struct mr_master *master, worker_id from,
                                 const struct mr_msg *msg)
{
    if (msg->task.n >= master->tasks_count) return NULL;
    struct mr_task *task = &master->tasks[msg->task.n];
    if (task->state != MR_LIVE || task->attempts != msg->attempt.n) return NULL;
    return worker_eq(master->live[task->live].worker, from) ? task : NULL;
}

static void attempt_failed(struct mr_master *master, struct mr_task *task,
                           const struct mr_task_failed *failed)
{
    const struct mr_live *live = &master->live[task->live];
    bool was_wanted = live->stop == MR_STOP_NOT;
    task->failed_on = live->worker;
    mr_live_end(master, task, MR_READY);
    if (!was_wanted) return; /* we stopped it: nobody's failure */

    task->has_failed = true;
    task->failures++;
    master->attempts_failed++;
    struct slice text = failed->text.len > 0 ? failed->text : slice_text(err_text(failed->code));
    char label[MR_TASK_LABEL_MAX];
    mr_task_label(master, task, label);
    if (!failed->retry) {
        mr_fail(master, failed->code, "%s, attempt %u: %.*s", label, task->attempts, (int)text.len,
                (const char *)text.data);
    } else if (task->failures == master->config.attempts_max) { /* [I6] */
        mr_fail(master, failed->code, "%s failed at all %u attempts, the last time with: %.*s",
                label, task->failures, (int)text.len, (const char *)text.data);
    }
}

/* Is this what a task of its kind may report? NULL: yes. */
static const char *done_complaint(const struct mr_master *master, const struct mr_task *task,
                                  const struct mr_task_done *done)
{
    bool holds_runs = task->kind == MR_MAP && !master->config.map_only;
    if (!holds_runs && done->segments_count > 0)
        return "it reported segments, and has none to make";
    for (uint32_t i = 0; i < done->segments_count; i++) {
        if (done->segments[i].partition >= master->config.reducers) {
            return "it reported a segment of a partition that the job does not have";
        }
    }
    return NULL;
}

static void check_totals(struct mr_master *master)
{
    if (master->bad_records > master->config.bad_records_max) {
        mr_fail(master, ERR_BAD_RECORD,
                "%llu records are bad, and %llu are tolerated (--skip-bad); the first: %s",
                (unsigned long long)master->bad_records,
                (unsigned long long)master->config.bad_records_max,
                master->first_bad[0] != '\0' ? master->first_bad : "not told");
    }
}

static void attempt_succeeded(struct mr_master *master, struct mr_task *task,
                              const struct mr_task_done *done)
{
    struct mr_live live = master->live[task->live];
    mr_live_end(master, task, MR_FINISHED);
    task->holder = live.worker;
    switch (task->kind) {
    case MR_SAMPLE: mr_samples_store(master, done); break;
    case MR_MAP: mr_segments_store(master, task, done); break;
    case MR_REDUCE: break;
    }
    mr_count_done(master, task, done, (duration){master->now.ns - live.begin.ns});
    check_totals(master);
}

/* A map that is not, or no more, what we wait for: its runs are of no use to anybody. */
static void on_done_stale(struct mr_master *master, worker_id from, const struct mr_msg *msg,
                          struct mr_outbox *out)
{
    master->messages_ignored++;
    if (msg->task.n >= master->tasks_count) return;
    const struct mr_task *task = &master->tasks[msg->task.n];
    bool is_kept = task->state == MR_FINISHED && worker_eq(task->holder, from) &&
                   task->attempts == msg->attempt.n;
    if (is_kept || msg->done.segments_count == 0) return;
    mr_out_push(out, from, MR_DROP_RUNS, msg->task, msg->attempt);
}

static void on_done(struct mr_master *master, worker_id from, const struct mr_msg *msg,
                    struct mr_outbox *out)
{
    struct mr_task *task = live_task(master, from, msg);
    if (task == NULL) {
        on_done_stale(master, from, msg, out);
        return;
    }
    if (master->verdict != MR_RUNNING) {
        mr_live_end(master, task, MR_READY); /* [I7] too late to count */
        return;
    }
    const char *complaint = done_complaint(master, task, &msg->done);
    if (complaint == NULL) {
        attempt_succeeded(master, task, &msg->done);
        return;
    }
    const struct mr_task_failed failed = {true, ERR_CORRUPT, slice_text(complaint)};
    attempt_failed(master, task, &failed);
    mr_out_push(out, from, MR_DROP_RUNS, msg->task, msg->attempt);
}

static void on_failed(struct mr_master *master, worker_id from, const struct mr_msg *msg)
{
    struct mr_task *task = live_task(master, from, msg);
    if (task == NULL) {
        master->messages_ignored++;
        return;
    }
    attempt_failed(master, task, &msg->failed);
}

static void on_progress(struct mr_master *master, worker_id from, const struct mr_msg *msg)
{
    struct mr_task *task = live_task(master, from, msg);
    if (task == NULL) {
        master->messages_ignored++;
        return;
    }
    master->live[task->live].counts = msg->progress.counts;
    if (msg->progress.status.len == 0) return;
    mr_text_keep(master->status, MR_STATUS_BYTES_MAX, msg->progress.status);
}

void mr_on_msg(struct mr_master *master, worker_id from, const struct mr_msg *msg,
               struct mr_outbox *out)
{
    if (mr_worker_find(master, from) == NULL) {
        master->messages_ignored++;
        return;
    }
    switch (msg->kind) {
    case MR_TASK_DONE: on_done(master, from, msg, out); break;
    case MR_TASK_FAILED: on_failed(master, from, msg); break;
    case MR_TASK_PROGRESS: on_progress(master, from, msg); break;
    case MR_RUN_TASK:
    case MR_STOP_TASK:
    case MR_DROP_RUNS:
    case MR_JOB_OVER: master->messages_ignored++; break; /* only we may say that */
    }
}
