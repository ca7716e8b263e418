/* mr_master_check.c -- the invariants of mr_master.c, swept. For tests and the simulator. */
#include "core/mapreduce/mr_master_impl.h"

static void check_live(const struct mr_master *master)
{
    uint32_t stops_due = 0;
    for (uint32_t i = 0; i < master->live_count; i++) {
        const struct mr_live *live = &master->live[i];
        ASSERT(live->task < master->tasks_count);
        ASSERT(master->tasks[live->task].state == MR_LIVE);   /* [I1] */
        ASSERT(master->tasks[live->task].live == i);          /* [I1] */
        ASSERT(mr_worker_find(master, live->worker) != NULL); /* [I2] */
        bool ending = master->verdict != MR_RUNNING;
        if (ending) ASSERT(live->stop != MR_STOP_NOT); /* [I7] */
        stops_due += live->stop == MR_STOP_DUE;
    }
    ASSERT(stops_due == master->stops_due);
}

static void check_workers(const struct mr_master *master) /* [I2] */
{
    uint32_t slots = 0, used = 0;
    for (uint32_t i = 0; i < master->workers_count; i++) {
        const struct mr_worker *worker = &master->workers[i];
        uint32_t live = 0;
        for (uint32_t at = 0; at < master->live_count; at++) {
            live += worker_eq(master->live[at].worker, worker->id);
        }
        ASSERT(worker->used == live);
        ASSERT(worker->used <= worker->slots);
        if (i > 0) ASSERT(master->workers[i - 1].id.n < worker->id.n);
        if (master->final) ASSERT(worker->over_sent); /* [I8] */
        slots += worker->slots;
        used += worker->used;
    }
    ASSERT(slots == master->slots);
    ASSERT(used == master->slots_used);
    ASSERT(used == master->live_count);
}

/* [I3] [I6] [I9] */
static void check_phase(const struct mr_master *master, const struct mr_phase *phase)
{
    uint32_t in_state[MR_TASK_STATES] = {0};
    for (uint32_t i = 0; i < phase->tasks; i++) {
        const struct mr_task *task = &master->tasks[phase->first + i];
        in_state[task->state]++;
        if (task->state == MR_FINISHED) ASSERT(task->counted);
        if (master->verdict != MR_RUNNING) continue;
        ASSERT(task->failures < master->config.attempts_max);
        ASSERT(task->losses <= MR_LOSSES_MAX);
    }
    for (uint32_t i = 0; i < MR_TASK_STATES; i++) ASSERT(in_state[i] == phase->in_state[i]);
}

static void check_segments(const struct mr_master *master) /* [I5] [I10] */
{
    const struct mr_phase *maps = &master->phases[MR_MAP];
    const struct mr_task *reduces = &master->tasks[master->phases[MR_REDUCE].first];
    uint64_t count = 0;
    for (uint32_t i = 0; i < maps->tasks; i++) {
        const struct mr_task *map = &master->tasks[maps->first + i];
        count += map->segments_count;
        if (map->state != MR_FINISHED) ASSERT(map->segments_count == 0);
        for (uint32_t at = 0; at < map->segments_count; at++) {
            const struct mr_segment *segment = &map->segments[at];
            if (at > 0) ASSERT(map->segments[at - 1].partition <= segment->partition);
            ASSERT(worker_eq(segment->worker, map->holder));
            bool needed = reduces[segment->partition].state != MR_FINISHED;
            bool held = mr_worker_find(master, segment->worker) != NULL;
            if (needed && master->verdict == MR_RUNNING) ASSERT(held);
        }
    }
    ASSERT(count == master->segments_count);
    ASSERT(count <= MR_SEGMENTS_MAX);
}

void mr_master_check(const struct mr_master *master)
{
    check_live(master);
    check_workers(master);
    for (uint32_t kind = 0; kind < MR_KINDS; kind++) check_phase(master, &master->phases[kind]);
    check_segments(master);
    if (master->final) ASSERT(master->live_count == 0);       /* [I8] */
    if (master->final) ASSERT(master->verdict != MR_RUNNING); /* [I8] */
}
