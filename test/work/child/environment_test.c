/* environment_test.c -- the names that Streaming scripts read. */
#include <criterion/criterion.h>

#include "test/rows.h"
#include "work/child/environment.h"

/* clang-format off */
static const struct name_row {
    const char *why;
    bool is_map;
    const char *name;
    const char *want; /* NULL: not set */
} rows[] = {
    {"the job",                      true,  "mapreduce_job_id", "job_20240131_0001"},
    {"a map task's id",              true,  "mapreduce_task_id", "task_20240131_0001_m_000003"},
    {"a reduce task's id",           false, "mapreduce_task_id", "task_20240131_0001_r_000003"},
    {"the attempt",                  true,  "mapreduce_task_attempt_id",
     "attempt_20240131_0001_m_000003_1"},
    {"the old name of the attempt",  true,  "mapred_task_id", "attempt_20240131_0001_m_000003_1"},
    {"the old name of the task",     true,  "mapred_tip_id", "task_20240131_0001_m_000003"},
    {"the partition",                false, "mapreduce_task_partition", "5"},
    {"it is a map",                  true,  "mapreduce_task_ismap", "true"},
    {"it is no map",                 false, "mapreduce_task_ismap", "false"},
    {"the file",                     true,  "mapreduce_map_input_file", "/data/a.log"},
    {"by its old name",              true,  "map_input_file", "/data/a.log"},
    {"a reduce has none",            false, "mapreduce_map_input_file", NULL},
    {"where it starts",              true,  "mapreduce_map_input_start", "67108864"},
    {"how long it is",               true,  "mapreduce_map_input_length", "1000"},
    {"how many maps",                false, "mapreduce_job_maps", "9"},
    {"how many reduces",             true,  "mapreduce_job_reduces", "7"},
    {"what was added",               true,  "MINE", "1"},
    {"what was added wins",          true,  "mapred_job_id", "other"},
};
/* clang-format on */

Test(environment, rows)
{
    struct env_pair added[] = {{SLICE("MINE"), SLICE("1")},
                               {SLICE("mapred_job_id"), SLICE("other")}};
    struct job_spec spec = {.env = added, .env_count = 2};
    FOR_ROWS (row, rows) {
        struct task_environment task = {.job_id = SLICE("job_20240131_0001"),
                                        .is_map = row->is_map,
                                        .task = 3,
                                        .attempt = 1,
                                        .partition = 5,
                                        .file_start = 67108864,
                                        .file_bytes = 1000,
                                        .maps = 9,
                                        .reduces = 7};
        if (row->is_map) task.file = SLICE("/data/a.log");
        struct arena *arena = arena_new();
        uint32_t count, seen = 0;
        struct env_pair *pairs = task_environment_pairs(arena, &task, &spec, &count);
        for (uint32_t i = 0; i < count; i++) {
            if (!slice_eq(pairs[i].name, slice_text(row->name))) continue;
            seen++;
            ROW_BYTES_EQ(row, pairs[i].value, row->want);
        }
        ROW_EQ(row, seen, row->want != NULL ? 1 : 0);
        arena_free(arena);
    }
}
