/* command_combiner.h -- `--combine cmd:…` for a collector: one process a partition and flush. */
#pragma once

#include "work/job/task.h"
#include "work/shuffle/collector.h"

struct command_combiner; /* opaque; command_combiner_free frees it */

/* `task` is borrowed until it is freed. */
struct command_combiner *command_combiner_new(struct task *task);
struct combiner *command_combiner_of(struct command_combiner *combiner);
void command_combiner_free(struct command_combiner *combiner); /* NULL is allowed */
