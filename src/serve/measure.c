/*
 * measure.c -- see measure.h. A histogram is logarithmic with 32 steps to each doubling, as HDR
 * histograms are (Tene): what it says of a time is at most 3% off.
 */
#include "serve/measure.h"
#include "serve/config.h"
#include "serve/latency.h"
#include "serve/slowlog.h"

enum {
    STEP_BITS = 5,
    STEPS = 1 << STEP_BITS,
    POWERS = 42 - STEP_BITS, /* up to an hour and more, in nanoseconds */
    COUNTS = (POWERS + 1) * STEPS,
};

struct histogram {
    uint64_t calls;
    uint32_t counts[COUNTS];
};

struct measures {
    struct arena *arena;
    struct histogram *histograms[COMMAND_COUNT]; /* NULL: never called */
    struct measure_error_count errors[MEASURE_ERRORS_MAX];
    uint32_t errors_count;
};

struct measures *measures_new(struct arena *arena)
{
    struct measures *measures = ARENA_NEW(arena, struct measures);
    measures->arena = arena;
    return measures;
}

/* --- histograms ------------------------------------------------------------------------------ */

static uint32_t step_of(uint64_t ns)
{
    if (ns < STEPS) return (uint32_t)ns;
    unsigned power = 63U - (unsigned)__builtin_clzll(ns) - STEP_BITS;
    if (power >= POWERS) return COUNTS - 1;
    return (power + 1) * STEPS + (uint32_t)(ns >> power) - STEPS;
}

/* The greatest time of a step. */
static int64_t step_ns(uint32_t step)
{
    if (step < STEPS) return step;
    unsigned power = step / STEPS - 1;
    return (int64_t)(((uint64_t)(step % STEPS) + STEPS + 1) << power) - 1;
}

static void note_time(struct measures *measures, enum command_id id, duration took)
{
    struct histogram **histogram = &measures->histograms[id];
    if (*histogram == NULL) *histogram = ARENA_NEW(measures->arena, struct histogram);
    (*histogram)->calls++;
    (*histogram)->counts[step_of(took.ns < 0 ? 0 : (uint64_t)took.ns)]++;
}

uint64_t measures_calls(const struct measures *measures, enum command_id id)
{
    const struct histogram *histogram = measures->histograms[id];
    return histogram == NULL ? 0 : histogram->calls;
}

duration measures_percentile(const struct measures *measures, enum command_id id, double percent)
{
    const struct histogram *histogram = measures->histograms[id];
    if (histogram == NULL || histogram->calls == 0) return (duration){0};
    uint64_t wanted = (uint64_t)(percent / 100 * (double)histogram->calls + 0.5), sum = 0;
    if (wanted == 0) wanted = 1;
    for (uint32_t step = 0; step < COUNTS; step++) {
        sum += histogram->counts[step];
        if (sum >= wanted) return (duration){step_ns(step)};
    }
    return (duration){step_ns(COUNTS - 1)};
}

uint64_t measures_up_to(const struct measures *measures, enum command_id id, unsigned power)
{
    const struct histogram *histogram = measures->histograms[id];
    if (histogram == NULL) return 0;
    uint64_t sum = 0;
    uint32_t last = step_of(UINT64_C(1) << power);
    for (uint32_t step = 0; step <= last; step++) sum += histogram->counts[step];
    return sum;
}

/* --- commands -------------------------------------------------------------------------------- */

void measure_command(struct server *server, struct session *session, const struct command *command,
                     const struct slice *argv, uint32_t argc, duration took, bool failed)
{
    struct command_stats *stats = &server->command_stats[command->id];
    stats->calls++;
    stats->nanoseconds += (uint64_t)took.ns;
    if (failed) stats->failed++;
    if (config_bool(server->config, SETTING_LATENCY_TRACKING)) {
        note_time(server->measures, command->id, took);
    }
    if ((command->flags & COMMAND_SKIP_SLOWLOG) == 0) {
        slowlog_note(server, session, command, argv, argc, took);
    }
    latency_note(server, command->flags & COMMAND_FAST ? "fast-command" : "command", took);
}

void measure_rejected(struct server *server, const struct command *command)
{
    server->command_stats[command->id].rejected++;
}

void measures_reset(struct server *server)
{
    struct measures *measures = server->measures;
    memset(server->command_stats, 0, sizeof *server->command_stats * COMMAND_COUNT);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        struct histogram *histogram = measures->histograms[id];
        if (histogram != NULL) *histogram = (struct histogram){0};
    }
    measures->errors_count = 0;
    server->stats = (struct server_stats){0};
}

/* --- errors ---------------------------------------------------------------------------------- */

void measure_error(struct server *server, struct slice text)
{
    struct measures *measures = server->measures;
    size_t len = 0;
    while (len < text.len && text.data[len] != ' ' && text.data[len] != '\r') len++;
    server->stats.errors_replied++;
    if (len >= MEASURE_ERROR_BYTES_MAX) return;
    for (uint32_t i = 0; i < measures->errors_count; i++) {
        struct measure_error_count *error = &measures->errors[i];
        if (strlen(error->code) != len || memcmp(error->code, text.data, len) != 0) continue;
        error->count++;
        return;
    }
    if (measures->errors_count == MEASURE_ERRORS_MAX) return;
    struct measure_error_count *error = &measures->errors[measures->errors_count++];
    *error = (struct measure_error_count){.count = 1};
    memcpy(error->code, text.data, len);
}

const struct measure_error_count *measures_errors(const struct measures *measures, uint32_t *count)
{
    *count = measures->errors_count;
    return measures->errors;
}
