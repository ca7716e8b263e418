/* crowd_report.c -- measures of a crowd, as tables and as a plot: see crowd.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/crowd.h"

enum {
    SAMPLES_MAX = 65536,
    AGREE_S_MAX = 120,
    STEADY_S = 20,
    CRASH_S = 12, /* for all to learn of it */
    BACK_S = 3,   /* and that it is back */
    SLOW_CROWD = 128,
    SLOW_S = 72, /* a run with slow nodes */
    FREE_S = 2,  /* they are well so long, between two times */
    LOSSY_S = 300
};
static const int64_t second_ns = 1000000000, ms_ns = 1000000;

/* --- a node crashes --------------------------------------------------------------------------- */

struct crash_run {
    uint32_t nodes, loss_percent, crashes;
    /* what came of it */
    double *first_s, *all_s; /* one a crash, sorted */
    double *learned_s;       /* one a node and crash, sorted */
    uint32_t learned_count;
    double bytes_per_s, datagrams_per_s; /* of one node, in quiet times */
    double false_per_hour;               /* views, a node-hour */
};

static int compare_seconds(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double *seconds_new(size_t count)
{
    double *seconds = calloc(count, sizeof *seconds);
    ASSERT(seconds != NULL);
    return seconds;
}

static void settle(struct crowd *crowd)
{
    for (uint32_t i = 0; i < AGREE_S_MAX && !crowd_agrees(crowd); i++) crowd_run(crowd, second_ns);
    crowd_run(crowd, STEADY_S * second_ns); /* what was new is told */
}

static void measure_quiet(struct crowd *crowd, struct crash_run *run)
{
    struct crowd_counts before = *crowd_counts(crowd);
    crowd_run(crowd, STEADY_S * second_ns);
    const struct crowd_counts *after = crowd_counts(crowd);
    double node_seconds = (double)STEADY_S * run->nodes;
    run->bytes_per_s = (double)(after->bytes - before.bytes) / node_seconds;
    run->datagrams_per_s = (double)(after->datagrams - before.datagrams) / node_seconds;
}

/* Seconds after which each one knew; who never did: all the time there was. */
static void measure_crash(struct crowd *crowd, uint32_t victim, uint32_t number,
                          struct crash_run *run)
{
    int64_t at = crowd_now_ns(crowd);
    crowd_watch(crowd, victim);
    crowd_crash(crowd, victim);
    crowd_run(crowd, CRASH_S * second_ns);
    double first = CRASH_S, all = 0;
    const int64_t *learned = crowd_learned_ns(crowd);
    for (uint32_t i = 1; i <= run->nodes; i++) {
        bool knows = learned[i - 1] != INT64_MAX;
        double took = knows ? (double)(learned[i - 1] - at) / 1e9 : CRASH_S;
        if (i == victim) continue;
        if (took < first) first = took;
        if (took > all) all = took;
        if (run->learned_count < SAMPLES_MAX) run->learned_s[run->learned_count++] = took;
    }
    run->first_s[number] = first;
    run->all_s[number] = all;
    crowd_start(crowd, victim);
    crowd_run(crowd, BACK_S * second_ns);
}

static void measure_crashes(struct crash_run *run, uint64_t seed)
{
    struct crowd_config config = crowd_config_usual(run->nodes, seed);
    config.loss_per_million = run->loss_percent * 10000;
    struct crowd *crowd = crowd_new(&config);
    run->first_s = seconds_new(run->crashes);
    run->all_s = seconds_new(run->crashes);
    run->learned_s = seconds_new(SAMPLES_MAX);
    settle(crowd);
    measure_quiet(crowd, run);
    for (uint32_t i = 0; i < run->crashes; i++) {
        /* not always at the same moment of an interval */
        crowd_run(crowd, (int64_t)(seed + i * 37 % 100) * 7 * ms_ns);
        measure_crash(crowd, 1 + (i * 7919 + 3) % run->nodes, i, run);
    }
    double hours = (double)crowd_now_ns(crowd) / 3600e9 * run->nodes;
    run->false_per_hour = (double)crowd_counts(crowd)->false_deaths / hours;
    qsort(run->first_s, run->crashes, sizeof *run->first_s, compare_seconds);
    qsort(run->all_s, run->crashes, sizeof *run->all_s, compare_seconds);
    qsort(run->learned_s, run->learned_count, sizeof *run->learned_s, compare_seconds);
    crowd_free(crowd);
}

static void say_crashes(const struct crash_run *run)
{
    uint32_t last = run->crashes - 1;
    (void)printf("| %u | %u %% | %u | %.2f s | %.2f s | %.2f s | %.2f s | %.0f | %.1f | %.2f |\n",
                 run->nodes, run->loss_percent, run->crashes, run->first_s[run->crashes / 2],
                 run->first_s[last], run->all_s[run->crashes / 2], run->all_s[last],
                 run->bytes_per_s, run->datagrams_per_s, run->false_per_hour);
    (void)fflush(stdout);
}

static void run_free(struct crash_run *run)
{
    free(run->first_s);
    free(run->all_s);
    free(run->learned_s);
}

/* --- nodes are slow, or datagrams get lost -----------------------------------------------------
 */

struct slow_run {
    uint32_t slow, loss_percent;
    uint32_t hold_s;  /* so long slow nodes neither send nor get anything */
    uint32_t lasts_s; /* the run */
};

static struct crowd_counts measure_slow(const struct slow_run *run, bool lifeguard, uint64_t seed)
{
    struct crowd_config config = crowd_config_usual(SLOW_CROWD, seed);
    config.loss_per_million = run->loss_percent * 10000;
    config.gossip.lifeguard = lifeguard;
    struct crowd *crowd = crowd_new(&config);
    settle(crowd);
    struct crowd_counts before = *crowd_counts(crowd);
    int64_t until = crowd_now_ns(crowd) + run->lasts_s * second_ns;
    while (crowd_now_ns(crowd) < until) { /* ends: time goes on */
        int64_t held = crowd_now_ns(crowd) + run->hold_s * second_ns;
        for (uint32_t i = 0; i < run->slow; i++) crowd_hold(crowd, 1 + i * 3, held);
        crowd_run(crowd, (run->hold_s + FREE_S) * second_ns);
    }
    struct crowd_counts counts = *crowd_counts(crowd);
    counts.false_deaths -= before.false_deaths;
    counts.false_deaths_by_well -= before.false_deaths_by_well;
    crowd_free(crowd);
    return counts;
}

static void say_slow(const struct slow_run *run, uint64_t seed)
{
    struct crowd_counts plain = measure_slow(run, false, seed);
    struct crowd_counts with = measure_slow(run, true, seed);
    double hours = (double)run->lasts_s / 3600 * SLOW_CROWD;
    (void)printf("| %u | %u s | %u %% | %.1f | %.1f | %.1f | %.1f | ", run->slow, run->hold_s,
                 run->loss_percent, (double)plain.false_deaths / hours,
                 (double)with.false_deaths / hours, (double)plain.false_deaths_by_well / hours,
                 (double)with.false_deaths_by_well / hours);
    if (plain.false_deaths > 0) {
        (void)printf("%.2f %% |\n", 100.0 * (double)with.false_deaths / (double)plain.false_deaths);
    } else {
        (void)printf("- |\n");
    }
    (void)fflush(stdout);
}

/* --- the plot --------------------------------------------------------------------------------- */

enum { WIDTH = 720, HEIGHT = 360, LEFT = 60, BOTTOM = 50, TOP = 30, PLOT_S = 5, POINTS = 250 };
static const char *const colours[] = {"#1b6ca8", "#7fb2d9", "#2a8c4a",
                                      "#8fcea3", "#b3382c", "#e5a199"};

static double x_of(double seconds)
{
    return LEFT + seconds / PLOT_S * (WIDTH - LEFT - 20);
}

static double y_of(double share)
{
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
}

static void plot_axes(FILE *out)
{
    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "font-family=\"sans-serif\" font-size=\"12\">\n"
                  "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
                  "<text x=\"%d\" y=\"18\">Nodes that know that a node has crashed</text>\n",
                  WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
    for (uint32_t i = 0; i <= PLOT_S; i++) {
        (void)fprintf(out,
                      "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#ddd\"/>"
                      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%u s</text>\n",
                      x_of(i), y_of(0), y_of(1), x_of(i), y_of(0) + 18, i);
    }
    for (uint32_t i = 0; i <= 4; i++) {
        (void)fprintf(out,
                      "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>"
                      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%u %%</text>\n",
                      x_of(0), y_of(i / 4.0), x_of(PLOT_S), LEFT - 8, y_of(i / 4.0) + 4, i * 25);
    }
}

static void plot_line(FILE *out, const struct crash_run *run, uint32_t number)
{
    const char *colour = colours[number % COUNT_OF(colours)];
    uint32_t known = 0;
    (void)fprintf(out, "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"",
                  colour);
    for (uint32_t i = 0; i <= POINTS; i++) {
        double seconds = (double)PLOT_S * i / POINTS;
        while (known < run->learned_count && run->learned_s[known] <= seconds) known++;
        (void)fprintf(out, "%.1f,%.1f ", x_of(seconds), y_of((double)known / run->learned_count));
    }
    (void)fprintf(out,
                  "\"/>\n<text x=\"%d\" y=\"%u\" fill=\"%s\">%u nodes, %u %% of datagrams lost"
                  "</text>\n",
                  WIDTH - 230, 150 + 18 * number, colour, run->nodes, run->loss_percent);
}

static enum err plot(const char *path, const struct crash_run *runs, uint32_t count,
                     struct fault *fault)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) return fault_set(fault, ERR_IO, "cannot write %s", path);
    plot_axes(out);
    for (uint32_t i = 0; i < count; i++) plot_line(out, &runs[i], i);
    (void)fprintf(out, "</svg>\n");
    bool good = fclose(out) == 0;
    return good ? ERR_OK : fault_set(fault, ERR_IO, "cannot write %s", path);
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum err report_crashes(const struct crowd_report_options *options, struct fault *fault)
{
    uint32_t n = options->nodes_count;
    struct crash_run runs[] = {
        {.nodes = 10, .loss_percent = 0, .crashes = 100},
        {.nodes = 10, .loss_percent = 5, .crashes = 100},
        {.nodes = 100, .loss_percent = 0, .crashes = 20},
        {.nodes = 100, .loss_percent = 5, .crashes = 20},
        {.nodes = n, .loss_percent = 0, .crashes = 5},
        {.nodes = n, .loss_percent = 5, .crashes = 5},
    };
    (void)printf(
        "| nodes | lost | crashes | first knows, median | worst | all know, median | worst "
        "| bytes a node a second | datagrams | false deaths a node-hour |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < COUNT_OF(runs); i++) {
        measure_crashes(&runs[i], options->seed);
        say_crashes(&runs[i]);
    }
    enum err err = ERR_OK;
    if (options->plot != NULL) err = plot(options->plot, runs, COUNT_OF(runs), fault);
    for (uint32_t i = 0; i < COUNT_OF(runs); i++) run_free(&runs[i]);
    return err;
}

enum err crowd_report(const struct crowd_report_options *options, struct fault *fault)
{
    static const struct slow_run slow[] = {
        {0, 5, 1, LOSSY_S}, {1, 0, 4, SLOW_S},   {16, 0, 4, SLOW_S}, {1, 0, 16, SLOW_S},
        {4, 0, 16, SLOW_S}, {16, 0, 16, SLOW_S}, {16, 5, 16, SLOW_S}};
    enum err err = report_crashes(options, fault);
    if (err != ERR_OK) return err;
    (void)printf("\n%d nodes, of which some are slow: what they send and get waits so long, and "
                 "then they are well for %d s.\nFalse deaths of nodes that are well, a node-hour, "
                 "in all views, and in those of well nodes.\n\n"
                 "| slow | so long | lost | SWIM | Lifeguard | SWIM, well nodes | "
                 "Lifeguard, well nodes | Lifeguard of SWIM |\n|---|---|---|---|---|---|---|---|\n",
                 SLOW_CROWD, FREE_S);
    for (uint32_t i = 0; i < COUNT_OF(slow); i++) say_slow(&slow[i], options->seed);
    return ERR_OK;
}
