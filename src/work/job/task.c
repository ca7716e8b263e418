/* task.c -- what map and reduce tasks share. See task.h. */
#include "work/job/task.h"
#include "work/child/child.h"
#include "work/child/environment.h"

void task_environment_fill(const struct task *task, struct task_environment *environment)
{
    const struct mr_run_task *run = &task->run->run;
    *environment = (struct task_environment){
        .job_id = slice_text(task->job->job_id),
        .is_map = run->kind != MR_REDUCE,
        .task = run->part,
        .attempt = task->run->attempt.n - 1,
        .partition = run->part,
        .maps = task->job->splits,
        .reduces = run->partitions,
    };
}

/* The child's own memory ends with it: the counters move to the task's. */
void task_counters_take(struct task *task, const struct child *child)
{
    uint32_t count;
    const struct child_counter *from = child_counters(child, &count);
    uint32_t kept = (uint32_t)u64_min(count, MR_COUNTERS_MAX);
    struct mr_counter *counters = ARENA_ARRAY(task->arena, struct mr_counter, kept + 1);
    for (uint32_t i = 0; i < kept; i++) {
        counters[i].group = arena_copy(task->arena, from[i].group);
        counters[i].name = arena_copy(task->arena, from[i].name);
        counters[i].amount = from[i].amount;
    }
    task->done->report.counters = counters;
    task->done->report.counters_count = kept;
    task->done->report.counters_dropped = count - kept;
}

enum err task_stopped(const struct task *task, struct fault *fault)
{
    if (!process_stop_is_raised(task->stop)) return ERR_OK;
    return fault_set(fault, ERR_CANCELLED, "stopped");
}

enum err task_part_new(const struct task *task, struct part **part, struct fault *fault)
{
    struct part_config config = {
        .folder = task->job->folder,
        .number = task->run->run.part,
        .attempt = task->run->attempt.n,
        .compress = task->job->spec->compress,
        .fsync = task->job->spec->fsync,
    };
    return part_new(&config, part, fault);
}
