/* command_combiner.c -- see command_combiner.h. */
#include <stdlib.h>

#include "work/child/reduce_child.h"
#include "work/job/command_combiner.h"

struct command_combiner {
    struct combiner combiner; /* first: the functions get its address */
    struct task *task;
    struct reduce_child *child; /* at work on a partition; else NULL */
};

static enum err combiner_begin(struct combiner *combiner, uint32_t partition, struct sink *out,
                               struct fault *fault)
{
    struct command_combiner *self = (struct command_combiner *)combiner;
    struct task_environment environment;
    task_environment_fill(self->task, &environment);
    environment.partition = partition;
    struct reduce_child_config config = {
        .spec = self->task->job->spec,
        .command = self->task->job->spec->combine,
        .task = &environment,
        .sink = out,
        .stop = self->task->stop,
    };
    return reduce_child_start(&config, &self->child, fault);
}

static enum err combiner_put(struct combiner *combiner, struct slice key, struct slice value,
                             struct fault *fault)
{
    return reduce_child_put(((struct command_combiner *)combiner)->child, key, value, fault);
}

static enum err combiner_end(struct combiner *combiner, struct fault *fault)
{
    struct command_combiner *self = (struct command_combiner *)combiner;
    enum err err = reduce_child_finish(self->child, fault);
    reduce_child_free(self->child);
    self->child = NULL;
    return err;
}

struct command_combiner *command_combiner_new(struct task *task)
{
    struct command_combiner *combiner = calloc(1, sizeof *combiner);
    ASSERT(combiner != NULL);
    combiner->combiner = (struct combiner){combiner_begin, combiner_put, combiner_end};
    combiner->task = task;
    return combiner;
}

struct combiner *command_combiner_of(struct command_combiner *combiner)
{
    return &combiner->combiner;
}

void command_combiner_free(struct command_combiner *combiner)
{
    if (combiner == NULL) return;
    reduce_child_free(combiner->child);
    free(combiner);
}
