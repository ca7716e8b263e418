/* plan_test.c -- a gentle plan hurts no more than a quorum can do without, no plan takes the disks
 * of more, and it is the seed's alone. */
#include <criterion/criterion.h>

#include "sim/plan.h"

#define SECOND INT64_C(1000000000)

static bool leaves_a_quorum(enum plan_kind kind)
{
    return kind == PLAN_CLOCK_JUMP || kind == PLAN_CLOCK_DRIFT || kind == PLAN_POWER_ALL ||
           kind == PLAN_RESET || kind == PLAN_HAND_OVER || kind == PLAN_MEMBERS ||
           kind == PLAN_JOIN || kind == PLAN_LEAVE || kind == PLAN_REMOVE;
}

/* How many. */
static uint32_t hurt_at(const struct plan *plan, int64_t at_ns)
{
    uint32_t hurt = 0;
    bool aimed = false;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_fault *fault = &plan->faults[i];
        bool now = fault->at_ns <= at_ns && at_ns <= fault->at_ns + fault->lasts_ns;
        if (!now || leaves_a_quorum(fault->kind)) continue;
        aimed |= fault->at_leader; /* it may be any one */
        if (!fault->at_leader) hurt |= fault->hosts;
    }
    return (uint32_t)__builtin_popcount(hurt) + aimed;
}

Test(sim_plan, a_minority_at_a_time)
{
    enum { SEEDS = 300 };
    uint32_t kinds = 0, gentle_count = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint32_t hosts_count = seed % 2 == 0 ? 3 : 5;
        uint32_t spares_count = seed % 4 == 1 ? 2 : 0;
        struct sim_options options = {.seed = seed,
                                      .until_ns = 60 * SECOND,
                                      .hosts_count = hosts_count,
                                      .spares_count = spares_count};
        struct plan plan;
        plan_draw(&plan, &options);
        uint32_t minority = (hosts_count - spares_count - 1) / 2;
        gentle_count += plan.gentle;
        cr_assert((uint32_t)__builtin_popcount(plan.damaged) <= minority);
        for (uint32_t i = 0; i < plan.count; i++) {
            const struct plan_fault *fault = &plan.faults[i];
            uint32_t hurt_count = hurt_at(&plan, fault->at_ns);
            cr_assert(!plan.gentle || hurt_count <= minority, "seed %lu", seed);
            cr_assert(fault->at_ns + fault->lasts_ns <= plan.heal_at_ns);
            cr_assert(fault->hosts < 1U << hosts_count);
            kinds |= 1U << fault->kind;
        }
    }
    cr_assert(gentle_count > SEEDS / 4 && gentle_count < SEEDS / 4 * 3);
    cr_assert_eq(kinds, (1U << PLAN_KINDS_COUNT) - 1, "some kind never comes");
}

Test(sim_plan, is_the_seeds_alone)
{
    struct sim_options options = {.seed = 42, .until_ns = 60 * SECOND, .hosts_count = 3};
    struct plan one, two;
    plan_draw(&one, &options);
    plan_draw(&two, &options);
    cr_assert_eq(one.count, two.count);
    for (uint32_t i = 0; i < one.count; i++) {
        cr_assert_eq(one.faults[i].at_ns, two.faults[i].at_ns);
        cr_assert_eq(one.faults[i].chance, two.faults[i].chance);
    }
}
