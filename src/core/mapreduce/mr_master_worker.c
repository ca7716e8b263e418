/* mr_master_worker.c -- who works for the job, on what, and what is lost with them. The invariants
 * are in mr_master.c. */
#include "core/mapreduce/mr_master_impl.h"

/* Where `id` is, or belongs. */
static uint32_t worker_place(const struct mr_master *master, worker_id id)
{
    uint32_t low = 0, high = master->workers_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (master->workers[middle].id.n < id.n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct mr_worker *mr_worker_find(const struct mr_master *master, worker_id id)
{
    uint32_t place = worker_place(master, id);
    if (place == master->workers_count) return NULL;
    return worker_eq(master->workers[place].id, id) ? &master->workers[place] : NULL;
}

void mr_on_joined(struct mr_master *master, worker_id id, uint32_t slots)
{
    if (mr_worker_find(master, id) != NULL || master->workers_count == MR_WORKERS_MAX) {
        master->messages_ignored++;
        return;
    }
    uint32_t place = worker_place(master, id);
    struct mr_worker *worker = &master->workers[place];
    memmove(worker + 1, worker, sizeof *worker * (master->workers_count - place));
    *worker = (struct mr_worker){.id = id, .slots = (uint32_t)u64_min(slots, MR_SLOTS_MAX)};
    master->workers_count++;
    master->slots += worker->slots;
}

static void worker_remove(struct mr_master *master, struct mr_worker *worker)
{
    ASSERT(worker->used == 0); /* [I2] */
    uint32_t place = (uint32_t)(worker - master->workers);
    master->slots -= worker->slots;
    master->workers_count--;
    memmove(worker, worker + 1, sizeof *worker * (master->workers_count - place));
}

void mr_live_begin(struct mr_master *master, struct mr_task *task, struct mr_worker *worker)
{
    ASSERT(task->state == MR_READY);
    ASSERT(worker->used < worker->slots);
    ASSERT(master->verdict == MR_RUNNING); /* [I7] */
    struct mr_phase *phase = &master->phases[task->kind];
    if (!phase->begun) phase->begin = master->now;
    phase->begun = true;
    task->attempts++;
    task->live = master->live_count++; /* [I1] */
    master->live[task->live] = (struct mr_live){
        .task = (uint32_t)(task - master->tasks), .worker = worker->id, .begin = master->now};
    worker->used++; /* [I2] */
    master->slots_used++;
    mr_task_move(master, task, MR_LIVE);
}

void mr_live_end(struct mr_master *master, struct mr_task *task, enum mr_task_state to)
{
    ASSERT(task->state == MR_LIVE);
    struct mr_live *live = &master->live[task->live];
    struct mr_worker *worker = mr_worker_find(master, live->worker);
    ASSERT(worker != NULL); /* [I2] */
    worker->used--;
    master->slots_used--;
    if (live->stop == MR_STOP_DUE) master->stops_due--;
    *live = master->live[--master->live_count];
    master->tasks[live->task].live = task->live; /* [I1] */
    mr_task_move(master, task, to);
}

void mr_live_stop(struct mr_master *master, struct mr_live *live)
{
    if (live->stop != MR_STOP_NOT) return;
    live->stop = MR_STOP_DUE;
    master->stops_due++;
}

static void count_loss(struct mr_master *master, struct mr_task *task)
{
    master->tasks_lost++;
    task->losses++;
    if (task->losses <= MR_LOSSES_MAX) return; /* [I6] */
    char label[MR_TASK_LABEL_MAX];
    mr_task_label(master, task, label);
    mr_fail(master, ERR_LIMIT, "%s was lost with its worker %u times: it may be what ends them",
            label, task->losses);
}

static void lose_live(struct mr_master *master, worker_id id)
{
    for (uint32_t i = 0; i < master->live_count;) {
        struct mr_live *live = &master->live[i];
        if (!worker_eq(live->worker, id)) {
            i++;
            continue;
        }
        struct mr_task *task = &master->tasks[live->task];
        bool was_wanted = live->stop == MR_STOP_NOT;
        mr_live_end(master, task, MR_READY);
        if (was_wanted) count_loss(master, task);
    }
}

/* Does any partition that is not reduced yet read from this map? Those that do are marked. */
static bool lose_segments(struct mr_master *master, const struct mr_task *map)
{
    const struct mr_task *reduces = &master->tasks[master->phases[MR_REDUCE].first];
    bool needed = false;
    for (uint32_t i = 0; i < map->segments_count; i++) {
        uint32_t partition = map->segments[i].partition;
        if (reduces[partition].state == MR_FINISHED) continue;
        master->partitions[partition].lost = true;
        needed = true;
    }
    return needed;
}

static void lose_finished(struct mr_master *master, worker_id id)
{
    const struct mr_phase *maps = &master->phases[MR_MAP];
    for (uint32_t i = 0; i < maps->tasks; i++) {
        struct mr_task *map = &master->tasks[maps->first + i];
        bool held = map->state == MR_FINISHED && map->segments_count > 0;
        if (!held || !worker_eq(map->holder, id)) continue;
        bool needed = lose_segments(master, map);
        mr_segments_forget(master, map);
        if (!needed) continue;
        mr_task_move(master, map, MR_READY); /* [I5] */
        count_loss(master, map);
    }
    for (uint32_t i = 0; i < master->live_count; i++) {
        const struct mr_task *task = &master->tasks[master->live[i].task];
        bool reads = task->kind == MR_REDUCE && master->partitions[task->part].lost;
        if (reads) mr_live_stop(master, &master->live[i]); /* [I4] */
    }
    for (uint32_t i = 0; i < master->config.reducers; i++) master->partitions[i].lost = false;
}

void mr_on_gone(struct mr_master *master, worker_id id)
{
    struct mr_worker *worker = mr_worker_find(master, id);
    if (worker == NULL) {
        master->messages_ignored++;
        return;
    }
    lose_live(master, id);
    worker_remove(master, worker);
    if (master->verdict == MR_RUNNING) lose_finished(master, id);
}
