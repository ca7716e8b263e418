/* run.h -- one simulated run from its seed to its end. */
#pragma once

#include "base/buffer.h"
#include "sim/plan.h"

struct sim_result {
    bool failed;
    char property[64]; /* that does not hold */
    struct buffer why; /* owned */
    uint64_t turns_count, events_count, trace_hash;
    uint32_t faults_count; /* of the plan, whether they were kept or not */
};

/* False: there is no such program, or it wants another number of hosts; `why` says so. */
MUST_USE bool sim_check_options(const struct sim_options *options, struct buffer *why);
void sim_run(const struct sim_options *options, struct sim_result *result);
