/* child_run.c -- see child_run.h. */
#include "work/child/child_run.h"

static struct slice label_of(struct slice command)
{
    struct slice prefix = SLICE("cmd:");
    return slice_starts_with(command, prefix) ? slice_from(command, prefix.len) : command;
}

enum err child_run_start(const struct child_run_config *config, struct child_run *run,
                         struct fault *fault)
{
    *run = (struct child_run){0};
    struct arena *arena = arena_new();
    struct child_command command;
    enum err err = command_parse(arena, config->command, config->stage, config->spec, config->host,
                                 &command, fault);
    if (err == ERR_OK) {
        struct child_config child = {
            .argv = command.argv, .label = label_of(config->command), .stop = config->stop};
        child.env = task_environment_pairs(arena, config->task, config->spec, &child.env_count);
        err = child_start(&child, &run->child, fault);
    }
    arena_free(arena);
    if (err != ERR_OK) return err;
    run->framing = command.framing;
    run->output.target = config->target;
    run->output.label = label_of(config->command);
    run->output.decoder = (struct pair_decoder){.framing = command.framing,
                                                .bytes_max = config->spec->record_bytes_max};
    return ERR_OK;
}

enum err child_run_feed(struct child_run *run, struct slice input, struct fault *fault)
{
    struct child_output *output = &run->output;
    while (input.len > 0) {
        enum err err =
            child_exchange(run->child, &input, &output->held, child_output_room(output), fault);
        if (err == ERR_OK) err = child_output_pass(output, false, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

enum err child_run_feed_file(struct child_run *run, struct file *file, uint64_t *offset,
                             uint64_t *bytes, struct fault *fault)
{
    struct child_output *output = &run->output;
    while (*bytes > 0) {
        enum err err = child_exchange_file(run->child, file, offset, bytes, &output->held,
                                           child_output_room(output), fault);
        if (err == ERR_OK) err = child_output_pass(output, false, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

enum err child_run_finish(struct child_run *run, struct fault *fault)
{
    struct child_output *output = &run->output;
    bool done = false;
    while (!done) {
        enum err err =
            child_finish(run->child, &output->held, child_output_room(output), &done, fault);
        if (err == ERR_OK) err = child_output_pass(output, done, fault);
        if (err != ERR_OK) return err;
    }
    return ERR_OK;
}

void child_run_free(struct child_run *run)
{
    child_free(run->child);
    child_output_free(&run->output);
    *run = (struct child_run){0};
}
