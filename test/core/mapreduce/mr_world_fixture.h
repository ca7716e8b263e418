/*
 * mr_world_fixture.h -- a whole small cluster around one master, from one seed: workers that join,
 * leave and come back, finish, fail and answer late, messages that arrive twice or long after.
 *
 * What a worker is asked to do is judged as it arrives: a reduce must be given exactly one run of
 * each map that feeds it, in order. World and master only meet in bytes.
 */
#pragma once

#include "core/mapreduce/mr_master.h"
#include "test/core/mapreduce/random_fixture.h"

enum {
    WORLD_WORKERS_MAX = 5,
    WORLD_SLOTS_MAX = 3,
    WORLD_SPLITS_MAX = 8,
    WORLD_PARTITIONS_MAX = 4,
    WORLD_QUEUE_MAX = 256,
    WORLD_OLD_MAX = 16,
    WORLD_RUNS_MAX = 4096,
    WORLD_WILD_ACTIONS = 400,
    WORLD_CALM_ACTIONS_MAX = 20000,
};

struct world_letter { /* a message on its way, as bytes */
    struct slice bytes;
};

struct world_queue {
    struct world_letter letters[WORLD_QUEUE_MAX];
    uint32_t head, count;
};

struct world_job {
    struct mr_run_task run;
    mr_task_id task;
    mr_attempt attempt;
    bool stop;
};

struct world_worker {
    bool joined;
    uint32_t slots;
    struct world_job jobs[WORLD_SLOTS_MAX];
    uint32_t jobs_count;
    struct world_queue in, out;
};

struct world_run { /* of one map attempt */
    uint32_t map, worker;
    mr_task_id task;
    mr_attempt attempt;
    bool kept;
};

struct world {
    struct arena *arena, *master_arena;
    struct random random;
    struct mr_config config;
    struct mr_master *master;
    instant now;
    struct mr_outbox outbox;
    struct world_worker workers[WORLD_WORKERS_MAX];
    struct world_run runs[WORLD_RUNS_MAX];
    uint32_t runs_count;
    struct {
        uint32_t from;
        struct slice bytes;
    } old[WORLD_OLD_MAX]; /* sent to the master before */
    uint32_t old_count;
    uint32_t fail_percent, gone_percent, cancel_percent;
    bool cancelled;
    enum mr_state state;
    uint64_t digest; /* of all that the master ever said */
    uint32_t attempt_max;
    bool reduced[WORLD_PARTITIONS_MAX]; /* somebody said so */
};

struct world *world_new(uint64_t seed);
void world_free(struct world *world);
void world_act(struct world *world);  /* one random thing happens */
void world_calm(struct world *world); /* from now on nobody fails or leaves, and one is there */
