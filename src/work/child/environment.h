/*
 * environment.h -- what a command learns of its task through its environment: the names that Hadoop
 * gives Streaming scripts, today's and the old ones, and what the person added (-cmdenv).
 */
#pragma once

#include "base/arena.h"
#include "core/mapreduce/job_spec.h"

struct task_environment {
    struct slice job_id; /* "job_20240131_0001"; what follows "job_" is in the ids of the tasks */
    bool is_map;
    uint32_t task;      /* index among the map or the reduce tasks */
    uint32_t attempt;   /* 0 is the first */
    uint32_t partition; /* what a reduce task makes; of a map task: its index again */
    struct slice file;  /* that a map task reads (the first, of several); empty: none */
    uint64_t file_start, file_bytes;
    uint32_t maps, reduces;
};

/* The pairs live in the arena; what the spec adds comes last and wins over a name of ours. */
struct env_pair *task_environment_pairs(struct arena *arena, const struct task_environment *task,
                                        const struct job_spec *spec, uint32_t *count);
