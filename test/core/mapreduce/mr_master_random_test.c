/*
 * mr_master_random_test.c -- thousands of jobs in a small, hostile world (mr_world_fixture.h): each
 * ends, and what it says at its end is true.
 */
#include <criterion/criterion.h>

#include "core/mapreduce/mr_master_impl.h"
#include "test/core/mapreduce/mr_world_fixture.h"

enum { WORLDS = 4000, WORLDS_TWICE = 100, AFTER_THE_END = 20 };

static void run_to_the_end(struct world *world)
{
    for (uint32_t i = 0; i < WORLD_WILD_ACTIONS; i++) {
        if (world->state != MR_RUNNING) return;
        world_act(world);
    }
    world_calm(world);
    for (uint32_t i = 0; i < WORLD_CALM_ACTIONS_MAX && world->state == MR_RUNNING; i++) {
        world_act(world);
    }
}

static void expect_done(const struct world *world, const struct mr_progress *progress)
{
    const struct mr_config *config = &world->config;
    uint32_t parts = config->map_only ? config->splits_count : config->reducers;
    cr_expect_eq(progress->output_records, parts, "each part once");
    uint32_t count;
    const struct mr_counter *counters = mr_master_counters(world->master, &count);
    int64_t maps = count > 0 ? counters[0].amount : 0;
    cr_expect_eq(maps, config->splits_count, "each map is counted once");
    if (config->map_only) return;
    for (uint32_t i = 0; i < parts; i++) cr_expect(world->reduced[i], "partition %u is not", i);
}

static void expect_truth(const struct world *world)
{
    struct mr_progress progress;
    mr_master_progress(world->master, &progress);
    const struct fault *fault = mr_master_fault(world->master);
    switch (world->state) {
    case MR_RUNNING: cr_assert(false, "it does not end"); break;
    case MR_DONE: expect_done(world, &progress); break;
    case MR_FAILED:
        cr_expect_neq(fault->code, ERR_OK);
        cr_expect(fault->text[0] != '\0');
        break;
    case MR_CANCELLED: cr_expect(world->cancelled); break;
    }
    uint32_t reruns_max = MR_LOSSES_MAX * (WORLD_SPLITS_MAX + 1);
    cr_expect(world->attempt_max <= world->config.attempts_max + reruns_max);
}

/* Room for segments follows what is in use, however often tasks ran. */
static void expect_bounded(const struct world *world)
{
    uint32_t report_max = 2 * WORLD_PARTITIONS_MAX;
    for (uint32_t i = 0; i < world->master->tasks_count; i++) {
        cr_expect(world->master->tasks[i].segments_capacity <= report_max);
    }
    cr_expect(world->master->gathered_capacity <= 2 * report_max * WORLD_SPLITS_MAX);
}

Test(mr_master_random, every_job_ends_and_tells_the_truth)
{
    uint32_t ends[4] = {0};
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct world *world = world_new(seed);
        run_to_the_end(world);
        cr_assert(world->state != MR_RUNNING, "seed %llu does not end", (unsigned long long)seed);
        expect_truth(world);
        expect_bounded(world);
        ends[world->state]++;
        for (uint32_t i = 0; i < AFTER_THE_END; i++) world_act(world);
        world_free(world);
    }
    /* The world is not so kind, nor so cruel, that only one end is ever seen. */
    cr_expect(ends[MR_DONE] > WORLDS / 10, "%u done", ends[MR_DONE]);
    cr_expect(ends[MR_FAILED] > WORLDS / 10, "%u failed", ends[MR_FAILED]);
    cr_expect(ends[MR_CANCELLED] > WORLDS / 100, "%u cancelled", ends[MR_CANCELLED]);
}

Test(mr_master_random, one_seed_is_one_history)
{
    for (uint64_t seed = 1; seed <= WORLDS_TWICE; seed++) {
        struct world *once = world_new(seed), *twice = world_new(seed);
        run_to_the_end(once);
        run_to_the_end(twice);
        cr_expect_eq(once->digest, twice->digest, "seed %llu", (unsigned long long)seed);
        world_free(once);
        world_free(twice);
    }
}
