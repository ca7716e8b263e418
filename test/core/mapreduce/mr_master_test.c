/*
 * mr_master_test.c -- the master in small scenes. A row is a transcript: see mr_fixture.h for its
 * words. Tasks are numbered samples first, then maps, then reduces.
 */
#include <criterion/criterion.h>

#include "test/core/mapreduce/mr_fixture.h"
#include "test/rows.h"

/* clang-format off */
static const struct scene {
    const char *why;
    const char *splits;
    struct mr_config config;
    const char *transcript;
} scenes[] = {
    {"one worker sees a job through: maps in order, then the largest partition", "ab",
     {.reducers = 2},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> 1 done 0.1 seg 1:7 seg 0:5 seg 1:9\n"
     "1 <- run map 1.1 of b\n"
     "> 1 done 1.1 seg 0:1\n"
     "1 <- run reduce 3.1 of 1: 1/7 1/9\n"
     "== reduce\n"
     "> 1 done 3.1\n"
     "1 <- run reduce 2.1 of 0: 1/5 1/1\n"
     "> 1 done 2.1\n"
     "1 <- over\n"
     "== done\n"
     "> join 2 1\n"
     "> cancel\n"},
    {"tasks are dealt to workers in turn", "abc",
     {.map_only = true},
     "> poll\n"
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> join 2 5\n"
     "2 <- run map 1.1 of b\n"
     "2 <- run map 2.1 of c\n"
     "> 2 done 2.1\n"
     "> 1 done 0.1\n"
     "> 2 done 1.1\n"
     "1 <- over\n"
     "2 <- over\n"
     "== done\n"},
    {"no splits, but the parts that were asked for", "",
     {.reducers = 2},
     "> join 1 1\n"
     "1 <- run reduce 0.1 of 0:\n"
     "== reduce\n"
     "> 1 done 0.1\n"
     "1 <- run reduce 1.1 of 1:\n"
     "> 1 done 1.1\n"
     "1 <- over\n"
     "== done\n"},
    {"no splits and map only: nothing to do", "",
     {.map_only = true},
     "> poll\n"
     "== done\n"},
    {"what failed goes to another worker that is free", "ab",
     {.map_only = true},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> join 2 2\n"
     "2 <- run map 1.1 of b\n"
     "> 1 failed 0.1 killed by signal 9\n"
     "2 <- run map 0.2 of a\n"},
    {"what failed waits behind what did not fail here, the last attempt for another worker", "abc",
     {.map_only = true, .attempts_max = 3},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> join 2 1\n"
     "2 <- run map 1.1 of b\n"
     "> 1 failed 0.1 x\n"
     "1 <- run map 2.1 of c\n"
     "> 1 done 2.1\n"
     "1 <- run map 0.2 of a\n"
     "> 1 failed 0.2 x\n"
     "> 2 done 1.1\n"
     "2 <- run map 0.3 of a\n"
     "> 2 failed 0.3 exit status 1\n"
     "1 <- over\n"
     "2 <- over\n"
     "== failed: map of a failed at all 3 attempts, the last time with: exit status 1\n"},
    {"what cannot be mended fails at once, and the others are stopped first", "ab",
     {.reducers = 1},
     "> join 1 2\n"
     "1 <- run map 0.1 of a\n"
     "1 <- run map 1.1 of b\n"
     "> 1 fatal 1.1 no such file\n"
     "1 <- stop 0.1\n"
     "> 1 done 0.1 seg 0:5\n"
     "1 <- over\n"
     "== failed: map of b, attempt 1: no such file\n"},
    {"a cancelled job ends when the last worker has answered or is gone", "ab",
     {.reducers = 1},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> join 2 1\n"
     "2 <- run map 1.1 of b\n"
     "> cancel\n"
     "1 <- stop 0.1\n"
     "2 <- stop 1.1\n"
     "> cancel\n"
     "> 1 failed 0.1 stopped\n"
     "> gone 2\n"
     "1 <- over\n"
     "== cancelled\n"
     "> 2 done 1.1\n"},
    {"cancelled before it began", "a",
     {.reducers = 1},
     "> cancel\n"
     "== cancelled\n"},
    {"a task whose worker is gone runs again, and that is no failure", "a",
     {.map_only = true, .attempts_max = 1},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> gone 1\n"
     "> join 2 1\n"
     "2 <- run map 0.2 of a\n"
     "> 1 done 0.1\n"
     "> 2 done 0.1\n"
     "> 2 done 0.2\n"
     "2 <- over\n"
     "== done\n"},
    {"lost output is made again; the reduce that reads it is stopped, which is no failure", "ab",
     {.reducers = 2, .attempts_max = 1},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> join 2 2\n"
     "2 <- run map 1.1 of b\n"
     "> 1 done 0.1 seg 0:5\n"
     "> 2 done 1.1 seg 0:5 seg 1:40\n"
     "1 <- run reduce 3.1 of 1: 2/40\n"
     "2 <- run reduce 2.1 of 0: 1/5 2/5\n"
     "== reduce\n"
     "> gone 1\n"
     "2 <- stop 2.1\n"
     "2 <- run map 0.2 of a\n"
     "== map\n"
     "> 2 failed 2.1 stopped\n"
     "> 2 done 0.2 seg 0:6\n"
     "2 <- run reduce 3.2 of 1: 2/40\n"
     "2 <- run reduce 2.2 of 0: 2/6 2/5\n"
     "== reduce\n"},
    {"lost output that nobody needs any more is not made again", "ab",
     {.reducers = 2},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> 1 done 0.1 seg 0:5\n"
     "1 <- run map 1.1 of b\n"
     "> join 2 1\n"
     "> 1 failed 1.1 x\n"
     "2 <- run map 1.2 of b\n"
     "> 2 done 1.2 seg 1:5\n"
     "1 <- run reduce 2.1 of 0: 1/5\n"
     "2 <- run reduce 3.1 of 1: 2/5\n"
     "== reduce\n"
     "> 1 done 2.1\n"
     "> gone 1\n"
     "> 2 done 3.1\n"
     "2 <- over\n"
     "== done\n"},
    {"a reduce that had finished before the stop came counts", "a",
     {.reducers = 1},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> 1 done 0.1 seg 0:5\n"
     "1 <- run reduce 1.1 of 0: 1/5\n"
     "== reduce\n"
     "> join 2 1\n"
     "> 1 failed 1.1 x\n"
     "2 <- run reduce 1.2 of 0: 1/5\n"
     "> gone 1\n"
     "2 <- stop 1.2\n"
     "== map\n"
     "> 2 done 1.2\n"
     "2 <- over\n"
     "== done\n"},
    {"stale, doubled and foreign reports change nothing; runs that nobody wants are dropped", "ab",
     {.reducers = 1},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> 1 done 0.1 seg 0:5\n"
     "1 <- run map 1.1 of b\n"
     "> 1 done 0.1 seg 0:5\n"
     "> 1 done 1.2 seg 0:5\n"
     "1 <- drop 1.2\n"
     "> 1 done 9.1 seg 0:5\n"
     "> 7 done 1.1 seg 0:5\n"
     "> 1 failed 0.1 x\n"
     "> 1 progress 0.1 5\n"
     "> join 1 9\n"
     "> gone 5\n"
     "> 1 done 1.1 seg 0:6\n"
     "1 <- run reduce 2.1 of 0: 1/5 1/6\n"
     "== reduce\n"},
    {"a report that cannot be is a failed attempt", "a",
     {.reducers = 2, .attempts_max = 2},
     "> join 1 1\n"
     "1 <- run map 0.1 of a\n"
     "> 1 done 0.1 seg 2:5\n"
     "1 <- drop 0.1\n"
     "1 <- run map 0.2 of a\n"
     "> 1 done 0.2 seg 9:5\n"
     "1 <- drop 0.2\n"
     "1 <- over\n"
     "== failed: map of a failed at all 2 attempts, the last time with: it reported a segment of a "
     "partition that the job does not have\n"},
    {"bad records: each task is told what is left, and one too many ends the job", "abc",
     {.reducers = 1, .bad_records_max = 3},
     "> join 1 2\n"
     "1 <- run map 0.1 of a bad 3\n"
     "1 <- run map 1.1 of b bad 3\n"
     "> 1 done 0.1 bad 2\n"
     "1 <- run map 2.1 of c bad 1\n"
     "> 1 done 2.1 bad 2\n"
     "1 <- stop 1.1\n"
     "> 1 failed 1.1 stopped\n"
     "1 <- over\n"
     "== failed: 4 records are bad, and 3 are tolerated (--skip-bad); the first: x.csv, byte 7: no "
     "closing quote\n"},
    {"total order: samples first, over the whole input; then splitters for each map", "abcd",
     {.reducers = 3, .sample_tasks_max = 2},
     "> join 1 2\n"
     "1 <- run sample 0.1 of a\n"
     "1 <- run sample 1.1 of c\n"
     "> 1 done 1.1 key b key f key e\n"
     "> 1 done 0.1 key a key c key d\n"
     "1 <- run map 2.1 of a |c |e\n"
     "1 <- run map 3.1 of b |c |e\n"
     "== map\n"},
    {"no sample is taken of a stream: it can be read only once", "AbcD",
     {.reducers = 2, .sample_tasks_max = 4},
     "> join 1 4\n"
     "1 <- run sample 0.1 of b\n"
     "1 <- run sample 1.1 of c\n"
     "> 1 done 1.1 key b\n"
     "> 1 done 0.1 key a\n"
     "1 <- run map 2.1 of A |b\n"
     "1 <- run map 3.1 of b |b\n"
     "1 <- run map 4.1 of c |b\n"
     "1 <- run map 5.1 of D |b\n"
     "== map\n"},
    {"few different keys make few splitters, and none is the smallest key", "a",
     {.reducers = 4, .sample_tasks_max = 1},
     "> join 1 1\n"
     "1 <- run sample 0.1 of a\n"
     "> 1 done 0.1 key a key a key a key a key a key b\n"
     "1 <- run map 1.1 of a |b\n"
     "== map\n"},
    {"no keys, no splitters", "a",
     {.reducers = 4, .sample_tasks_max = 1},
     "> join 1 1\n"
     "1 <- run sample 0.1 of a\n"
     "> 1 done 0.1\n"
     "1 <- run map 1.1 of a\n"
     "== map\n"},
};
/* clang-format on */

Test(mr_master, scenes)
{
    FOR_ROWS (scene, scenes) {
        struct mr_fixture fixture = mr_fixture_new(scene->splits, scene->config);
        mr_fixture_play(&fixture, scene->why, scene->transcript);
        mr_fixture_free(&fixture);
    }
}

Test(mr_master, gives_up_on_a_task_that_ends_its_workers)
{
    struct mr_config config = {.map_only = true};
    struct mr_fixture fixture = mr_fixture_new("a", config);
    for (uint32_t i = 0; i <= MR_LOSSES_MAX; i++) {
        cr_expect_eq(mr_master_state(fixture.master), MR_RUNNING);
        mr_fixture_line(&fixture, "join 1 1");
        mr_fixture_line(&fixture, "gone 1");
    }
    cr_expect_eq(mr_master_state(fixture.master), MR_FAILED);
    cr_expect_str_eq(mr_master_fault(fixture.master)->text,
                     "map of a was lost with its worker 17 times: it may be what ends them");
    mr_fixture_free(&fixture);
}

Test(mr_master, counts_each_task_once)
{
    struct mr_config config = {.reducers = 1};
    struct mr_fixture fixture = mr_fixture_new("ab", config);
    static const char *const lines[] = {
        "join 1 1",
        "1 progress 0.1 40",
        "1 done 0.1 seg 0:5 count words:3",
        "1 progress 1.1 60",
    };
    struct mr_progress progress;
    for (uint32_t i = 0; i < COUNT_OF(lines); i++) mr_fixture_line(&fixture, lines[i]);
    mr_master_progress(fixture.master, &progress);
    cr_expect_eq(progress.phases[MR_MAP].counts.bytes_read, 160, "a finished, b at work");
    cr_expect_eq(progress.phases[MR_MAP].bytes_total, 200);
    cr_expect_eq(progress.phases[MR_MAP].done, 1);
    cr_expect_eq(progress.phases[MR_MAP].running, 1);
    cr_expect_str_eq(progress.status, "at work");

    mr_fixture_line(&fixture, "gone 1"); /* a and b run again */
    mr_fixture_line(&fixture, "join 2 1");
    mr_fixture_line(&fixture, "2 progress 0.2 70");
    mr_master_progress(fixture.master, &progress);
    cr_expect_eq(progress.phases[MR_MAP].counts.bytes_read, 100, "a was counted before");
    cr_expect_eq(progress.phases[MR_MAP].done, 0);
    cr_expect_eq(progress.tasks_lost, 2);

    mr_fixture_line(&fixture, "2 done 0.2 seg 0:5 count words:3");
    mr_fixture_line(&fixture, "2 done 1.2 seg 0:5 count words:-1 count lines:9");
    mr_master_progress(fixture.master, &progress);
    cr_expect_eq(progress.phases[MR_MAP].counts.bytes_read, 200);
    cr_expect(progress.phases[MR_MAP].ended);
    cr_expect_eq(progress.phases[MR_MAP].begin.ns, 1000000000);
    cr_expect_eq(progress.phases[MR_MAP].end.ns, 9000000000);
    cr_expect_eq(progress.phases[MR_REDUCE].bytes_total, 10);
    cr_expect_str_eq(progress.slowest.label, "map of a");
    cr_expect_eq(progress.slowest.time.ns, 2000000000);

    uint32_t count;
    const struct mr_counter *counters = mr_master_counters(fixture.master, &count);
    cr_assert_eq(count, 2);
    cr_expect(slice_eq(counters[0].name, SLICE("words")));
    cr_expect_eq(counters[0].amount, 2);
    cr_expect_eq(counters[1].amount, 9);
    mr_fixture_free(&fixture);
}

/* clang-format off */
static const struct config_row {
    const char *why;
    struct mr_config config;
    enum err want;
} config_rows[] = {
    {"a small job",                {.reducers = 1, .attempts_max = 1},    ERR_OK},
    {"map only needs no reducers", {.map_only = true, .attempts_max = 1}, ERR_OK},
    {"a reduce needs one",         {.attempts_max = 1},                   ERR_USAGE},
    {"no attempt at all",          {.reducers = 1},                       ERR_USAGE},
    {"too many splits",            {.splits_count = MR_SPLITS_MAX + 1},   ERR_LIMIT},
    {"too many reducers",
     {.reducers = MR_PARTITIONS_MAX + 1, .attempts_max = 1}, ERR_USAGE},
    {"too many attempts",
     {.reducers = 1, .attempts_max = MR_ATTEMPTS_MAX + 1}, ERR_USAGE},
    {"too many samples",
     {.reducers = 1, .attempts_max = 1, .sample_tasks_max = MR_SAMPLE_TASKS_MAX + 1}, ERR_USAGE},
};
/* clang-format on */

Test(mr_master, config_rows)
{
    FOR_ROWS (row, config_rows) {
        struct fault fault = {0};
        ROW_EQ(row, mr_config_check(&row->config, &fault), row->want);
    }
}
