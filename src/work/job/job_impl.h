/* job_impl.h -- the inside of a job: starting it, driving it, publishing what it made. */
#pragma once

#include "core/mapreduce/mr_master.h"
#include "io/process.h"
#include "work/job/job.h"
#include "work/job/publish.h"
#include "work/job/worker.h"
#include "work/pool/pool.h"
#include "work/read/plan.h"

enum { JOB_ID_MAX = 48 };

struct job {
    struct arena *arena;
    struct job_options options;
    struct job_spec spec;
    char id[JOB_ID_MAX];
    struct plan plan;
    struct publish *publish;
    struct task_job task_job;
    struct worker *workers;
    uint32_t workers_count;
    struct pool *pool;
    struct guard *guard; /* of the publish's folder and the commands */
    struct arena *master_arena;
    struct mr_master *master;
    struct mr_outbox *outbox;
    struct buffer bytes; /* of a message coming or going */
    struct mr_progress *progress;
    struct fault fault; /* why it failed */
    bool over, published;
    instant start, planned, ended;
    duration publish_time;
};

/* Deal the memory; the same for all workers. */
struct memory_share memory_share_of(uint64_t memory_bytes, uint32_t workers,
                                    uint64_t record_bytes_max, bool has_windows);

/* How many part files the output has. */
uint32_t job_parts(const struct job *job);
