/* environment.c -- see environment.h. */
#include "work/child/environment.h"

enum task_fact {
    FACT_JOB,
    FACT_TASK,
    FACT_ATTEMPT,
    FACT_PARTITION,
    FACT_IS_MAP,
    FACT_MAPS,
    FACT_REDUCES,
    FACT_FILE,
    FACT_FILE_START,
    FACT_FILE_BYTES,
    FACT_SEPARATOR,
    FACTS,
};

/* The old names are not what they say: what was `task.id` became the attempt's id. */
static const struct name_row {
    const char *name;
    enum task_fact fact;
} names[] = {
    {"mapreduce_job_id", FACT_JOB},
    {"mapreduce_task_id", FACT_TASK},
    {"mapreduce_task_attempt_id", FACT_ATTEMPT},
    {"mapreduce_task_partition", FACT_PARTITION},
    {"mapreduce_task_ismap", FACT_IS_MAP},
    {"mapreduce_job_maps", FACT_MAPS},
    {"mapreduce_job_reduces", FACT_REDUCES},
    {"mapreduce_map_input_file", FACT_FILE},
    {"mapreduce_map_input_start", FACT_FILE_START},
    {"mapreduce_map_input_length", FACT_FILE_BYTES},
    {"mapred_job_id", FACT_JOB},
    {"mapred_tip_id", FACT_TASK},
    {"mapred_task_id", FACT_ATTEMPT},
    {"mapred_task_partition", FACT_PARTITION},
    {"mapred_task_is_map", FACT_IS_MAP},
    {"mapred_map_tasks", FACT_MAPS},
    {"mapred_reduce_tasks", FACT_REDUCES},
    {"map_input_file", FACT_FILE},
    {"map_input_start", FACT_FILE_START},
    {"map_input_length", FACT_FILE_BYTES},
    {"stream_map_output_field_separator", FACT_SEPARATOR},
    {"stream_reduce_input_field_separator", FACT_SEPARATOR},
    {"stream_reduce_output_field_separator", FACT_SEPARATOR},
};

static void render_facts(struct arena *arena, const struct task_environment *task,
                         const char *facts[FACTS])
{
    struct slice id = task->job_id, prefix = SLICE("job_");
    if (slice_starts_with(id, prefix)) id = slice_from(id, prefix.len);
    const char *text = arena_text(arena, id);
    char kind = task->is_map ? 'm' : 'r';
    facts[FACT_JOB] = arena_text(arena, task->job_id);
    facts[FACT_TASK] = arena_format(arena, "task_%s_%c_%06u", text, kind, task->task);
    facts[FACT_ATTEMPT] =
        arena_format(arena, "attempt_%s_%c_%06u_%u", text, kind, task->task, task->attempt);
    facts[FACT_PARTITION] = arena_format(arena, "%u", task->partition);
    facts[FACT_IS_MAP] = task->is_map ? "true" : "false";
    facts[FACT_MAPS] = arena_format(arena, "%u", task->maps);
    facts[FACT_REDUCES] = arena_format(arena, "%u", task->reduces);
    facts[FACT_SEPARATOR] = "\t";
    if (task->file.len == 0) return;
    facts[FACT_FILE] = arena_text(arena, task->file);
    facts[FACT_FILE_START] = arena_format(arena, "%llu", (unsigned long long)task->file_start);
    facts[FACT_FILE_BYTES] = arena_format(arena, "%llu", (unsigned long long)task->file_bytes);
}

static bool is_added(const struct job_spec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->env_count; i++) {
        if (slice_eq(spec->env[i].name, slice_text(name))) return true;
    }
    return false;
}

struct env_pair *task_environment_pairs(struct arena *arena, const struct task_environment *task,
                                        const struct job_spec *spec, uint32_t *count)
{
    const char *facts[FACTS] = {NULL};
    render_facts(arena, task, facts);
    size_t room = COUNT_OF(names) + spec->env_count;
    struct env_pair *pairs = ARENA_ARRAY(arena, struct env_pair, room);
    uint32_t used = 0;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = facts[names[i].fact];
        if (value == NULL || is_added(spec, names[i].name)) continue;
        pairs[used++] = (struct env_pair){slice_text(names[i].name), slice_text(value)};
    }
    for (uint32_t i = 0; i < spec->env_count; i++) pairs[used++] = spec->env[i];
    *count = used;
    return pairs;
}
