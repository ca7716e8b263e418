/* shrink.c -- see shrink.h. */
#include "sim/shrink.h"

#include <stdio.h>

#include "sim/child.h"

enum { UNTIL_NS_LEAST = 1000000000, TRIES_MAX = 400 };

struct shrinking {
    struct sim_options *options;
    uint8_t *keep;
    uint32_t count; /* faults in the plan */
    uint32_t tries;
    struct fault *fault;
};

static uint32_t kept_count(const uint8_t *keep, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) kept += keep[i];
    return kept;
}

static bool fails(struct shrinking *shrinking, const struct sim_options *options)
{
    struct sim_result result = {0};
    if (shrinking->tries++ >= TRIES_MAX) return false;
    if (child_run(options, &result, shrinking->fault) != ERR_OK) return false;
    uint32_t kept =
        options->keep == NULL ? result.faults_count : kept_count(options->keep, shrinking->count);
    (void)fprintf(stderr, "%4u faults, %lld ms: %s\n", kept,
                  (long long)(options->until_ns / 1000000), result.failed ? "fails" : "passes");
    buffer_free(&result.why);
    return result.failed;
}

/* The plan of a shorter run is another one; it is tried whole. */
static void shorten(struct shrinking *shrinking)
{
    while (shrinking->options->until_ns / 2 >= UNTIL_NS_LEAST) { /* ends: halves each time */
        struct sim_options shorter = *shrinking->options;
        shorter.until_ns /= 2;
        shorter.keep = NULL;
        if (!fails(shrinking, &shorter)) return;
        *shrinking->options = shorter;
    }
}

/* Leave out the kept ones from the `from`th on, `width` of them. */
static bool try_without(struct shrinking *shrinking, uint32_t from, uint32_t width)
{
    uint8_t keep[PLAN_FAULTS_MAX];
    uint32_t place = 0;
    memcpy(keep, shrinking->keep, sizeof keep);
    for (uint32_t i = 0; i < shrinking->count; i++) {
        if (!keep[i]) continue;
        if (place >= from && place < from + width) keep[i] = 0;
        place++;
    }
    struct sim_options fewer = *shrinking->options;
    fewer.keep = keep;
    if (!fails(shrinking, &fewer)) return false;
    memcpy(shrinking->keep, keep, sizeof keep);
    return true;
}

static void leave_out(struct shrinking *shrinking)
{
    uint32_t left = kept_count(shrinking->keep, shrinking->count);
    for (uint32_t width = left; width > 0; width /= 2) {
        for (uint32_t from = 0; from < left;) { /* ends: fewer are left, or it moves on */
            if (try_without(shrinking, from, width)) {
                left = kept_count(shrinking->keep, shrinking->count);
            } else {
                from += width;
            }
        }
    }
}

enum err shrink(struct sim_options *options, uint8_t keep[PLAN_FAULTS_MAX], struct fault *fault)
{
    struct plan plan;
    struct shrinking shrinking = {.options = options, .keep = keep, .fault = fault};
    if (options->keep == NULL) {
        shorten(&shrinking);
        memset(keep, 1, PLAN_FAULTS_MAX);
    }
    plan_draw(&plan, options);
    shrinking.count = plan.count;
    memset(keep + plan.count, 0,
           PLAN_FAULTS_MAX - plan.count); /* so that only real ones are told */
    options->keep = keep;
    leave_out(&shrinking);
    return fault->code;
}
