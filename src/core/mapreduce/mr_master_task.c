/* mr_master_task.c -- the state of one task, its name for a person, and how a job comes to fail. */
#include <stdarg.h>
#include <stdio.h>

#include "core/mapreduce/mr_master_impl.h"

bool mr_phase_is_finished(const struct mr_phase *phase)
{
    return phase->in_state[MR_FINISHED] == phase->tasks;
}

/* The first kind that is not finished, and the last kind there is when all are. */
enum mr_kind mr_phase_now(const struct mr_master *master)
{
    if (!mr_phase_is_finished(&master->phases[MR_SAMPLE])) return MR_SAMPLE;
    if (!mr_phase_is_finished(&master->phases[MR_MAP])) return MR_MAP;
    return master->config.map_only ? MR_MAP : MR_REDUCE;
}

void mr_task_move(struct mr_master *master, struct mr_task *task, enum mr_task_state to)
{
    struct mr_phase *phase = &master->phases[task->kind];
    phase->in_state[task->state]--; /* [I3] */
    phase->in_state[to]++;
    task->state = to;
    if (to == MR_READY) phase->scan = 0;
    if (to == MR_FINISHED) phase->end = master->now;
}

void mr_task_label(const struct mr_master *master, const struct mr_task *task,
                   char label[MR_TASK_LABEL_MAX])
{
    if (task->kind == MR_REDUCE) {
        (void)snprintf(label, MR_TASK_LABEL_MAX, "reduce of partition %u", task->part);
        return;
    }
    struct slice split = master->config.splits[task->part].label;
    (void)snprintf(label, MR_TASK_LABEL_MAX, "%s of %.*s",
                   task->kind == MR_SAMPLE ? "sample" : "map", (int)split.len,
                   (const char *)split.data);
}

void mr_fail(struct mr_master *master, enum err code, const char *format, ...)
{
    if (master->verdict != MR_RUNNING) return; /* [I7] the first reason is the one to tell */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(master->fault.text, sizeof master->fault.text, format, args);
    va_end(args);
    master->fault.code = code;
    master->verdict = MR_FAILED;
}
